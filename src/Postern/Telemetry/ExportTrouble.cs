using System.Diagnostics.Tracing;
using Postern.Core.Telemetry;

namespace Postern.Telemetry;

/// <summary>Says in the log that the collector does not take what is sent, which the SDK tells to its own event source only. Once a minute at most.</summary>
internal sealed class ExportTrouble : EventListener
{
    private const string Source = "OpenTelemetry-Exporter-OpenTelemetryProtocol";

    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly EventSource? _found;
    private long? _told;

    public ExportTrouble(ILogger logger, TimeProvider time)
    {
        (_logger, _time) = (logger, time);
        // Sources that were there before are announced while the base is constructed, before there are fields.
        _found = EventSource.GetSources().FirstOrDefault(s => s.Name == Source);
        if (_found is not null) EnableEvents(_found, EventLevel.Error);
    }

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == Source && eventSource != _found) EnableEvents(eventSource, EventLevel.Error);
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (_logger is null || eventData.EventSource.Name != Source || eventData.Level > EventLevel.Error) return;
        lock (_logger)
        {
            if (_told is { } told && _time.GetElapsedTime(told) < Pause) return;
            _told = _time.GetTimestamp();
        }
        string words = string.Join(" ", (eventData.Payload ?? []).Select(p => p?.ToString()?.Split('\n')[0].Trim()).Where(p => p is { Length: > 0 }));
        PosternLog.ExportFailed(_logger, words.Length <= 300 ? words : words[..300]);
    }
}
