using System.Globalization;

namespace Postern.Core.Shaping;

/// <summary>Lessons in plain words.</summary>
internal static class LessonWords
{
    private const int LongestReply = 120;

    public static string Of(LearnedLimit limit, in LaneSample sample, int seen, long holdUntil)
    {
        string refused = Refusal(sample);
        string again = Again(limit, sample.At);
        string wait = holdUntil - sample.At.UtcTicks >= TimeSpan.TicksPerSecond && limit.IsRate ? $"nothing for {Span(new TimeSpan(holdUntil - sample.At.UtcTicks))}, then " : "";
        if (limit.LastMove == LimitMove.Restore) return Restored(limit, refused, again);
        return limit.Kind switch
        {
            LimitKind.Concurrency => $"{Count(Math.Max(sample.SessionsOpen, limit.Value + 1), "session")} at once {(sample.SessionsOpen == 1 ? "was" : "were")} refused {refused} while {seen} {(seen == 1 ? "was" : "were")} served: at most {limit.Value} at once from now; {again}",
            LimitKind.ConnectionRate => $"a new connection was refused {refused} after {seen} in {RateSpan.Words(limit.Span)}: {wait}at most {limit.Value} in {RateSpan.Words(limit.Span)} from now; {again}",
            LimitKind.MessageRate => $"a message was refused {refused} after {seen} in {RateSpan.Words(limit.Span)}: {wait}at most {limit.Value} in {RateSpan.Words(limit.Span)} from now, sent evenly; {again}",
            _ => $"a session was ended {refused} after {Count(seen, "message")}: {Count(limit.Value, "message")} on one session from now; {again}",
        };
    }

    public static string Proven(LearnedLimit limit) => limit.Kind switch
    {
        LimitKind.Concurrency => $"{limit.Value} sessions at once are served now: more than before",
        LimitKind.SessionLength => $"{limit.Value} messages on one session are taken now: more than before",
        _ => $"{limit.Value} {(limit.Kind == LimitKind.MessageRate ? "messages" : "connections")} in {RateSpan.Words(limit.Span)} are taken now: more than before",
    };

    public static string Span(TimeSpan span) =>
        span.TotalSeconds < 100 ? Count((int)Math.Ceiling(span.TotalSeconds), "second")
        : span.TotalMinutes < 100 ? Count((int)Math.Round(span.TotalMinutes), "minute")
        : Count((int)Math.Round(span.TotalHours), "hour");

    private static string Restored(LearnedLimit limit, string refused, string again) => limit.Kind switch
    {
        LimitKind.Concurrency => $"more than {limit.Value} sessions at once were tried and refused {refused}: {limit.Value} again; {again}",
        LimitKind.SessionLength => $"more than {limit.Value} messages on one session were tried and refused {refused}: {limit.Value} again; {again}",
        _ => $"more than {limit.Value} in {RateSpan.Words(limit.Span)} were tried and refused {refused}: {limit.Value} again; {again}",
    };

    private static string Again(LearnedLimit limit, DateTimeOffset now)
    {
        var wait = TimeSpan.FromTicks(Math.Max(0, limit.ProbeAt - now.UtcTicks));
        return limit.Kind == LimitKind.Concurrency ? $"tried again with {limit.Value + 1} in {Span(wait)}" : $"a little more is tried in {Span(wait)}";
    }

    private static string Refusal(in LaneSample sample) => sample.Manner switch
    {
        RefusalManner.Reply when sample.Reply is { Length: > 0 } reply => $"with \"{(reply.Length <= LongestReply ? reply : reply[..LongestReply] + "…").ReplaceLineEndings(" ")}\"",
        RefusalManner.Reply => "with a reply",
        RefusalManner.Closed => "by closing the connection without a word",
        RefusalManner.Reset => "by a reset of the connection",
        _ => "by silence",
    };

    private static string Count(int number, string what) => string.Create(CultureInfo.InvariantCulture, $"{number} {what}{(number == 1 ? "" : "s")}");
}
