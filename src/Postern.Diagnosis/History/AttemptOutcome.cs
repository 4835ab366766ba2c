using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;

namespace Postern.Diagnosis.History;

/// <summary>What an attempt says of the upstream, in the classes that tell a limit from a fault.</summary>
public enum AttemptOutcome : byte
{
    /// <summary>The upstream did its work: took the mail, or refused a recipient or a message for its own sake.</summary>
    Served,

    /// <summary>No connection: refused, silent, unreachable.</summary>
    Unconnected,

    /// <summary>4xx that may be a limit, a close without words, or silence in the dialogue.</summary>
    PutOff,

    /// <summary>5xx before anything about the mail was known.</summary>
    TurnedAway,
}

/// <summary>One attempt, as the record takes it.</summary>
/// <param name="Concurrency">Sessions open to the upstream, this one included.</param>
/// <param name="MessagesBefore">Sent on the same session before.</param>
public readonly record struct AttemptSample(DateTimeOffset At, AttemptOutcome Outcome, int Concurrency, int MessagesBefore)
{
    public bool IsRefusal => Outcome != AttemptOutcome.Served;

    public static AttemptSample Of(AttemptEvidence attempt) => new(attempt.At, OutcomeOf(attempt), attempt.Concurrency, attempt.MessagesBefore);

    private static AttemptOutcome OutcomeOf(AttemptEvidence attempt)
    {
        if (attempt.Failure is not { } failure || attempt.Delivered > 0 || failure.Kind is FailureKind.Cancelled or FailureKind.Unsupported or FailureKind.TooLarge) return AttemptOutcome.Served;
        if (failure.Stage <= ClientStage.Connect) return AttemptOutcome.Unconnected;
        if (failure.Reply is not { } reply) return AttemptOutcome.PutOff;
        if (reply.IsTransient) return AttemptOutcome.PutOff;
        return failure.Stage < ClientStage.Rcpt ? AttemptOutcome.TurnedAway : AttemptOutcome.Served;
    }
}
