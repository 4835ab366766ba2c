namespace Postern.Dashboard.Parts;

/// <summary>Where a chart's axis ends, and how minutes are put together so that bars stay wide enough to be seen.</summary>
internal static class ChartScale
{
    /// <summary>The next round number: 1, 2, 5 and their tens, so that the half of it is round too.</summary>
    public static double Top(double highest)
    {
        if (highest <= 2) return 2;
        double power = Math.Pow(10, Math.Floor(Math.Log10(highest)));
        foreach (double step in (ReadOnlySpan<double>)[1, 2, 4, 6, 8, 10])
        {
            if (highest <= step * power) return step * power;
        }
        return 10 * power;
    }

    /// <summary>Minutes in one bar, for a span that is shown whole.</summary>
    public static int MinutesPerBar(int minutes) => minutes switch { <= 60 => 1, <= 360 => 5, _ => 20 };
}
