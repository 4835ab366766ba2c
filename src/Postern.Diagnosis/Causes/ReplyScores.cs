namespace Postern.Diagnosis.Causes;

/// <summary>Adds up what rows say: within a label with diminishing returns, between labels as odds. What stems say comes on top.</summary>
internal sealed class ReplyScores
{
    /// <summary>Each further row for the same label counts this much of the one before: wordings of one thing are not independent evidence.</summary>
    private const double Next = 0.6;

    /// <summary>Below this nothing is known.</summary>
    private const double Least = 0.3;

    /// <summary>A text of several words of which none is known is more likely something else than what its code says.</summary>
    private const double Unread = 0.4;

    private const int MaxStems = 3;

    /// <summary>What rows say for a label; null where none names it.</summary>
    private readonly double?[] _sums = new double?[ReplyLabels.Count];
    private readonly double[] _stems = new double[ReplyLabels.Count];
    private readonly double _total;

    public ReplyScores(List<ReplyRow> rows, List<ReplyStem> stems, string plain)
    {
        Sum(rows);
        foreach (var stem in stems)
            foreach (var (label, weight) in stem.Weights) _stems[(int)label] += weight;
        bool isRead = rows.Exists(r => r.Layer <= ReplyLayer.Phrase);
        if (!isRead && plain.AsSpan().Trim().Count(' ') >= 2) _sums[0] = (_sums[0] ?? 0) + Unread;
        for (int i = 0; i < _sums.Length; i++)
            if (Score(i) > Score((int)Best)) Best = (ReplyLabel)i;
        if (Score((int)Best) < Least) Best = ReplyLabel.Other;
        for (int i = 0; i < _sums.Length; i++)
        {
            if (i != (int)Best && Score(i) > 0 && (RunnerUp is not { } second || Score(i) > Score((int)second))) RunnerUp = (ReplyLabel)i;
            _total += Odds((ReplyLabel)i);
        }
        Decisive = rows.Where(r => r.Label == Best).MaxBy(r => r.Weight);
        Stems = [.. stems.Where(s => s.For(Best) > 0).OrderByDescending(s => s.For(Best)).Take(MaxStems)];
    }

    public ReplyLabel Best { get; }
    public ReplyLabel? RunnerUp { get; }

    /// <summary>The row that weighed most for <see cref="Best"/>.</summary>
    public ReplyRow? Decisive { get; }

    /// <summary>The stems that weighed most for <see cref="Best"/>.</summary>
    public IReadOnlyList<ReplyStem> Stems { get; }

    /// <summary>The share of readings with such a lead that were right on replies not seen before (docs: the figures in knowledge/replies.toml).</summary>
    public double Confidence(ReplyLabel label)
    {
        double share = Odds(label) / _total;
        return label == Best ? Math.Clamp(1 - 0.6 * Math.Pow(1 - share, 1.5), 0, 0.97) : Math.Min(share, 0.5);
    }

    private double Score(int label) => (_sums[label] ?? 0) + _stems[label];

    private double Odds(ReplyLabel label) => Math.Exp(0.7 * _stems[(int)label]) * (_sums[(int)label] is { } sum ? Math.Exp(0.7 * sum) : 0.6);

    private void Sum(List<ReplyRow> rows)
    {
        var weights = new List<double>[_sums.Length];
        foreach (var row in rows)
        {
            (weights[(int)row.Label] ??= []).Add(row.Weight);
            foreach (var (label, weight) in row.Also) (weights[(int)label] ??= []).Add(weight);
        }
        for (int i = 0; i < weights.Length; i++)
        {
            if (weights[i] is not { } found) continue;
            found.Sort((a, b) => b.CompareTo(a));
            double sum = 0, share = 1;
            foreach (double weight in found)
            {
                if (weight < 0) sum += weight;
                else (sum, share) = (sum + weight * share, share * Next);
            }
            _sums[i] = sum;
        }
    }
}
