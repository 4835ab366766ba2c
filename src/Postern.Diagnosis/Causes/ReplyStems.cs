using System.Collections.Frozen;
using System.Globalization;

namespace Postern.Diagnosis.Causes;

/// <summary>
/// What beginnings of words and pairs of them say of a reply whose wording no row knows: knowledge/reply-stems.toml, learned from labelled replies. They add to what
/// rows say and seldom outweigh one; what codes say is for rows. Pure; one look-up per word and pair.
/// </summary>
internal sealed class ReplyStems
{
    /// <summary>Letters that are kept of a word alone, and of each of a pair. The learner cuts the same (knowledge/learn-stems.py).</summary>
    internal const int Single = 6, Pair = 5;

    private static readonly Lazy<ReplyStems> Embedded = new(() => Parse(KnowledgeData.Text("reply-stems.toml")));
    private readonly FrozenDictionary<string, ReplyStem> _stems;
    private readonly FrozenDictionary<string, ReplyStem>.AlternateLookup<ReadOnlySpan<char>> _byText;

    private ReplyStems(Dictionary<string, ReplyStem> stems)
    {
        _stems = stems.ToFrozenDictionary(StringComparer.Ordinal);
        _byText = _stems.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public static ReplyStems Default => Embedded.Value;
    public static ReplyStems None { get; } = new([]);
    public IEnumerable<ReplyStem> All => _stems.Values;

    /// <summary>[stems]: the text of a stem, and its weights as "label weight label weight".</summary>
    public static ReplyStems Parse(string toml)
    {
        var stems = new Dictionary<string, ReplyStem>(StringComparer.Ordinal);
        foreach (var (text, value) in KnowledgeData.Table(KnowledgeData.Parse(toml), "stems")) stems.Add(text, new ReplyStem(text, Weights(text, value as string ?? "")));
        return new ReplyStems(stems);
    }

    /// <summary>Each stem that is there, once.</summary>
    public List<ReplyStem> Find(string plain)
    {
        var found = new List<ReplyStem>();
        if (_stems.Count == 0) return found;
        var seen = new HashSet<ReplyStem>(ReferenceEqualityComparer.Instance);
        Span<char> pair = stackalloc char[2 * Pair + 1];
        int kept = 0;
        foreach (var range in plain.AsSpan().Split(' '))
        {
            var word = plain.AsSpan(range);
            if (word.IsEmpty) continue;
            // A host name, whichever it is.
            if (word[0] == '~') word = word[..1];
            else if (word.ContainsAnyInRange('0', '9')) continue;
            Add(Cut(word, Single), found, seen);
            var end = Cut(word, Pair);
            if (kept > 0)
            {
                pair[kept] = ' ';
                end.CopyTo(pair[(kept + 1)..]);
                Add(pair[..(kept + 1 + end.Length)], found, seen);
            }
            end.CopyTo(pair);
            kept = end.Length;
        }
        return found;
    }

    private void Add(ReadOnlySpan<char> text, List<ReplyStem> found, HashSet<ReplyStem> seen)
    {
        if (_byText.TryGetValue(text, out var stem) && seen.Add(stem)) found.Add(stem);
    }

    private static ReadOnlySpan<char> Cut(ReadOnlySpan<char> word, int length) => word.Length > length ? word[..length] : word;

    private static (ReplyLabel, double)[] Weights(string stem, string text)
    {
        string[] parts = text.Split(' ');
        if (parts.Length % 2 != 0) throw new InvalidDataException($"reply-stems.toml: '{stem}' must have a weight for each label");
        var weights = new (ReplyLabel, double)[parts.Length / 2];
        for (int i = 0; i < weights.Length; i++)
        {
            if (!ReplyLabels.TryParse(parts[2 * i], out var label)) throw new InvalidDataException($"reply-stems.toml: '{stem}': '{parts[2 * i]}' is not a label");
            if (!double.TryParse(parts[2 * i + 1], NumberStyles.Float, CultureInfo.InvariantCulture, out double weight) || !double.IsFinite(weight)) throw new InvalidDataException($"reply-stems.toml: '{stem}': '{parts[2 * i + 1]}' is not a number");
            weights[i] = (label, weight);
        }
        return weights;
    }
}

/// <summary>The beginning of a word ("mailbo") or of two ("user unkno"), and what it adds to labels, in log-odds.</summary>
internal sealed record ReplyStem(string Text, (ReplyLabel Label, double Weight)[] Weights)
{
    public double For(ReplyLabel label)
    {
        foreach (var (at, weight) in Weights)
            if (at == label) return weight;
        return 0;
    }
}
