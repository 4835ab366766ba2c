using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;
using static Postern.Diagnosis.Causes.SignalId;

namespace Postern.Diagnosis.Causes;

/// <summary>Refusals in words. A reading counts by its confidence, and by whether the stage can carry it; unclear ones by when they come.</summary>
internal static class ReplySignals
{
    /// <summary>Below this a reading is a hint beside "unclear".</summary>
    private const double Clear = 0.45;

    private static readonly string[] ShuttingDown = ["shutting down", "system shutdown", "server shutdown", "going down", "maintenance", "wartung", "mantenimiento"];

    public static void Read(Scene scene, List<Signal> signals)
    {
        foreach (var reply in scene.Replies)
        {
            if (reply.Fact.Stage is ClientStage.StartTls)
            {
                signals.Add(Signal.Of(TlsNotOffered, reply.Fact));
                continue;
            }
            bool isMisread = ListSignals.Misread(scene, reply.Fact, signals);
            if (!isMisread && IsNoService(reply)) signals.Add(Signal.Of(ReplyNoService, reply.Fact, Quote(reply.Fact)));
            else if (!isMisread) Reading(scene, reply, signals);
            if (ContainsAny(reply.Fact.Reply, ShuttingDown) && reply.Fact.Code < 500) signals.Add(Signal.Of(ReplyShuttingDown, reply.Fact));
        }
    }

    /// <summary>
    /// In the RFC's own words a host that takes nobody's mail (RFC 5321 section 3.1). Who says it to single addresses goes on: which address, which list, which provider.
    /// </summary>
    private static bool IsNoService(HeardReply reply) =>
        reply.Fact is { Stage: ClientStage.Greeting, Code: 554 or 521 } && reply.Fact.Reply.AsSpan().TrimEnd(" .!\r\n").EndsWith("no smtp service here", StringComparison.OrdinalIgnoreCase)
        && reply.Opinion is null or { Provider: null, Cause: CauseId.Unknown or CauseId.UpstreamFirewall };

    private static void Reading(Scene scene, HeardReply reply, List<Signal> signals)
    {
        double clarity = 0;
        if (reply.Opinion is { } opinion)
        {
            foreach (var (cause, confidence) in opinion.Causes)
            {
                if (cause is CauseId.None or CauseId.Unknown || confidence <= 0.02) continue;
                double believed = Believe(cause, scene, reply, confidence);
                clarity = Math.Max(clarity, believed);
                signals.Add(Signal.Of(ReplyOf(cause), reply.Fact, Quote(reply.Fact), StrengthOf(believed)));
            }
        }
        if (clarity < Clear) Unclear(scene, reply, signals);
        if (reply.Fact.Code is >= 400 and < 500 && scene.Histories.Exists(h => h.SuccessesBeforeFailure >= 3) && reply.Opinion?.Cause is null or CauseId.Unknown or CauseId.RateLimited or CauseId.UpstreamDown or CauseId.IpReputation)
            signals.Add(Signal.Of(ReplyAfterBurst, reply.Fact, $"the refusal came after {scene.Histories.Max(h => h.SuccessesBeforeFailure)} successes within a minute", Math.Min(1, scene.Histories.Max(h => h.SuccessesBeforeFailure) / 6.0)));
    }

    /// <summary>Before RCPT nobody can mean a recipient, and before the body nobody can mean the content; "mailbox unavailable" at the greeting is a block in disguise. Words that the record contradicts count for less too.</summary>
    private static double Believe(CauseId cause, Scene scene, HeardReply reply, double confidence) => cause switch
    {
        CauseId.RecipientUnknown or CauseId.MailboxFull or CauseId.Greylisted when reply.Fact.Stage < ClientStage.Mail => confidence * 0.35,
        CauseId.ContentRejected or CauseId.MessageTooLarge when reply.Fact.Stage < ClientStage.Mail => confidence * 0.35,
        // "Closing" after the same number of messages every time, with the next session served, is a limit: whoever shuts down says it once.
        CauseId.UpstreamDown when reply.Fact is { Code: 421, Stage: > ClientStage.Greeting } && scene.Histories.Exists(h => h.MessagesPerSessionAtRefusal > 0) => confidence * 0.35,
        _ => confidence,
    };

    /// <summary>Of a weight of 8 in log-odds: what lifts a cause from the prior of about -3 to the odds that the reading gives it.</summary>
    private static double StrengthOf(double confidence)
    {
        double bounded = Math.Clamp(confidence, 0.03, 0.99);
        return Math.Clamp((3.2 + Math.Log(bounded / (1 - bounded))) / 8, 0.02, 1);
    }

    private static void Unclear(Scene scene, HeardReply reply, List<Signal> signals)
    {
        // RFC 5321 section 4.2.2: of the command, not of us. Whoever does not know EHLO or MAIL is broken.
        if (reply.Fact.Code is >= 500 and <= 504)
        {
            signals.Add(Signal.Of(ReplyNotUnderstood, reply.Fact, Quote(reply.Fact)));
            return;
        }
        bool isTransient = reply.Fact.Code < 500;
        signals.Add(Signal.Of(isTransient ? ReplyUnclear4 : ReplyUnclear5, reply.Fact, Quote(reply.Fact)));
        if (!reply.IsLate && !isTransient && reply.Fact.Stage <= ClientStage.Ehlo) signals.Add(Signal.Of(ReplyTurnedAway, reply.Fact, "we are turned away before we said what we want"));
        // Greylisting defers what it has never seen; a rate limit cannot be reached by the first message.
        if (isTransient && reply.Fact.Stage is ClientStage.Rcpt or ClientStage.Data or ClientStage.EndOfData && scene.Histories.Exists(h => h.Attempts <= 1 && h.LastSuccessAt is null))
            signals.Add(Signal.Of(ReplyFirstContact, reply.Fact, "it was the first message to them for a long time, and was deferred"));
    }

    internal static string Quote(ReplyFact reply)
    {
        string text = ReplyLine.Of(reply.Reply);
        return $"to {Word(reply.Stage)} they said: {(text.Length > 300 ? text[..300] + "…" : text)}";
    }

    private static string Word(ClientStage stage) => stage switch
    {
        ClientStage.Greeting or ClientStage.Connect => "the connection",
        ClientStage.Ehlo => "EHLO",
        ClientStage.Auth => "AUTH",
        ClientStage.Mail => "MAIL",
        ClientStage.Rcpt => "RCPT",
        ClientStage.Data => "DATA",
        ClientStage.Body or ClientStage.EndOfData => "the message",
        _ => "us",
    };

    internal static bool ContainsAny(string text, string[] words)
    {
        foreach (string word in words)
            if (text.Contains(word, StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }
}
