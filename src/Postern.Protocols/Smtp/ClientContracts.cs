namespace Postern.Protocols.Smtp;

/// <summary>Where in the dialogue with an upstream we are. Each has a row in the stage table: time-out, phrase, RFC, and whether a lost connection may mean a duplicate.</summary>
public enum ClientStage : byte { Resolve, Connect, Greeting, Ehlo, StartTls, TlsHandshake, Auth, Mail, Rcpt, Data, Body, EndOfData, Rset, Quit }

/// <summary>Who said that it failed.</summary>
public enum Speaker : byte { Peer, Us, Dns, Network }

/// <summary>How a stage failed; the finer facts are in <see cref="StageFailure.Detail"/> and the evidence.</summary>
public enum FailureKind : byte
{
    Refused,            // the peer replied 4xx or 5xx
    NoSuchDomain,       // NXDOMAIN
    NoAddress,          // the name exists, no A or AAAA
    NullMx,             // RFC 7505
    DnsFailure,         // SERVFAIL, time-out, bogus
    LoopsToUs,          // all MX point at us (RFC 5321 section 5.1)
    ConnectionRefused,
    HostUnreachable,
    NetworkUnreachable,
    TimedOut,
    ConnectionReset,
    ConnectionClosed,   // orderly close without the reply
    NotSmtp,            // bytes that are no SMTP reply, or a reply too long
    TlsUnavailable,     // required but not offered, or 4xx/5xx to STARTTLS
    TlsFailed,          // handshake or certificate
    AuthUnavailable,    // no mechanism in common
    Unsupported,        // the message needs an extension the peer lacks
    LocalError,         // our side: no egress address, no file descriptors
    Cancelled,          // we are stopping
    TooLarge,           // larger than the peer's SIZE (RFC 1870); not even tried
}

/// <summary>Failure of one stage: what stage, who spoke, what was said. A value, never an exception.</summary>
/// <param name="Reply">The peer's reply, when <see cref="Kind"/> is Refused; else null.</param>
/// <param name="Detail">One sentence for a person: "timed out after 30 s waiting for the greeting".</param>
/// <param name="MayDuplicate">True when the peer may have taken the message although we got no reply (RFC 1047).</param>
public sealed record StageFailure(ClientStage Stage, Speaker Speaker, FailureKind Kind, string Detail, SmtpReply? Reply = null, bool MayDuplicate = false)
{
    /// <summary>True for a 5xx of the peer and for what cannot heal by waiting (NullMx, NoSuchDomain, Unsupported).</summary>
    public bool IsPermanent => Reply?.IsPermanent ?? Kind is FailureKind.NullMx or FailureKind.NoSuchDomain or FailureKind.Unsupported or FailureKind.LoopsToUs or FailureKind.TooLarge;
}

/// <summary>Random access to a kept message's bytes (CRLF lines, not dot-stuffed, Received line included). Bodies are never held whole in memory.</summary>
public abstract class MessageContent
{
    /// <summary>Total length in bytes.</summary>
    public abstract long Length { get; }

    /// <summary>Fills as much of the buffer as there is from <paramref name="offset"/>; 0 only at the end. Throws IOException when the store cannot read it back.</summary>
    public abstract ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancel);

    /// <summary>True when some byte is above 127, so that 8BITMIME (or conversion) is needed.</summary>
    public abstract bool HasEightBit { get; }
}

/// <summary>One mail transaction to be run on a client session.</summary>
/// <param name="Recipients">At least one.</param>
public sealed record ClientTransaction(MailCommand Mail, IReadOnlyList<RcptCommand> Recipients, MessageContent Content)
{
    /// <summary>Null: its first reply is waited for as is configured, and nobody is told.</summary>
    public FirstReply? First { get; init; }
}

/// <summary>Per recipient: accepted by the end-of-data reply, or refused (by the peer's words) or failed at a stage.</summary>
/// <param name="Failure">Null means delivered: the upstream took responsibility.</param>
/// <param name="Reply">The reply that decided (end of data for the delivered); null when no reply came.</param>
public readonly record struct RecipientResult(StageFailure? Failure, SmtpReply? Reply);

/// <summary>Result of a transaction: one entry per recipient, in order, and whether the session may be used again.</summary>
public sealed record TransactionResult(IReadOnlyList<RecipientResult> Recipients, ClientStage StageReached, StageFailure? SessionFailure)
{
    public bool SessionUsable => SessionFailure is null;
}
