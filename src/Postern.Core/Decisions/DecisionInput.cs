using Postern.Core.Routing;
using Postern.Diagnosis.Causes;
using Postern.Protocols.Smtp;

namespace Postern.Core.Decisions;

/// <summary>All that a decision about one recipient rests on.</summary>
/// <param name="Reading">The cause, as far as it is known.</param>
/// <param name="IsLastCandidate">No other host and no other address of ours is left to try in this attempt.</param>
/// <param name="IsExpired">The message has reached its age limit.</param>
internal readonly record struct DecisionInput(StageFailure Failure, FailureReading Reading, bool IsLastCandidate, bool IsExpired)
{
    public FailureScope Scope { get; } = FailureScopes.Of(Failure);

    /// <summary>Whom the mail is handed to: a named upstream of ours, or the domain's own mail exchangers.</summary>
    public DestinationKind Via { get; init; }

    /// <summary>Some other address of ours may still be tried at this upstream.</summary>
    public bool HasOtherEgress { get; init; }

    /// <summary>Since the message was accepted.</summary>
    public TimeSpan Age { get; init; }
}

/// <summary>Why it failed, as well as is known when it is decided about. Made for failures only.</summary>
/// <param name="Cause"><see cref="CauseId.Unknown"/> when nothing is known.</param>
/// <param name="Confidence">0-1. Below the table's threshold the stage and the code decide.</param>
/// <param name="Label">What the peer's words say, finer than a cause; null when they say nothing or there are none.</param>
/// <param name="RetryAfter">How long the peer asks us to wait; null when it does not say.</param>
internal sealed record FailureReading(CauseId Cause, double Confidence, ReplyLabel? Label = null, TimeSpan? RetryAfter = null)
{
    public static readonly FailureReading Nothing = new(CauseId.Unknown, 0);
}
