using System.Collections.Frozen;
using Tomlyn.Model;

namespace Postern.Diagnosis.Causes;

/// <summary>What one signal is worth: a row of knowledge/signals.toml.</summary>
/// <param name="Group">Signals of a group say much the same: the strongest counts whole, the rest a part.</param>
/// <param name="Stage">Of the mail's way; words of the report's contract.</param>
/// <param name="Weights">Evidence by cause, in log-odds; index is the cause's number, negative is against.</param>
/// <param name="Settles">What would tell the leading causes apart that this signal speaks for alike; null when it does not.</param>
/// <param name="IsAlwaysNamed">A trouble in itself: its cause is named beside the verdict, however small its share.</param>
internal sealed record SignalRow(string Id, string Group, string Stage, double[] Weights, string Source, string? Settles, bool IsAlwaysNamed);

/// <summary>What would tell two causes apart, unless it has been observed already.</summary>
internal sealed record SettlingRow(CauseId One, CauseId Other, string Text, IReadOnlyList<string> Unless)
{
    public bool Concerns(CauseId one, CauseId other) => (One == one && Other == other) || (One == other && Other == one);
}

/// <summary>Causes that one vantage point cannot tell apart: without one of the observations that would, none of them is certain.</summary>
internal sealed record LimitRow(IReadOnlyList<string> When, IReadOnlyList<string> Unless, IReadOnlyList<CauseId> Between, double Confidence)
{
    /// <param name="seen">Ids of the signals that are there.</param>
    public bool Applies(CauseId cause, IReadOnlySet<string> seen) => Between.Contains(cause) && When.Any(seen.Contains) && !Unless.Any(seen.Contains);
}

/// <summary>knowledge/signals.toml, read and checked. Immutable.</summary>
internal sealed class SignalTable
{
    private static readonly Lazy<SignalTable> Embedded = new(() => Parse(KnowledgeData.Text("signals.toml")));

    private readonly FrozenDictionary<string, SignalRow> _rows;

    private SignalTable(IEnumerable<SignalRow> rows) => _rows = rows.ToFrozenDictionary(r => r.Id, StringComparer.Ordinal);

    public static SignalTable Default => Embedded.Value;

    public IEnumerable<SignalRow> Rows => _rows.Values;

    /// <summary>Log-odds before anything is known, against <see cref="CauseId.Unknown"/>.</summary>
    public required double[] Priors { get; init; }
    public required IReadOnlyList<SettlingRow> Settling { get; init; }
    public required IReadOnlyList<LimitRow> Limits { get; init; }

    /// <summary>Groups that say nothing more once the peer has said in clear words why it refuses the mail, but for the part that still counts.</summary>
    public required IReadOnlySet<string> SilencedByWords { get; init; }
    public required double SilencedShare { get; init; }

    /// <summary>How much of a group's other signals counts beside its strongest.</summary>
    public required double RepeatedShare { get; init; }

    /// <summary>Below it the best cause is not named.</summary>
    public required double LeastConfidence { get; init; }

    public SignalRow Of(string id) => _rows[id];
    public SignalRow? Find(string id) => _rows.GetValueOrDefault(id);

    /// <summary>How sure of a cause one may be at most, with these signals; 1 where nothing limits it.</summary>
    public double CeilingOf(CauseId cause, IReadOnlySet<string> seen) =>
        Limits.Where(l => l.Applies(cause, seen)).Select(l => l.Confidence).DefaultIfEmpty(1).Min();

    /// <exception cref="InvalidDataException">A word that is not known: a broken build, since the file is the program's own.</exception>
    public static SignalTable Parse(string text)
    {
        var root = KnowledgeData.Parse(text);
        var priors = new double[Enum.GetValues<CauseId>().Length];
        Fill(priors, KnowledgeData.Table(root, "prior"), 1);
        var words = KnowledgeData.Table(root, "words");
        return new SignalTable(KnowledgeData.Tables(root, "signal").Select(Row))
        {
            Priors = priors,
            Settling = [.. KnowledgeData.Tables(root, "settles").Select(Settler)],
            Limits = [.. KnowledgeData.Tables(root, "limit").Select(Limit)],
            SilencedByWords = KnowledgeData.Strings(words, "silence").ToFrozenSet(StringComparer.Ordinal),
            SilencedShare = KnowledgeData.Number(words, "share"),
            LeastConfidence = KnowledgeData.Number(KnowledgeData.Table(root, "verdict"), "least"),
            RepeatedShare = KnowledgeData.Number(KnowledgeData.Table(root, "group"), "repeated_share"),
        };
    }

    private static SignalRow Row(TomlTable row)
    {
        var weights = new double[Enum.GetValues<CauseId>().Length];
        if (row.TryGetValue("for", out object? supports)) Fill(weights, (TomlTable)supports, 1);
        if (row.TryGetValue("against", out object? opposes)) Fill(weights, (TomlTable)opposes, -1);
        return new SignalRow(KnowledgeData.String(row, "id"), KnowledgeData.String(row, "group"), KnowledgeData.String(row, "stage"), weights, KnowledgeData.String(row, "source"), row.TryGetValue("settles", out object? settles) ? (string)settles : null, row.TryGetValue("named", out object? named) && named is true);
    }

    private static void Fill(double[] weights, TomlTable table, int sign)
    {
        foreach (var (name, value) in table) weights[(int)Cause(name)] += sign * Convert.ToDouble(value);
    }

    private static SettlingRow Settler(TomlTable row)
    {
        var between = KnowledgeData.Strings(row, "between");
        return new SettlingRow(Cause(between[0]), Cause(between[1]), KnowledgeData.String(row, "text"), KnowledgeData.Strings(row, "unless"));
    }

    private static LimitRow Limit(TomlTable row) =>
        new(KnowledgeData.Strings(row, "when"), KnowledgeData.Strings(row, "unless"), [.. KnowledgeData.Strings(row, "between").Select(Cause)], KnowledgeData.Number(row, "confidence"));

    private static CauseId Cause(string name) => CauseTable.TryParse(name, out var id) ? id : throw new InvalidDataException($"no cause is called \"{name}\"");
}
