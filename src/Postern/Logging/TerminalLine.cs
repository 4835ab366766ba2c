using System.Buffers;
using System.Globalization;
using System.Text;
using Postern.Core.Configuration;

namespace Postern.Logging;

/// <summary>
/// A line for a person at a terminal: the time of day, one word, then what matters of the event in reading order. Every event is shown; those that an operator
/// reads all day have a layout of their own, the others are the words and pairs of <see cref="TextLine"/>. What the log holds more is in a file's or a pipe's form.
/// </summary>
internal static class TerminalLine
{
    private const string Dim = "2", Red = "31", Green = "32", Yellow = "33", Cyan = "36", Bold = "1";

    public static void Write(IBufferWriter<byte> output, in LogLine line, TimeZoneInfo zone, bool useColour)
    {
        var text = new StringBuilder(160);
        var ink = new Ink(text, useColour);
        var fields = new Fields(line);
        ink.Add(TimeZoneInfo.ConvertTime(line.At, zone).ToString("HH:mm:ss", CultureInfo.InvariantCulture), Dim).Add("  ");
        switch (line.EventId)
        {
            case 2010 or 2014: Accepted(ink, fields); break;
            case 2011: Refused(ink, fields); break;
            case 5001: Attempted(ink, fields); break;
            case 4001: Word(ink, "down", Yellow).Add(fields["upstream"], Bold).Add($"  {fields["stage"]}: {fields["detail"]}").Add($"  next try {fields.Until("next_try")}", Dim); break;
            case 4002: Word(ink, "up", Green).Add(fields["upstream"], Bold).Add("  reachable again"); break;
            case 1020: Word(ink, "arrived", Cyan).Add($"{fields["from"]} → {fields["to"]}  {fields.Size("size")}  ").Add(fields["subject"], Bold); break;
            case 1002: Word(ink, "stopping", Bold).Add($"{fields["signal"]}: no new mail, what is under way has {fields["grace_s"]} s").Add("  again to stop at once", Dim); break;
            case 1003: Word(ink, "stopped", Bold).Add($"{(fields["waiting"] == "0" ? "nothing waits" : fields["waiting"] == "1" ? "1 message waits, kept" : $"{fields["waiting"]} messages wait, kept")}").Add($"  after {fields["took_ms"]} ms", Dim); break;
            default: Other(ink, line, fields); break;
        }
        text.Append('\n');
        foreach (var chunk in text.GetChunks()) Encoding.UTF8.GetBytes(chunk.Span, output);
    }

    private static void Accepted(Ink ink, Fields fields)
    {
        Word(ink, "accepted", Bold).Add(fields["id"], Dim).Add($"  from {(fields["from"].Length == 0 ? "<>" : fields["from"])} for {fields.Count("rcpts", "recipient")}, {fields.Size("size")}");
        ink.Add($"  {fields["client"]}{(fields["user"] is { Length: > 0 } user ? $" as {user}" : "")}{(fields["tls"] is { Length: > 0 } tls ? $", {tls}" : "")}", Dim);
        if (fields["reply"] is { Length: > 0 } reply) ink.Add($"  {reply}");
    }

    private static void Refused(Ink ink, Fields fields)
    {
        Word(ink, "refused", Yellow).Add($"{fields["client"]}  {fields["from"]}{(fields["to"] is { Length: > 0 } to ? $" → {to}" : "")}").Add($"  {fields["reply"]}");
    }

    private static void Attempted(Ink ink, Fields fields)
    {
        string outcome = fields["outcome"];
        bool isGood = outcome == "delivered";
        Word(ink, outcome == "next_host" ? "not taken" : outcome, isGood ? Green : outcome == "bounced" ? Red : Yellow);
        // One recipient's fate is the outcome; of several, each keeps its own.
        string recipients = fields["rcpt"];
        ink.Add(fields["id"], Dim).Add($"  {(recipients.Contains(',', StringComparison.Ordinal) ? recipients.Replace(",", ", ", StringComparison.Ordinal) : recipients[..Math.Max(0, recipients.LastIndexOf(':'))])}");
        ink.Add($"  by {fields["upstream"]}");
        ink.Add(isGood ? $"  {fields["reply"]}" : $"  {fields["stage"]}: {fields["reply"]}", isGood ? Dim : "");
        if (fields["cause"] is { Length: > 0 } cause) ink.Add("  ").Add(cause, Cyan);
        ink.Add($"  {fields["ms"]} ms{(fields["tls"] is "none" or "" ? "" : $", {fields["tls"]}")}", Dim);
    }

    private static void Other(Ink ink, in LogLine line, Fields fields)
    {
        ink.Add(line.Level switch { LogLevel.Warning => "warning  ", LogLevel.Error or LogLevel.Critical => "error  ", _ => "" }, line.Level == LogLevel.Warning ? Yellow : Red);
        ink.Add(Printable(line.Phrase), Bold);
        foreach (string key in fields.Keys) ink.Add($"  {key} ", Dim).Add(fields[key]);
        if (line.Exception is { } exception) ink.Add("  ").Add(Printable(line.Level >= LogLevel.Error ? exception.ToString() : $"{exception.GetType().Name}: {exception.Message}"));
    }

    private static Ink Word(Ink ink, string word, string colour) => ink.Add(word, colour).Add(new string(' ', Math.Max(1, 11 - word.Length)));

    private static string Printable(string text) => text.Any(char.IsControl) ? string.Concat(text.Select(c => c == '\n' ? "\\n" : char.IsControl(c) ? "?" : c.ToString())) : text;

    private sealed class Ink(StringBuilder text, bool useColour)
    {
        public Ink Add(string words, string style = "")
        {
            if (!useColour || style.Length == 0 || words.Length == 0) text.Append(words);
            else text.Append("\e[").Append(style).Append('m').Append(words).Append("\e[0m");
            return this;
        }
    }

    /// <summary>The event's values by key, as text without control characters; "" for what is absent.</summary>
    private readonly struct Fields(LogLine line)
    {
        public IEnumerable<string> Keys
        {
            get
            {
                if (line is not { Pairs: { } pairs, Template: { } template }) yield break;
                for (int i = 0; i < pairs.Count - 1; i++)
                    if (pairs[i].Value is not null) yield return template.KeyOf(pairs[i].Key);
            }
        }

        public string this[string key] => Raw(key) is var (value, format) && value is not null ? Printable(LogValue.Text(value, format)) : "";

        public string Count(string key, string word) => $"{this[key]} {word}{(this[key] == "1" ? "" : "s")}";

        public string Size(string key) => Raw(key).Value is long bytes ? Cli.Output.Size(bytes) : this[key];

        /// <summary>"in 5s": how long from the line's time.</summary>
        public string Until(string key) => Raw(key).Value is DateTimeOffset at && at - line.At is var left && left > TimeSpan.Zero
            ? $"in {ConfigValues.Format(TimeSpan.FromSeconds(Math.Ceiling(left.TotalSeconds)))}" : "now";

        private (object? Value, string? Format) Raw(string key)
        {
            if (line is { Pairs: { } pairs, Template: { } template })
            {
                for (int i = 0; i < pairs.Count - 1; i++)
                    if (template.KeyOf(pairs[i].Key) == key) return (pairs[i].Value, template.FormatOf(pairs[i].Key));
            }
            return default;
        }
    }
}
