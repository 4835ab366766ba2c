using System.Text.Json;
using Postern.Cli;
using Postern.Core.Events;

namespace Postern.Dashboard;

/// <summary>An event as a page shows it.</summary>
/// <param name="Words">Half a sentence.</param>
public sealed record EventLine(long Id, DateTimeOffset At, string Type, string Subject, string Words)
{
    public string Tone => EventWords.IsTrouble(Type) ? "bad" : EventWords.IsGood(Type) ? "good" : "plain";

    /// <summary>The incident that it belongs to; null where it belongs to none.</summary>
    public string? Incident { get; init; }

    /// <summary>Null for what is no event of a message.</summary>
    public string? Message { get; init; }

    internal static EventLine Of(RelayEvent found)
    {
        using var line = JsonDocument.Parse(found.Line);
        var root = line.RootElement;
        string type = Text(root, "type");
        var data = root.TryGetProperty("data", out var member) ? member : default;
        string? id = data.ValueKind == JsonValueKind.Object && data.TryGetProperty("id", out var named) ? named.GetString() : null;
        return new EventLine(found.Id, found.At ?? default, type, Text(root, "subject"), data.ValueKind == JsonValueKind.Object ? EventWords.Of(type, data) : "")
        {
            Incident = type.StartsWith("incident.", StringComparison.Ordinal) ? id : null,
            Message = type.StartsWith("message.", StringComparison.Ordinal) ? id : null,
        };
    }

    private static string Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";
}

/// <summary>The end of the event log in memory: reads only what is new, and of a flood only its end. For one caller at a time.</summary>
internal sealed class EventTail
{
    public const int Most = 200;

    private List<EventLine> _lines = [];
    private long _last;

    /// <summary>Newest first.</summary>
    public IReadOnlyList<EventLine> Read(EventLog log)
    {
        long last = log.LastId;
        if (last == _last) return _lines;
        var fresh = log.Read(Math.Max(_last, last - Most), Most);
        _last = last;
        if (fresh.Count > 0) _lines = [.. fresh.Reverse().Select(EventLine.Of), .. _lines.Take(Most - fresh.Count)];
        return _lines;
    }
}
