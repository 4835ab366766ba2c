using Postern.Protocols.Smtp;

namespace Postern.Benchmarks.Micro;

/// <summary>Takes everything and keeps nothing: what is left to measure is the session.</summary>
internal sealed class DiscardingHandler : ISubmissionHandler, IMessageBody
{
    private static readonly SmtpReply Ok = SmtpReply.Of(250, "2.0.0", "Ok");
    private static readonly AuthOutcome NoUsers = new(null, SmtpReply.Of(535, "5.7.8", "No"));

    public long Messages { get; private set; }
    public long Bytes { get; private set; }

    public ValueTask<SmtpReply?> ConnectAsync(SessionContext session, CancellationToken cancel) => default;
    public ValueTask<AuthOutcome> AuthenticateAsync(SessionContext session, string authorizationId, string user, ReadOnlyMemory<byte> password, CancellationToken cancel) => new(NoUsers);
    public ValueTask<SmtpReply> MailAsync(SessionContext session, MailCommand mail, CancellationToken cancel) => new(Ok);
    public ValueTask<SmtpReply> RcptAsync(SessionContext session, RcptCommand rcpt, CancellationToken cancel) => new(Ok);
    public ValueTask<BodyAdmission> BeginBodyAsync(SessionContext session, CancellationToken cancel) => new(BodyAdmission.Accept(this));
    public ValueTask ResetAsync(SessionContext session) => default;
    public ValueTask DisconnectAsync(SessionContext session) => default;

    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancel)
    {
        Bytes += bytes.Length;
        return default;
    }

    public ValueTask<SmtpReply> CompleteAsync(CancellationToken cancel)
    {
        Messages++;
        return new(Ok);
    }

    public ValueTask AbandonAsync() => throw new InvalidOperationException("a message of the benchmark was abandoned");
}
