using Postern.Protocols.Smtp;

namespace Postern.Core.Submission;

/// <summary>What a client hears where the upstream itself has said nothing. Each names the stage and who spoke, so that the client's own log tells whose trouble it is.</summary>
internal static class InlineReplies
{
    public static readonly SmtpReply OneDestination = SmtpReply.Of(451, "4.5.3", "This recipient goes to another destination than the others; send it in its own transaction");

    public static readonly SmtpReply EightBit = SmtpReply.Of(554, "5.6.3", "The message has 8-bit bytes and the upstream does not offer 8BITMIME; delivery.mode queue converts such mail");

    public static SmtpReply Unreachable(StageFailure? failure) => failure is null
        ? SmtpReply.Of(451, "4.4.1", "Upstream did not answer in time; try again later")
        : SmtpReply.Of(451, "4.4.1", $"Upstream not available: {Explain(failure)}");

    /// <summary>What will never be delivered, however often it is tried; null for anything else. The codes are those a bounce would give (RFC 3463, RFC 7504).</summary>
    public static SmtpReply? Undeliverable(StageFailure? failure) => failure?.Kind switch
    {
        FailureKind.NullMx => SmtpReply.Of(556, "5.1.10", $"Not deliverable: {failure.Detail}"),
        FailureKind.NoSuchDomain => SmtpReply.Of(550, "5.1.2", $"Not deliverable: {failure.Detail}"),
        FailureKind.LoopsToUs => SmtpReply.Of(554, "5.4.6", $"Not deliverable: {failure.Detail}"),
        _ => null,
    };

    /// <summary>The connection broke while the message was under way.</summary>
    public static SmtpReply Lost(StageFailure? failure, bool mayDuplicate) => mayDuplicate
        ? SmtpReply.Of(451, "4.4.2", $"Upstream was lost after the end of the message, which may be duplicated when sent again: {Explain(failure)}")
        : SmtpReply.Of(451, "4.4.2", $"Upstream was lost while the message was sent; nothing was delivered: {Explain(failure)}");

    private static string Explain(StageFailure? failure) => failure is null
        ? "no answer"
        : $"{failure.Detail} (stage {failure.Stage.ToString().ToLowerInvariant()}, said by {failure.Speaker.ToString().ToLowerInvariant()})";
}
