using System.Globalization;
using System.Text.Json;
using Postern.Core.Diagnoses;

namespace Postern.Cli;

/// <summary>An event as half a sentence for a person. What is missing in its data is left out: a relay of another version may say less.</summary>
internal static class EventWords
{
    private const int Longest = 200;

    public static bool IsTrouble(string type) => type is "incident.opened" or "upstream.down" or "message.bounced" or "egress.rested" or "audit.refused";

    public static bool IsGood(string type) => type is "incident.closed" or "upstream.up" or "egress.returned";

    public static string Of(string type, JsonElement data) => type switch
    {
        "relay.started" => $"version {Text(data, "version")}, listening on {Texts(data, "listening")}, {Messages(data)} waiting",
        "relay.stopped" => $"after {Span(data, "ran_s")}, {Messages(data)} waiting",
        "config.reloaded" => Text(data, "result") == "refused" ? $"refused, the old one runs on: {Texts(data, "mistakes")}" : "in force",
        "incident.opened" or "incident.refined" => $"{Verdict(data)} [{Text(data, "id")}]",
        "incident.acted" => $"{Text(data, "cause")}: {(data.TryGetProperty("actions", out var actions) && actions.GetArrayLength() > 0 ? Text(actions[actions.GetArrayLength() - 1], "did") : "")} [{Text(data, "id")}]",
        "incident.closed" => $"{Text(data, "cause")} is over after {Lasted(data)}: {Text(data, "settled")} [{Text(data, "id")}]",
        "upstream.down" => $"at {Text(data, "stage")}: {Text(data, "reason")}",
        "upstream.up" => $"after {Span(data, "down_s")}",
        "limit.learned" => Text(data, "lesson"),
        "egress.rested" => $"{Address(data)}{Text(data, "reason")}",
        "egress.returned" => $"{Address(data)}{Text(data, "settled")}, after {Span(data, "rested_s")}",
        "message.bounced" => $"from {Sender(data)}: {Recipients(data)}",
        "message.delayed" => $"{Sender(data)} was told: {Recipients(data)}",
        "audit.action" => $"{Text(data, "did")}{(Text(data, "on") is { Length: > 0 } on ? $" {on}" : "")}{(data.TryGetProperty("count", out var count) ? $", {count} changed" : "")}: {Text(data, "outcome")} ({Person(data)})",
        "audit.refused" => $"{Text(data, "did")}: {Text(data, "outcome")} ({Person(data)})",
        "audit.signed-in" => $"signed in ({Person(data)})",
        _ => Cut(data.GetRawText()),
    };

    private static string Verdict(JsonElement data) =>
        data.TryGetProperty("diagnosis", out var diagnosis) && diagnosis.TryGetProperty("verdict", out var verdict)
            ? $"{Text(verdict, "cause")} ({PlainWords.Confidence(Number(verdict, "confidence"))}): {PlainWords.FirstSentence(Text(verdict, "summary"), Longest)}"
            : Text(data, "cause");

    private static string Recipients(JsonElement data)
    {
        if (!data.TryGetProperty("recipients", out var recipients) || recipients.GetArrayLength() == 0) return "";
        var first = recipients[0];
        double total = Number(data, "recipients_total");
        string others = total > 1 ? string.Create(CultureInfo.InvariantCulture, $" and {total - 1:N0} more") : "";
        string cause = Text(first, "cause") is { Length: > 0 } known ? $", {known}" : "";
        string said = Text(first, "reply") is { Length: > 0 } reply ? $": {reply}" : Text(first, "detail") is { Length: > 0 } detail ? $": {detail}" : "";
        return Cut($"{Text(first, "address")}{others}{cause}{said}");
    }

    private static string Person(JsonElement data) => string.Join(", ", new[] { Text(data, "role"), Text(data, "way") is { Length: > 0 } way ? $"by {way}" : "", Text(data, "from") is { Length: > 0 } from ? $"from {from}" : "" }.Where(t => t.Length > 0));

    private static string Sender(JsonElement data) => Text(data, "sender") is { Length: > 0 } sender ? sender : "<>";

    private static string Address(JsonElement data) => Text(data, "address") is { Length: > 0 } address ? address + ": " : "";

    private static string Messages(JsonElement data) => Number(data, "waiting") is var n && n == 1 ? "1 message" : string.Create(CultureInfo.InvariantCulture, $"{n:N0} messages");

    private static string Lasted(JsonElement data) => DateTimeOffset.TryParse(Text(data, "opened_at"), CultureInfo.InvariantCulture, out var opened) && DateTimeOffset.TryParse(Text(data, "closed_at"), CultureInfo.InvariantCulture, out var closed) ? Age(closed - opened) : "a while";

    private static string Span(JsonElement data, string name) => Age(TimeSpan.FromSeconds(Number(data, name)));

    private static string Age(TimeSpan span) => span < TimeSpan.FromSeconds(1) ? "less than a second" : Output.Age(span);

    private static string Text(JsonElement data, string name) => data.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? Cut(value.GetString()!) : "";

    private static string Texts(JsonElement data, string name) => data.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array ? Cut(string.Join(", ", value.EnumerateArray().Select(v => v.ToString()))) : "";

    private static double Number(JsonElement data, string name) => data.TryGetProperty(name, out var value) && value.TryGetDouble(out double number) ? number : 0;

    /// <summary>On one line, whatever a peer said.</summary>
    private static string Cut(string text)
    {
        text = string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
        return text.Length <= Longest * 2 ? text : text[..(Longest * 2 - 1)] + "…";
    }
}
