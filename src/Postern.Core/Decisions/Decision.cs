using Postern.Diagnosis.Causes;

namespace Postern.Core.Decisions;

/// <summary>What is done about one failure. Data only: the worker, the gates, the lanes and the settlement carry it out.</summary>
/// <param name="Cause">That it was decided by; <see cref="CauseId.Unknown"/> where stage and code decided.</param>
internal sealed record Decision(CauseId Cause, MessageAction Message)
{
    public UpstreamAction Upstream { get; init; }
    public EgressAction Egress { get; init; }
    public ProbeAction Probe { get; init; }
    public OperatorAction Operator { get; init; }

    /// <summary>Bounced because its time is up, not for what was said.</summary>
    public bool IsByAge { get; init; }

    /// <summary>It is about us, the network or the upstream; not about sender, recipient or message. Then it is no reason to bounce.</summary>
    public bool IsAboutUs { get; init; }

    /// <summary>Waits by attempt, where the cause has its own; null for delivery.retry.</summary>
    public IReadOnlyList<TimeSpan>? Retry { get; init; }

    /// <summary>What the peer asks us to wait; null when it does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Why, in plain words with placeholders; see <see cref="ActionWords"/>.</summary>
    public required string Words { get; init; }

    /// <summary>False when the message waits and its schedule is not to know of this attempt.</summary>
    public bool CountsAsAttempt => Message != MessageAction.Turn;

    /// <summary>Somebody else is tried in the same attempt.</summary>
    public bool GoesOn => Message is MessageAction.NextHost or MessageAction.NextEgress;
}
