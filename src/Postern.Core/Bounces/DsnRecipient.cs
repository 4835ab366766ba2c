using Postern.Core.Queue;
using Postern.Diagnosis.Causes;
using Postern.Protocols.Smtp;

namespace Postern.Core.Bounces;

/// <summary>What a notification tells the sender. A relay never says "delivered" (RFC 3464 section 2.3.3): what it knows is that the next server took the mail.</summary>
public enum DsnKind : byte
{
    Failure,    // Action: failed
    Delay,      // Action: delayed
    Success,    // Action: relayed, to a server that does not send notifications itself
}

/// <summary>Why a recipient failed.</summary>
public enum DsnReason : byte
{
    Refused,            // permanently, by a server or by what the DNS says
    Expired,            // temporary trouble lasted until the message expired
    ReturnedByOperator, // somebody asked the relay to give it back
}

/// <summary>One recipient of a notification: what became of it and who said so.</summary>
/// <param name="Recipient">Gives the address, ORCPT and NOTIFY.</param>
public sealed record DsnRecipient(QueuedRecipient Recipient)
{
    /// <summary>The failure that decided, or the last one before a delay or expiry; null for success or when no attempt was made.</summary>
    public StageFailure? Failure { get; init; }

    /// <summary>The peer's reply that decided; needed only where <see cref="Failure"/> has none (success).</summary>
    public SmtpReply? Reply { get; init; }

    /// <summary>Name of the server that was spoken with, null when none was reached.</summary>
    public string? RemoteHost { get; init; }

    /// <summary>Its address as text, without brackets.</summary>
    public string? RemoteAddress { get; init; }

    public DateTimeOffset? LastAttempt { get; init; }

    /// <summary>For a delay: until when it is tried.</summary>
    public DateTimeOffset? RetryUntil { get; init; }

    public DsnReason Reason { get; init; }

    /// <summary>What the failure means; null when that is not known.</summary>
    public DiagnosisReport? Diagnosis { get; init; }

    /// <summary>The words of the peer; null when Postern concluded by itself.</summary>
    internal SmtpReply? PeerReply => Failure is null ? Reply : Failure.Reply;
}

/// <summary>What the notifications of one relay have in common.</summary>
/// <param name="Hostname">Our name: Reporting-MTA, MAILER-DAEMON's domain, Message-ID.</param>
/// <param name="Expire">How long an undeliverable notification itself is tried.</param>
public sealed record BounceSettings(string Hostname, TimeSpan Expire)
{
    /// <summary>A failed message up to this size is returned whole, of a larger one the headers. Postfix's bounce_size_limit is 50000; the message is held in memory while the notification is made.</summary>
    public int MaxReturnedBytes { get; init; } = 64 << 10;

    /// <summary>Of headers alone, as much is returned at most, cut at a line.</summary>
    public int MaxReturnedHeaderBytes { get; init; } = 64 << 10;
}

/// <summary>Why no notification was made.</summary>
public enum DsnSuppression : byte
{
    None,
    NullSender,     // never a bounce of a bounce (RFC 5321 section 4.5.5)
    NotAskedFor,    // NOTIFY excludes it for every recipient
    NoRoute,        // the routes refuse the sender's address as a recipient
}

/// <summary>A notification to be settled with the attempt, or why there is none.</summary>
public readonly record struct DsnResult(GeneratedMessage? Message, DsnSuppression Suppressed);
