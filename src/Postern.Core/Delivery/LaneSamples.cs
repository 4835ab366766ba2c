using Postern.Core.Shaping;
using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;

namespace Postern.Core.Delivery;

/// <summary>What happened on a session, in the terms of its lane. Pure.</summary>
internal static class LaneSamples
{
    /// <param name="sessionsOpen">Of the lane, with this one.</param>
    /// <param name="messagesBefore">That the session had carried.</param>
    /// <param name="began">When the message was granted.</param>
    public static LaneSample Taken(DateTimeOffset now, int sessionsOpen, int messagesBefore, DateTimeOffset began) =>
        new(now, ClientStage.EndOfData, default, LimitKind.None, null, sessionsOpen, messagesBefore, began);

    /// <summary>Null for a failure that no limit of the far side could be the reason of: TLS, login, names, or our own.</summary>
    public static LaneSample? Refused(DateTimeOffset now, StageFailure failure, string host, int sessionsOpen, int messagesBefore, DateTimeOffset began)
    {
        if (MannerOf(failure) is not { } manner || failure.Stage is ClientStage.Resolve or ClientStage.StartTls or ClientStage.Auth) return null;
        if (failure.Reply is not { } reply) return new LaneSample(now, failure.Stage, manner, LimitKind.None, null, sessionsOpen, messagesBefore, began);
        // A 5xx is about the message or about us, not about how much: providers that say "too many" with one say it in words that are known.
        string text = AttemptFacts.Text(reply);
        var hint = LimitHints.Of(text);
        if (reply.IsPermanent && hint.Kind == LimitKind.None) return null;
        // "Closing transmission channel" (RFC 5321 section 4.2.1) to a session that has worked, without a word of why: the same as closing it without one.
        if (reply.Code == 421 && hint.Kind == LimitKind.None && messagesBefore > 0) manner = RefusalManner.Closed;
        var wait = ReplyClassifier.Default.Read(new ReplyInput(text, failure.Stage, host)).Values.RetryAfter;
        return new LaneSample(now, failure.Stage, manner, hint.Kind, wait, sessionsOpen, messagesBefore, began, hint.Window, reply.ToString());
    }

    private static RefusalManner? MannerOf(StageFailure failure) => failure.Kind switch
    {
        FailureKind.Refused => RefusalManner.Reply,
        FailureKind.ConnectionClosed => RefusalManner.Closed,
        FailureKind.ConnectionReset or FailureKind.ConnectionRefused => RefusalManner.Reset,
        FailureKind.TimedOut => RefusalManner.Silent,
        _ => null,
    };
}
