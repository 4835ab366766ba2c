using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using Postern.Core.Configuration;

namespace Postern.Logging;

/// <summary>Writes each event as one line: JSON, or text in full, or on a terminal its short form. Level and format can change while it runs.</summary>
internal sealed class LineLoggerProvider : ILoggerProvider
{
    private readonly LogSink _sink;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, LineLogger> _loggers = new(StringComparer.Ordinal);
    private volatile Format _format;
    private volatile Phase _phase;

    /// <param name="form">Of text; JSON has one form.</param>
    public LineLoggerProvider(Stream stream, LogConfig config, TextForm form, TimeProvider time)
    {
        _time = time;
        _format = new Format(config, form);
        _sink = new LogSink(stream, count => _format.Config.Format == LogFormat.Json
            ? $$"""{"time":"{{Now()}}","level":"warning","event":"log lines dropped","count":{{count}}}""" + "\n"
            : $"{Now()} warn  log lines dropped count={count}\n");
    }

    public void Apply(LogConfig config) => _format = _format with { Config = config };

    public ILogger CreateLogger(string categoryName) => _loggers.GetOrAdd(categoryName, name => new LineLogger(this, name));

    public void Dispose() => _sink.Dispose();

    /// <summary>On a terminal the banner tells what the events of a start do, and the last line what those of a stop do.</summary>
    private bool IsSaidAlready(in LogLine line)
    {
        switch (line.EventId)
        {
            case 1001: _phase = Phase.Running; return true;
            case 1002: _phase = Phase.Stopping; return false;
            case 2001 or 3001: return _phase == Phase.Starting;
            case 2002: return _phase == Phase.Stopping;
            default: return false;
        }
    }

    private enum Phase { Starting, Running, Stopping }

    private string Now() => _time.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

    private sealed record Format(LogConfig Config, TextForm Form)
    {
        public LogLevel Level { get; } = LevelOf(Config);
    }

    /// <summary>The least that is written.</summary>
    public static LogLevel LevelOf(LogConfig config) => config.Level switch
    {
        LogLevelName.Debug => LogLevel.Debug,
        LogLevelName.Warning => LogLevel.Warning,
        LogLevelName.Error => LogLevel.Error,
        _ => LogLevel.Information,
    };

    private sealed class LineLogger(LineLoggerProvider provider, string category) : ILogger
    {
        [ThreadStatic]
        private static ArrayBufferWriter<byte>? _buffer;

        // A library's daily business is not the operator's. What the web host says when it cannot start, with a stack, is said by us in one line.
        private readonly LogLevel _least = category.StartsWith("Postern", StringComparison.Ordinal) ? LogLevel.Trace
            : category.StartsWith("Microsoft.Extensions.Hosting", StringComparison.Ordinal) ? LogLevel.None : LogLevel.Warning;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= provider._format.Level && logLevel >= _least && logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel)) return;
            var format = provider._format;
            var buffer = _buffer ??= new ArrayBufferWriter<byte>(512);
            buffer.ResetWrittenCount();
            var pairs = state as IReadOnlyList<KeyValuePair<string, object?>>;
            var template = pairs is { Count: > 0 } && pairs[^1].Value is string original ? LogTemplate.Of(original) : null;
            bool split = template is { FollowsConvention: true };
            var line = new LogLine(provider._time.GetUtcNow(), logLevel, eventId.Id, split ? template!.Phrase : formatter(state, exception), split ? pairs : null, template, exception);
            if (format.Config.Format == LogFormat.Json) JsonLine.Write(buffer, line);
            else if (format.Form == TextForm.Full) TextLine.Write(buffer, line);
            else if (provider.IsSaidAlready(line)) return;
            else TerminalLine.Write(buffer, line, provider._time.LocalTimeZone, useColour: format.Form == TextForm.Colour);
            provider._sink.Append(buffer.WrittenSpan);
        }
    }
}

/// <summary>Full is for files and pipes; the short ones for a person who looks on at a terminal.</summary>
internal enum TextForm { Full, Short, Colour }

/// <param name="Pairs">Null when the phrase is all there is.</param>
internal readonly record struct LogLine(DateTimeOffset At, LogLevel Level, int EventId, string Phrase, IReadOnlyList<KeyValuePair<string, object?>>? Pairs, LogTemplate? Template, Exception? Exception)
{
    /// <summary>How a time that a line tells of is written; its own is to the millisecond.</summary>
    public const string Time = "yyyy-MM-ddTHH:mm:ssZ";
}
