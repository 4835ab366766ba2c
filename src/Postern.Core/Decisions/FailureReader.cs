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
    public static FailureReading Read(StageFailure failure, string? host) => Of(Words(failure, host));

    /// <summary>All that the words say; null when there are none.</summary>
    public static ReplyReading? Words(StageFailure failure, string? host) =>
        failure.Reply is { } reply ? ReplyClassifier.Default.Read(new ReplyInput(AttemptFacts.Text(reply), failure.Stage, host)) : null;

    public static FailureReading Of(ReplyReading? words) => words is null || words.Matched.Count == 0 && words.Values.RetryAfter is null
        ? FailureReading.Nothing
        : new FailureReading(words.Cause, words.Confidence, words.Label, words.Values.RetryAfter);

    /// <summary>With what diagnosis holds, which knows more than the words; the finer label and the time asked for stay the words'.</summary>
    public static FailureReading With(this FailureReading words, DiagnosisReport report) => words with { Cause = report.Verdict.Id, Confidence = report.Verdict.Confidence };
}
