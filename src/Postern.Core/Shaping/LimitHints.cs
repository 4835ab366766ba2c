using Postern.Diagnosis.Causes;
using Tomlyn.Model;

namespace Postern.Core.Shaping;

/// <summary>What the words of a reply say of a limit.</summary>
/// <param name="Kind">None: nothing.</param>
/// <param name="Window">"per hour"; null when the words do not say.</param>
internal readonly record struct LimitHint(LimitKind Kind, TimeSpan? Window);

/// <summary>Reads limits out of replies: the hints of knowledge/limits.toml, the first that matches. Pure, thread safe.</summary>
internal static class LimitHints
{
    private const int LongestReply = 2048;

    private static readonly Lazy<Row[]> Rows = new(() => [.. KnowledgeData.Tables(KnowledgeData.Parse(KnowledgeData.Text("limits.toml")), "hint").Select(Read)]);

    /// <param name="reply">The reply as it came, all lines; codes may stand in it.</param>
    public static LimitHint Of(string reply)
    {
        if (reply.Length > LongestReply) reply = reply[..LongestReply];
        string plain = Plain(reply);
        foreach (var row in Rows.Value)
            if (row.Groups.All(words => words.Any(w => plain.Contains(w, StringComparison.Ordinal)))) return row.Hint;
        return default;
    }

    /// <summary>Lower case, single spaces, without the codes that begin the further lines of a reply.</summary>
    private static string Plain(string reply) =>
        string.Join(' ', reply.ToLowerInvariant().Split([' ', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries).Where(w => !char.IsAsciiDigit(w[0]) || w.Length < 4 || w[3] != '-'));

    private static Row Read(TomlTable table)
    {
        string[][] groups = [.. KnowledgeData.Strings(table, "words").Select(g => g.Split('|'))];
        if (groups.Length == 0) throw new InvalidDataException("a hint without words matches everything");
        KnowledgeData.String(table, "source");
        if (table.TryGetValue("ignore", out object? ignore) && ignore is true) return new Row(groups, default);
        var kind = KnowledgeData.String(table, "kind") switch
        {
            "concurrency" => LimitKind.Concurrency,
            "connection-rate" => LimitKind.ConnectionRate,
            "message-rate" => LimitKind.MessageRate,
            "session-length" => LimitKind.SessionLength,
            var other => throw new InvalidDataException($"{other} is no kind of limit"),
        };
        TimeSpan? window = !table.ContainsKey("per") ? null : KnowledgeData.String(table, "per") switch
        {
            "minute" => TimeSpan.FromMinutes(1),
            "hour" => TimeSpan.FromHours(1),
            "day" => TimeSpan.FromDays(1),
            var other => throw new InvalidDataException($"per {other} is not counted"),
        };
        return new Row(groups, new LimitHint(kind, window));
    }

    private sealed record Row(string[][] Groups, LimitHint Hint);
}
