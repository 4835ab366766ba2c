using System.Text.RegularExpressions;

namespace Postern.EndToEndTests.Relay;

/// <summary>What promtool would complain of: the text format, each family declared before its samples and once, cumulative histograms, units in names.</summary>
internal static partial class PrometheusText
{
    [GeneratedRegex("""^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\n"])*",?)*\})? (-?[0-9.]+(?:[eE][+-]?[0-9]+)?|[+-]Inf|NaN)( [0-9.]+)?$""")]
    private static partial Regex Sample();

    public static void Check(string text)
    {
        Assert.EndsWith("\n", text);
        var types = new Dictionary<string, string>();
        var seen = new HashSet<string>();
        string? bucketOf = null;
        double last = 0;
        foreach (string line in text.TrimEnd('\n').Split('\n'))
        {
            if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                string[] parts = line.Split(' ');
                Assert.True(types.TryAdd(parts[2], parts[3]), $"declared twice: {line}");
                continue;
            }
            if (line.StartsWith('#')) continue;
            var match = Sample().Match(line);
            Assert.True(match.Success, $"not a sample: {line}");
            Assert.True(seen.Add(match.Groups[1].Value + match.Groups[2].Value), $"the same series twice: {line}");
            string name = match.Groups[1].Value;
            string family = types.ContainsKey(name) ? name : HistogramPart().Replace(name, "");
            Assert.True(types.TryGetValue(family, out string? type), $"no TYPE before: {line}");
            Assert.True(type != "counter" || name.EndsWith("_total", StringComparison.Ordinal), $"a counter without _total: {line}");
            if (type != "histogram" || !name.EndsWith("_bucket", StringComparison.Ordinal)) continue;
            Assert.Matches("_(seconds|bytes)$", family);
            string series = family + Le().Replace(match.Groups[2].Value, "");
            double value = double.Parse(match.Groups[3].Value, System.Globalization.CultureInfo.InvariantCulture);
            Assert.True(series != bucketOf || value >= last, $"buckets are not cumulative: {line}");
            (bucketOf, last) = (series, value);
        }
        Assert.NotEmpty(types);
    }

    [GeneratedRegex("_(bucket|sum|count)$")]
    private static partial Regex HistogramPart();

    [GeneratedRegex(",?le=\"[^\"]*\"")]
    private static partial Regex Le();
}
