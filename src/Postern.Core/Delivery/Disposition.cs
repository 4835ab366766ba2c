using Postern.Protocols.Smtp;

namespace Postern.Core.Delivery;

/// <summary>What becomes of a recipient after an attempt at one candidate.</summary>
internal enum Disposition : byte { Delivered, TryNextHost, RetryLater, Bounce }

/// <summary>What a failure is about: the smallest thing that another try must change.</summary>
internal enum FailureScope : byte
{
    /// <summary>The host, or we in its eyes: another host may take the message.</summary>
    Host,

    /// <summary>This session broke: a new one may work.</summary>
    Session,

    /// <summary>This message, whoever receives it.</summary>
    Message,

    /// <summary>This recipient (or its domain); the others are not concerned.</summary>
    Recipient,
}

/// <summary>All that the decision rests on.</summary>
/// <param name="Failure">Null when delivered.</param>
/// <param name="IsLastCandidate">No other host is left to try in this attempt.</param>
/// <param name="IsExpired">The message has reached its age limit.</param>
/// <param name="IsAboutUs">Diagnosis holds that a refusal is about our own address or standing, not about sender, message or recipient: it is then no reason to bounce.</param>
internal readonly record struct DispositionInput(StageFailure? Failure, FailureScope Scope, bool IsLastCandidate, bool IsExpired, bool IsAboutUs = false);
