using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;

namespace Postern.Diagnosis.Causes;

/// <summary>
/// Signals to shares over all causes, by adding evidence in log-odds. <see cref="CauseId.Unknown"/> stays at 0 and competes, so that little evidence gives no great name. Pure;
/// never throws for any signals of the table.
/// </summary>
/// <param name="Shares">By the cause's number; sums to 1.</param>
/// <param name="Ceiling">What the confidence in the leading cause may not exceed, whatever such shares have proved to be worth: it cannot be told from another from here.</param>
internal sealed record Ranking(double[] Shares, double Ceiling = 1)
{
    private static readonly int Causes = Enum.GetValues<CauseId>().Length;

    public double Of(CauseId cause) => Shares[(int)cause];

    /// <summary>Likeliest first.</summary>
    public IEnumerable<CauseId> Ordered => Enumerable.Range(0, Causes).OrderByDescending(i => Shares[i]).ThenBy(i => i).Select(i => (CauseId)i);

    public static Ranking Of(IReadOnlyList<Signal> signals, SignalTable table)
    {
        var scores = Scores(signals, table);
        double most = scores.Max();
        double sum = 0;
        for (int i = 0; i < Causes; i++) sum += scores[i] = Math.Exp(scores[i] - most);
        for (int i = 0; i < Causes; i++) scores[i] /= sum;
        var seen = signals.Select(s => s.Id).ToHashSet(StringComparer.Ordinal);
        Limit(scores, seen, table);
        return new Ranking(scores, table.CeilingOf((CauseId)Array.IndexOf(scores, scores.Max()), seen));
    }

    /// <summary>What a signal adds to each cause here.</summary>
    public static double WeightOf(Signal signal, CauseId cause, SignalTable table) => table.Find(signal.Id) is { } row ? row.Weights[(int)cause] * signal.Strength : 0;

    private static double[] Scores(IReadOnlyList<Signal> signals, SignalTable table)
    {
        var scores = (double[])table.Priors.Clone();
        CauseId? said = SaidPlainly(signals, table);
        foreach (var group in signals.Where(s => table.Find(s.Id) is not null).GroupBy(s => table.Of(s.Id).Group))
        {
            bool isSilenced = said is not null && table.SilencedByWords.Contains(group.Key);
            for (int i = 0; i < Causes; i++)
            {
                // Apart for and against: each by its strongest voice, so that ten facts of one kind do not count ten times, and one more of them never harms.
                double bestFor = 0, restFor = 0, bestAgainst = 0, restAgainst = 0;
                foreach (var signal in group)
                {
                    double weight = table.Of(signal.Id).Weights[i] * signal.Strength;
                    if (weight > 0) Take(weight, ref bestFor, ref restFor);
                    else if (weight < 0) Take(-weight, ref bestAgainst, ref restAgainst);
                }
                double supports = bestFor + (Math.Min(restFor, bestFor) * table.RepeatedShare);
                double opposes = bestAgainst + (Math.Min(restAgainst, bestAgainst) * table.RepeatedShare);
                if (isSilenced && said != (CauseId)i) supports *= table.SilencedShare;
                if (isSilenced) opposes *= table.SilencedShare;
                scores[i] += supports - opposes;
            }
        }
        return scores;
    }

    private static void Take(double weight, ref double best, ref double rest)
    {
        if (weight > best)
        {
            rest += best;
            best = weight;
        }
        else rest += weight;
    }

    /// <summary>The cause that a clear reply at MAIL or later names; null when there is none. 0.4 of the weight is a reading that is right in half the cases.</summary>
    private static CauseId? SaidPlainly(IReadOnlyList<Signal> signals, SignalTable table)
    {
        Signal? clearest = null;
        foreach (var signal in signals)
        {
            if (signal.Strength < 0.4 || signal.Facts is not [ReplyFact { Stage: >= ClientStage.Mail and <= ClientStage.EndOfData }, ..]) continue;
            if (table.Find(signal.Id) is { Group: "reply" } && (clearest is null || signal.Strength > clearest.Strength)) clearest = signal;
        }
        if (clearest is null) return null;
        var weights = table.Of(clearest.Id).Weights;
        return (CauseId)Array.IndexOf(weights, weights.Max());
    }

    private static void Limit(double[] shares, IReadOnlySet<string> seen, SignalTable table)
    {
        int top = Array.IndexOf(shares, shares.Max());
        foreach (var row in table.Limits)
        {
            double excess = shares[top] - row.Confidence;
            if (excess <= 0 || !row.Applies((CauseId)top, seen)) continue;
            // What is taken goes to those it cannot be told from, by their shares.
            double others = row.Between.Sum(c => (int)c == top ? 0 : shares[(int)c] + 0.001);
            foreach (var cause in row.Between)
                if ((int)cause != top) shares[(int)cause] += excess * (shares[(int)cause] + 0.001) / others;
            shares[top] = row.Confidence;
        }
    }
}
