using Postern.Core.Diagnoses;
using Postern.Diagnosis.Causes;
using Postern.Protocols.Smtp;

namespace Postern.Core.Submission;

/// <summary>What a client hears where the upstream itself has said nothing. Each names the stage and who spoke, so that the client's own log tells whose trouble it is.</summary>
internal static class InlineReplies
{
    public static readonly SmtpReply OneDestination = SmtpReply.Of(451, "4.5.3", "This recipient goes to another destination than the others; send it in its own transaction");

    public static readonly SmtpReply EightBit = SmtpReply.Of(554, "5.6.3", "The message has 8-bit bytes and the upstream does not offer 8BITMIME; delivery.mode queue converts such mail");

    public static SmtpReply Unreachable(StageFailure? failure, DiagnosisReport? diagnosis) => failure is null
        ? SmtpReply.Of(451, "4.4.1", "Upstream did not answer in time; try again later")
        : Reply("4.4.1", $"Upstream not available: {Explain(failure)}", diagnosis);

    /// <summary>What will never be delivered, however often it is tried; null for anything else. The codes are those a bounce would give (RFC 3463, RFC 7504).</summary>
    public static SmtpReply? Undeliverable(StageFailure? failure) => failure?.Kind switch
    {
        FailureKind.NullMx => SmtpReply.Of(556, "5.1.10", $"Not deliverable: {failure.Detail}"),
        FailureKind.NoSuchDomain => SmtpReply.Of(550, "5.1.2", $"Not deliverable: {failure.Detail}"),
        FailureKind.LoopsToUs => SmtpReply.Of(554, "5.4.6", $"Not deliverable: {failure.Detail}"),
        _ => null,
    };

    /// <summary>The connection broke while the message was under way.</summary>
    public static SmtpReply Lost(StageFailure? failure, DiagnosisReport? diagnosis, bool mayDuplicate) => mayDuplicate
        ? Reply("4.4.2", $"Upstream was lost after the end of the message, which may be duplicated when sent again: {Explain(failure)}", diagnosis)
        : Reply("4.4.2", $"Upstream was lost while the message was sent; nothing was delivered: {Explain(failure)}", diagnosis);

    /// <summary>What happened, and on a second line why: programs log the first or the last line of a reply, and each must say something.</summary>
    private static SmtpReply Reply(string enhanced, string happened, DiagnosisReport? diagnosis) => diagnosis is null
        ? SmtpReply.Of(451, enhanced, happened)
        : SmtpReply.Of(451, enhanced, happened, PlainWords.Ascii($"Cause: {diagnosis.Verdict.Cause}. {PlainWords.FirstSentence(diagnosis.Verdict.Summary, MaxWords)}"));

    /// <summary>A reply line holds 512 bytes with code and CRLF (RFC 5321 section 4.5.3.1.5).</summary>
    private const int MaxWords = 400;

    private static string Explain(StageFailure? failure) => failure is null
        ? "no answer"
        : $"{failure.Detail} (stage {failure.Stage.ToString().ToLowerInvariant()}, said by {failure.Speaker.ToString().ToLowerInvariant()})";
}
