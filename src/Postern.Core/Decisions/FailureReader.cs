using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;

namespace Postern.Core.Decisions;

/// <summary>
/// What a failure says by the peer's own words alone: all that is known while the transaction still runs, and all that is known of the other recipients of a
/// message that failed for several reasons. Many servers say only at RCPT or after the message that our address is listed or that we are too fast, and say it
/// with a 5xx. Pure.
/// </summary>
internal static class FailureReader
{
    /// <param name="host">Who said it; null when nobody was reached.</param>
    public static FailureReading Read(StageFailure failure, string? host)
    {
        if (failure.Reply is not { } reply) return FailureReading.Nothing;
        var reading = ReplyClassifier.Default.Read(new ReplyInput(AttemptFacts.Text(reply), failure.Stage, host));
        return reading.Matched.Count == 0 && reading.Values.RetryAfter is null
            ? FailureReading.Nothing
            : new FailureReading(reading.Cause, reading.Confidence, reading.Label, reading.Values.RetryAfter);
    }

    /// <summary>With what diagnosis holds, which knows more than the words; the finer label and the time asked for stay the words'.</summary>
    public static FailureReading With(this FailureReading words, DiagnosisReport report) => words with { Cause = report.Verdict.Id, Confidence = report.Verdict.Confidence };
}
