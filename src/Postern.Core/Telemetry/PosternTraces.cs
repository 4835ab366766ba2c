using System.Diagnostics;

namespace Postern.Core.Telemetry;

/// <summary>
/// The spans of a message's way: accept, keep below it, and each attempt, all in one trace. Where nobody listens, or the message is not among the share that is traced, there is no span and
/// asking costs a look at a list. The trace goes with the message: its traceparent (W3C Trace Context) is kept in the envelope, so that attempts after a restart stand under the accept span too.
/// </summary>
internal static class PosternTraces
{
    public const string SourceName = "Postern";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>True while somebody listens.</summary>
    public static bool IsOn => Source.HasListeners();

    /// <summary>Starts a span that is nobody's current one: sessions and loops go from message to message, and what one of them left behind must not become the next one's parent.</summary>
    /// <param name="parent">Default for a trace of its own.</param>
    /// <returns>Null where it is not traced.</returns>
    public static Activity? Begin(string name, ActivityKind kind, ActivityContext parent, DateTimeOffset start)
    {
        if (!Source.HasListeners()) return null;
        var current = Activity.Current;
        try
        {
            Activity.Current = null;
            return Source.StartActivity(kind, parent, startTime: start, name: name);
        }
        finally
        {
            Activity.Current = current;
        }
    }

    /// <summary>Ends a span at a time of the relay's own clock.</summary>
    public static void End(Activity span, DateTimeOffset at)
    {
        var current = Activity.Current;
        span.SetEndTime(at.UtcDateTime);
        span.Stop();
        if (current != span) Activity.Current = current;
    }

    /// <summary>What is kept with the message; null for one that is not traced.</summary>
    public static string? Traceparent(Activity? span) => span is { Recorded: true } ? span.Id : null;

    /// <summary>Log lines that are written inside carry the span's ids. Only for a span that has not ended, and code that does not await.</summary>
    public static Scope As(Activity? span) => new(span);

    internal readonly ref struct Scope
    {
        private readonly Activity? _before;
        private readonly bool _isSet;

        public Scope(Activity? span)
        {
            if (span is null) return;
            (_before, _isSet) = (Activity.Current, true);
            Activity.Current = span;
        }

        public void Dispose()
        {
            if (_isSet) Activity.Current = _before;
        }
    }
}
