using System.Globalization;

namespace Postern.Diagnosis.Causes;

/// <summary>
/// Fits a <see cref="Calibration"/> on verdicts of known cases: isotonic regression (pool adjacent violators), so that more confidence never means less right. A few
/// imagined cases on the diagonal keep small samples from promising certainty.
/// </summary>
internal static class CalibrationFit
{
    /// <summary>How many cases on the diagonal every step is weighed against.</summary>
    private const double Imagined = 2;

    private sealed record Pool(double From, double To, double Shares, double Right, double Weight)
    {
        public double Mean => Right / Weight;
        public double MeanShare => Shares / Weight;

        public Pool With(Pool next) => new(From, next.To, Shares + next.Shares, Right + next.Right, Weight + next.Weight);
    }

    /// <param name="verdicts">Share given by the ranking, before any calibration, and whether the verdict was right.</param>
    public static Calibration Fit(IEnumerable<(double Share, bool IsRight)> verdicts)
    {
        var pools = new List<Pool>();
        foreach (var bin in verdicts.OrderBy(v => v.Share).GroupBy(v => Math.Min(19, (int)(v.Share * 20))))
        {
            double count = bin.Count(), shares = bin.Sum(v => v.Share);
            var pool = new Pool(bin.First().Share, bin.Last().Share, shares + (Imagined * shares / count), bin.Count(v => v.IsRight) + (Imagined * shares / count), count + Imagined);
            while (pools.Count > 0 && pools[^1].Mean >= pool.Mean)
            {
                pool = pools[^1].With(pool);
                pools.RemoveAt(pools.Count - 1);
            }
            pools.Add(pool);
        }
        var points = new List<(double Share, double Right)> { (0, 0) };
        foreach (var pool in pools)
        {
            double share = Math.Round(pool.MeanShare, 4);
            if (share > points[^1].Share && share < 1) points.Add((share, Math.Round(Math.Clamp(pool.Mean, points[^1].Right, 0.995), 4)));
        }
        points.Add((1, Math.Max(points[^1].Right, pools.Count == 0 ? 0.995 : Math.Round(Math.Clamp(pools[^1].Mean, 0, 0.995), 4))));
        return new Calibration(points);
    }

    /// <summary>How far confidences are from what came true: mean over ten bins, weighed by their cases (expected calibration error).</summary>
    public static double ErrorOf(IReadOnlyCollection<(double Confidence, bool IsRight)> verdicts) =>
        verdicts.Count == 0 ? 0 : verdicts.GroupBy(v => Math.Min(9, (int)(v.Confidence * 10))).Sum(bin => Math.Abs(bin.Sum(v => v.Confidence) - bin.Count(v => v.IsRight))) / verdicts.Count;

    /// <summary>The line for knowledge/calibration.toml.</summary>
    public static string ToToml(Calibration calibration) =>
        $"points = [{string.Join(", ", calibration.Points.Select(p => string.Create(CultureInfo.InvariantCulture, $"[{p.Share:0.0###}, {p.Right:0.0###}]")))}]";
}
