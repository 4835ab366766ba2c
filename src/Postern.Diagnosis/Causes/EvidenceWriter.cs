using Postern.Protocols.Smtp;

namespace Postern.Diagnosis.Causes;

/// <summary>Signals as a report's evidence: what weighs most for or against the verdict first.</summary>
internal static class EvidenceWriter
{
    private const int Most = 40;

    /// <summary>Smaller weights are hints that would only clutter a list.</summary>
    private const double Telling = 0.5;

    private static readonly string[] Speakers = ["peer", "us", "dns", "network"];

    public static IReadOnlyList<EvidenceItem> Write(CauseId verdict, IReadOnlyList<Signal> signals, SignalTable table) =>
        [.. signals.OrderByDescending(s => Math.Abs(Ranking.WeightOf(s, verdict, table))).Select(s => Item(s, table)).GroupBy(i => (i.Observed, i.SaidBy)).Select(g => Merged([.. g])).Take(Most)];

    public static string WordOf(Speaker speaker) => Speakers[(int)speaker];

    private static EvidenceItem Item(Signal signal, SignalTable table)
    {
        var weights = table.Of(signal.Id).Weights;
        return new EvidenceItem(signal.Id, WordOf(signal.SaidBy), signal.Observed, Causes(weights, signal.Strength), Causes(weights, -signal.Strength), signal.Milliseconds);
    }

    /// <summary>One observation is told once, whatever it gave rise to; by the name of what weighs most.</summary>
    private static EvidenceItem Merged(IReadOnlyList<EvidenceItem> same)
    {
        if (same.Count == 1) return same[0];
        List<string> supports = [.. same.SelectMany(i => i.Supports).Distinct()];
        return same[0] with { Supports = supports, Against = [.. same.SelectMany(i => i.Against).Distinct().Except(supports)] };
    }

    /// <summary>Strongest first; "unknown" is no cause to point at.</summary>
    private static IReadOnlyList<string> Causes(double[] weights, double factor)
    {
        var found = new List<(CauseId Cause, double Weight)>(4);
        for (int i = 0; i < weights.Length; i++)
            if (weights[i] * factor >= Telling && (CauseId)i != CauseId.Unknown) found.Add(((CauseId)i, weights[i] * factor));
        found.Sort((a, b) => b.Weight.CompareTo(a.Weight));
        return found.ConvertAll(f => CauseTable.NameOf(f.Cause));
    }
}
