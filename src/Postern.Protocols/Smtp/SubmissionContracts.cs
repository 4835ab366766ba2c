using System.Net;
using Postern.Protocols.Tls;

namespace Postern.Protocols.Smtp;

/// <summary>What is known of one client session. Written by <c>SmtpServerSession</c> only; what a client said before STARTTLS is forgotten (RFC 3207 section 4.2).</summary>
public sealed class SessionContext
{
    public required IPEndPoint Remote { get; init; }
    public required IPEndPoint Local { get; init; }

    /// <summary>The configured listener's address, as the operator wrote it; for routing and logs.</summary>
    public required string Listener { get; init; }

    /// <summary>Unique while the process runs; for logs.</summary>
    public required long SessionNumber { get; init; }

    /// <summary>The argument of HELO or EHLO; null before it.</summary>
    public string? Hello { get; set; }

    /// <summary>True after EHLO, false after HELO.</summary>
    public bool IsExtended { get; set; }

    /// <summary>What TLS negotiated; null on a plaintext session.</summary>
    public TlsObservation? Tls { get; set; }

    /// <summary>The authenticated user's name; null before AUTH.</summary>
    public string? User { get; set; }

    /// <summary>The handler's own per-session object.</summary>
    public object? State { get; set; }

    /// <summary>The "with" word of mail that came by another protocol; null for SMTP.</summary>
    public string? OtherProtocol { get; init; }

    /// <summary>The "with" word of the Received line: SMTP, ESMTP, ESMTPS, ESMTPA, ESMTPSA or the UTF8 ones (RFC 3848, RFC 6531 section 3.7.3).</summary>
    public string Protocol(bool smtpUtf8) => OtherProtocol ?? ((smtpUtf8, IsExtended) switch
    {
        (true, _) => "UTF8SMTP" + Suffix,
        (false, true) => "ESMTP" + Suffix,
        _ => "SMTP",
    });

    private string Suffix => (Tls is null ? "" : "S") + (User is null ? "" : "A");
}

/// <summary>Outcome of one AUTH exchange, decided by the handler.</summary>
/// <param name="User">The user's name when accepted, else null.</param>
/// <param name="Reply">235 2.7.0, 535 5.7.8, 454 4.7.0 or 421 4.7.0 (RFC 4954 section 6).</param>
/// <param name="Close">True to hang up after the reply.</param>
public sealed record AuthOutcome(string? User, SmtpReply Reply, bool Close = false);

/// <summary>
/// The application behind a server session: it decides, the session speaks. One call at a time per session.
/// Implemented by the relay (queue and inline modes) and by the lab's capture sink.
/// Every reply returned goes to the client as it is; a 421 or 521 closes the session after it.
/// </summary>
public interface ISubmissionHandler
{
    /// <summary>Called before the greeting. Null greets with 220; otherwise this reply is sent and, when it is 421 or 5xx, the connection closed.</summary>
    ValueTask<SmtpReply?> ConnectAsync(SessionContext session, CancellationToken cancel);

    /// <summary>Verifies a PLAIN or LOGIN secret. The handler slows and limits failures per address.</summary>
    ValueTask<AuthOutcome> AuthenticateAsync(SessionContext session, string authorizationId, string user, ReadOnlyMemory<byte> password, CancellationToken cancel);

    ValueTask<SmtpReply> MailAsync(SessionContext session, MailCommand mail, CancellationToken cancel);

    /// <summary>A positive reply adds the recipient to the transaction.</summary>
    ValueTask<SmtpReply> RcptAsync(SessionContext session, RcptCommand rcpt, CancellationToken cancel);

    /// <summary>DATA, or the first BDAT: the place for the body, or a refusal (before 354).</summary>
    ValueTask<BodyAdmission> BeginBodyAsync(SessionContext session, CancellationToken cancel);

    /// <summary>RSET, EHLO, STARTTLS, a new MAIL after a failure, or the end of the session: the transaction, if any, is dropped.</summary>
    ValueTask ResetAsync(SessionContext session);

    /// <summary>The session ended, for whatever reason. Called exactly once per ConnectAsync.</summary>
    ValueTask DisconnectAsync(SessionContext session);
}

/// <summary>Exactly one of the two is set.</summary>
public readonly record struct BodyAdmission(IMessageBody? Body, SmtpReply? Refusal)
{
    public static BodyAdmission Accept(IMessageBody body) => new(body, null);
    public static BodyAdmission Refuse(SmtpReply reply) => new(null, reply);
}

/// <summary>
/// Takes one message body: dot-unstuffed bytes exactly as the client meant them, in order. Ends with exactly one of Complete or Abandon.
/// </summary>
public interface IMessageBody
{
    /// <summary>The memory is only valid during the call. May wait (back-pressure). After a failure it swallows and says why in <see cref="CompleteAsync"/>.</summary>
    ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancel);

    /// <summary>All bytes are written. A 2xx reply means the message is safe (durable before 250).</summary>
    ValueTask<SmtpReply> CompleteAsync(CancellationToken cancel);

    /// <summary>The client went away, exceeded a limit or broke a rule: nothing of it is kept.</summary>
    ValueTask AbandonAsync();
}
