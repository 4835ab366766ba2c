using System.Globalization;
using Postern.Core.Bounces;
using Postern.Protocols.Smtp;

namespace Postern.Core.Demo;

/// <summary>
/// The upstream of a demonstration: takes every message into a mailbox, except to addresses that begin with "nobody" (550 5.1.1, so that a bounce can be
/// seen), and has the troubles of its cycle. Runs on the same server session as the relay itself.
/// </summary>
/// <param name="cycle">Null never has trouble.</param>
/// <param name="maxKeptBytes">What is kept of one message; the rest is taken and counted.</param>
public sealed class CaptureHandler(CaptureMailbox mailbox, TimeProvider time, TroubleCycle? cycle = null, int maxKeptBytes = 1 << 20) : ISubmissionHandler
{
    private static readonly SmtpReply SenderOk = SmtpReply.Of(250, "2.1.0", "sender ok");
    private static readonly SmtpReply RecipientOk = SmtpReply.Of(250, "2.1.5", "recipient ok");
    private static readonly SmtpReply NoSuchMailbox = SmtpReply.Of(550, "5.1.1", "no such mailbox here");
    private static readonly SmtpReply Busy = SmtpReply.Of(421, "4.3.2", "too busy, come back later");
    private static readonly SmtpReply TooMany = SmtpReply.Of(451, "4.7.1", "too many messages in a short time, slow down");
    private static readonly SmtpReply NoAuth = SmtpReply.Of(535, "5.7.8", "no users here");
    private static readonly SmtpReply NoTransaction = SmtpReply.Of(503, "5.5.1", "MAIL and RCPT first");

    private TroublePhase Now => cycle?.Current ?? default;

    public async ValueTask<SmtpReply?> ConnectAsync(SessionContext session, CancellationToken cancel)
    {
        var phase = Now;
        if (phase.Trouble == Trouble.Silent) await Task.Delay(phase.Duration, time, cancel);
        return phase.Trouble == Trouble.Busy ? Busy : null;
    }

    public ValueTask<AuthOutcome> AuthenticateAsync(SessionContext session, string authorizationId, string user, ReadOnlyMemory<byte> password, CancellationToken cancel) =>
        new(new AuthOutcome(null, NoAuth));

    public ValueTask<SmtpReply> MailAsync(SessionContext session, MailCommand mail, CancellationToken cancel)
    {
        if (Now.Trouble == Trouble.RateLimits) return new(TooMany);
        session.State = new Transaction(mail.From.Address);
        return new(SenderOk);
    }

    public ValueTask<SmtpReply> RcptAsync(SessionContext session, RcptCommand rcpt, CancellationToken cancel)
    {
        if (session.State is not Transaction transaction) return new(NoTransaction);
        if (rcpt.To.LocalPart.StartsWith("nobody", StringComparison.OrdinalIgnoreCase)) return new(NoSuchMailbox);
        if (Now is { Trouble: Trouble.Greylists } phase)
            return new(SmtpReply.Of(450, "4.7.1", string.Create(CultureInfo.InvariantCulture, $"greylisted, try again in {Math.Ceiling(phase.Duration.TotalSeconds)} s")));
        transaction.Recipients.Add(rcpt.To.Address);
        return new(RecipientOk);
    }

    public ValueTask<BodyAdmission> BeginBodyAsync(SessionContext session, CancellationToken cancel) =>
        new(session.State is Transaction transaction ? BodyAdmission.Accept(new Body(this, transaction)) : BodyAdmission.Refuse(NoTransaction));

    public ValueTask ResetAsync(SessionContext session)
    {
        session.State = null;
        return default;
    }

    public ValueTask DisconnectAsync(SessionContext session) => ResetAsync(session);

    private sealed record Transaction(string From)
    {
        public List<string> Recipients { get; } = [];
    }

    private sealed class Body(CaptureHandler handler, Transaction transaction) : IMessageBody
    {
        private readonly MemoryStream _kept = new();
        private readonly int _maxKept = handler.MaxKeptBytes;
        private long _size;

        public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancel)
        {
            _size += bytes.Length;
            _kept.Write(bytes.Span[..(int)Math.Min(bytes.Length, _maxKept - _kept.Length)]);
            return default;
        }

        public ValueTask<SmtpReply> CompleteAsync(CancellationToken cancel) => new(handler.Take(transaction, _kept.ToArray(), _size));

        public ValueTask AbandonAsync() => default;
    }

    private int MaxKeptBytes => maxKeptBytes;

    private SmtpReply Take(Transaction transaction, byte[] bytes, long size)
    {
        var headers = OriginalHeaders.Of(bytes, isCut: bytes.Length < size);
        var message = mailbox.Add(time.GetUtcNow(), transaction.From, transaction.Recipients, headers.Subject, size, bytes);
        return SmtpReply.Of(250, "2.0.0", string.Create(CultureInfo.InvariantCulture, $"captured as number {message.Number}"));
    }
}
