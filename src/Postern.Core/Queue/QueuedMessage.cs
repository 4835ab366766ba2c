using Postern.Protocols.Smtp;

namespace Postern.Core.Queue;

/// <summary>State of one recipient. Waiting, Delivered, Bounced and Held are kept; being leased is not a recipient's state but the part's.</summary>
public enum RecipientStatus : byte { Waiting, Delivered, Bounced, Held, Removed }

/// <summary>Where a message came from; for the Received line, routing and bounces.</summary>
public sealed record MessageOrigin
{
    /// <summary>Client address as text; null for pickup and generated messages.</summary>
    public string? ClientAddress { get; init; }
    public string? ClientHello { get; init; }
    public string? User { get; init; }

    /// <summary>Listener address as configured, "pickup" or "bounce".</summary>
    public required string Listener { get; init; }

    /// <summary>"ESMTPS" and so on (RFC 3848).</summary>
    public string Protocol { get; init; } = "ESMTP";
}

/// <summary>One recipient of a kept message.</summary>
/// <param name="Destination">Scheduling key given by the router ("pool:provider", "mx:example.org", …): recipients of one message with the same key travel together.</param>
public sealed record QueuedRecipient(
    MailPath Address,
    string Destination,
    DsnNotify Notify = DsnNotify.Unspecified,
    string? OriginalRecipient = null,
    RecipientStatus Status = RecipientStatus.Waiting);

/// <summary>All of a kept message but its body.</summary>
public sealed record QueuedEnvelope
{
    public required MailPath From { get; init; }
    public required IReadOnlyList<QueuedRecipient> Recipients { get; init; }
    public required MessageOrigin Origin { get; init; }
    public required DateTimeOffset AcceptedAt { get; init; }
    public BodyType Body { get; init; }
    public bool SmtpUtf8 { get; init; }
    public DsnReturn Return { get; init; }
    public string? EnvId { get; init; }
    public int Priority { get; init; }

    /// <summary>True when some byte of the content is above 127 (measured, not declared).</summary>
    public bool HasEightBit { get; init; }

    /// <summary>Time after which what still waits is bounced.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>The span that accepted it (W3C traceparent); null for a message that is not traced.</summary>
    public string? Traceparent { get; init; }
}
