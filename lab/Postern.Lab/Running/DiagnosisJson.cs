using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Postern.Lab.Running;

/// <summary>Reads diagnoses as a program outside would: by the names of the JSON contract alone.</summary>
internal static class DiagnosisJson
{
    /// <summary>The first object with a verdict in the text, which may be wrapped in others or stand after other output; null when there is none.</summary>
    public static JsonObject? Find(string text)
    {
        foreach (int start in (int[])[text.IndexOf('{', StringComparison.Ordinal), text.IndexOf('[', StringComparison.Ordinal)])
            if (start >= 0 && Parse(text[start..]) is { } node && All(node).FirstOrDefault() is { } found) return found;
        return null;
    }

    /// <summary>The newest diagnosis about the target (its domain, or a host of it).</summary>
    public static JsonObject? Newest(string text, string target)
    {
        string name = target.Split(':')[0];
        return Parse(text) is { } node
            ? All(node).Where(d => Text(d, "target").Contains(name, StringComparison.OrdinalIgnoreCase)).OrderBy(d => Text(d, "at"), StringComparer.Ordinal).LastOrDefault()
            : null;
    }

    public static JsonObject None(string target) => new() { ["target"] = target, ["verdict"] = new JsonObject { ["cause"] = "none", ["confidence"] = 1 }, ["evidence"] = new JsonArray() };

    public static string CauseOf(JsonObject diagnosis) => Text(diagnosis["verdict"] as JsonObject, "cause");

    public static double ConfidenceOf(JsonObject diagnosis) => (diagnosis["verdict"] as JsonObject)?["confidence"] is JsonValue value && value.TryGetValue(out double confidence) ? confidence : 0;

    /// <summary>Each piece: its id, its sentence and the causes that it speaks for.</summary>
    public static IEnumerable<(string Id, string Observed, IReadOnlyList<string> Supports)> Evidence(JsonObject diagnosis) =>
        Items(diagnosis, "evidence").Select(e => (Text(e, "id"), Text(e, "observed"), (IReadOnlyList<string>)[.. (e["supports"] as JsonArray ?? []).Select(c => c!.ToString())]));

    public static IEnumerable<string> AlternativeCauses(JsonObject diagnosis) => Items(diagnosis, "alternatives").Select(e => Text(e, "cause"));

    /// <summary>All that a person reads of it.</summary>
    public static string Prose(JsonObject diagnosis) =>
        string.Join('\n', ((string[])["summary", "fix", "why"]).Select(k => Text(diagnosis["verdict"] as JsonObject, k)).Concat(Items(diagnosis, "evidence").Select(e => Text(e, "observed"))));

    public static bool SameVerdict(JsonObject a, JsonObject? b) =>
        b is not null && Text(a, "id") == Text(b, "id") && CauseOf(a) == CauseOf(b) && ConfidenceOf(a).Equals(ConfidenceOf(b));

    public static bool IsQueueEmpty(string status) =>
        Parse(status) is JsonObject root && root["queue"]?["messages"] is JsonValue messages && Convert.ToInt64(messages.ToString(), CultureInfo.InvariantCulture) == 0;

    private static JsonNode? Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static IEnumerable<JsonObject> All(JsonNode node)
    {
        if (node is JsonObject found && found["verdict"] is JsonObject) return [found];
        return node switch
        {
            JsonObject table => table.Where(p => p.Value is not null).SelectMany(p => All(p.Value!)),
            JsonArray list => list.Where(i => i is not null).SelectMany(i => All(i!)),
            _ => [],
        };
    }

    private static IEnumerable<JsonObject> Items(JsonObject from, string key) => (from[key] as JsonArray)?.OfType<JsonObject>() ?? [];

    private static string Text(JsonObject? from, string key) => from?[key] is JsonValue value ? value.ToString() : "";
}
