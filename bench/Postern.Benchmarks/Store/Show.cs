using System.Globalization;

namespace Postern.Benchmarks.Store;

/// <summary>Figures as they stand in the tables.</summary>
internal static class Show
{
    public static string MiB(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0.0} MiB");
    public static string Count(double count) => count.ToString("#,0", CultureInfo.InvariantCulture);
    public static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
    public static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.00} s");

    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
