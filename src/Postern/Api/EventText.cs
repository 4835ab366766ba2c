using System.Globalization;
using System.Text.Json;
using Postern.Core.Configuration;
using Postern.Core.Events;

namespace Postern.Api;

/// <summary>Between the event log and the API's words; the CLI uses the same words.</summary>
internal static class EventText
{
    /// <summary>Reads what is wanted, given as text. Null when something is wrong, with the problem.</summary>
    public static EventQuery? ReadQuery(Func<string, string?> value, DateTimeOffset now, out ProblemContract? problem)
    {
        problem = null;
        var query = new EventQuery();
        if (value("after") is { } after)
        {
            if (!long.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out long id)) problem = Problems.Wrong($"not an event's id: {after}", "ids are whole numbers; 'postern events' shows them");
            query = query with { After = id };
        }
        if (value("since") is { } since)
        {
            if (ConfigValues.TryParseDuration(since, out var ago)) query = query with { Since = now - ago };
            else if (DateTimeOffset.TryParse(since, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)) query = query with { Since = at };
            else problem = Problems.Wrong($"not a time: {since}", "write it like 30m, 4h or 2d, or 2026-01-31T12:00:00Z");
        }
        if (value("type") is { } types)
        {
            string[] wanted = types.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            if (Array.Find(wanted, t => !EventTypes.IsPattern(t)) is { } wrong)
                problem = Problems.Wrong($"no such type of event: {wrong}", Suggestion.For(wrong, EventTypes.All.Select(t => t.Word)) is { } near ? $"did you mean {near}?" : "use a type such as incident.opened, or a family such as incident.*; the guide has them all");
            query = query with { Types = wanted };
        }
        query = query with { Limit = Count("limit", query.Limit, ref problem), Latest = value("latest") is null ? null : Count("latest", 1, ref problem) };
        return problem is null ? query : null;

        int Count(string name, int without, ref ProblemContract? wrong)
        {
            if (value(name) is not { } text) return without;
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count is >= 1 and <= EventQuery.MostAtOnce) return count;
            wrong = Problems.Wrong($"not a number of events: {text}", $"use 1 to {EventQuery.MostAtOnce}");
            return without;
        }
    }

    public static EventsContract Contract(EventPage page) => new([.. page.Events.Select(Element)], page.Next, page.Last);

    private static JsonElement Element(RelayEvent found)
    {
        using var line = JsonDocument.Parse(found.Line);
        return line.RootElement.Clone();
    }
}
