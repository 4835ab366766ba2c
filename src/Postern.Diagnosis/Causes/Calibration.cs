using Tomlyn.Model;

namespace Postern.Diagnosis.Causes;

/// <summary>From the share that weights give to the share of such verdicts that are right: never falling, straight between points. Data: knowledge/calibration.toml.</summary>
internal sealed class Calibration
{
    private static readonly Lazy<Calibration> Embedded = new(() => Parse(KnowledgeData.Text("calibration.toml")));

    /// <param name="points">Rising in what is given, not falling in what is returned, all within 0-1; at least one.</param>
    public Calibration(IReadOnlyList<(double Share, double Right)> points)
    {
        if (points.Count == 0) throw new InvalidDataException("a calibration needs a point");
        for (int i = 0; i < points.Count; i++)
        {
            bool rises = i == 0 || (points[i].Share > points[i - 1].Share && points[i].Right >= points[i - 1].Right);
            if (!rises || points[i].Share is not (>= 0 and <= 1) || points[i].Right is not (>= 0 and <= 1))
                throw new InvalidDataException($"point {i + 1} of the calibration, [{points[i].Share}, {points[i].Right}], is not in order or not within 0-1");
        }
        Points = points;
    }

    public static Calibration Default => Embedded.Value;
    public IReadOnlyList<(double Share, double Right)> Points { get; }

    public double Of(double share)
    {
        if (share <= Points[0].Share) return Points[0].Right;
        for (int i = 1; i < Points.Count; i++)
        {
            if (share > Points[i].Share) continue;
            var (from, to) = (Points[i - 1], Points[i]);
            return from.Right + ((to.Right - from.Right) * (share - from.Share) / (to.Share - from.Share));
        }
        return Points[^1].Right;
    }

    /// <summary>The share that was given this confidence; where several were, the middle of them.</summary>
    public double ShareOf(double confidence)
    {
        double from = 0, to = 1;
        foreach (var (low, high) in Points.Zip(Points.Skip(1)))
        {
            if (high.Right < confidence) from = high.Share;
            else if (low.Right < confidence) from = low.Share + ((high.Share - low.Share) * (confidence - low.Right) / (high.Right - low.Right));
        }
        foreach (var (low, high) in Points.Zip(Points.Skip(1)).Reverse())
        {
            if (low.Right > confidence) to = low.Share;
            else if (high.Right > confidence) to = low.Share + ((high.Share - low.Share) * (confidence - low.Right) / (high.Right - low.Right));
        }
        return Math.Clamp((from + to) / 2, 0, 1);
    }

    public static Calibration Parse(string text)
    {
        if (!KnowledgeData.Parse(text).TryGetValue("points", out object? value) || value is not TomlArray array) throw new InvalidDataException("points must be a list of pairs");
        return new Calibration([.. array.Cast<TomlArray>().Select(p => (Convert.ToDouble(p[0]), Convert.ToDouble(p[1])))]);
    }
}
