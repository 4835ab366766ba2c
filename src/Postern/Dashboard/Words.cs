using System.Globalization;
using Postern.Cli;
using Postern.Core.Diagnoses;

namespace Postern.Dashboard;

/// <summary>Figures and times as the pages write them.</summary>
internal static class Words
{
    public static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>"12", "3.4k", "1.2M": for where there is no room.</summary>
    public static string Short(double number) => number switch
    {
        >= 999_500 => string.Create(CultureInfo.InvariantCulture, $"{number / 1_000_000:0.#}M"),
        >= 10_000 => string.Create(CultureInfo.InvariantCulture, $"{number / 1000:0}k"),
        >= 1000 => string.Create(CultureInfo.InvariantCulture, $"{number / 1000:0.#}k"),
        >= 10 or 0 => number.ToString("0", CultureInfo.InvariantCulture),
        _ => number.ToString("0.#", CultureInfo.InvariantCulture),
    };

    public static string Count(long count, string one, string? many = null) => $"{Number(count)} {(count == 1 ? one : many ?? one + "s")}";

    /// <summary>"3m", "2h5m"; "now" for less than a second.</summary>
    public static string Age(TimeSpan age) => Output.Age(age < TimeSpan.Zero ? TimeSpan.Zero : age);

    public static string Ago(TimeSpan age) => Age(age) is var text && text == "now" ? "just now" : text + " ago";

    /// <summary>"in 12s"; "now" for what is due.</summary>
    public static string In(TimeSpan left) => left < TimeSpan.FromSeconds(1) ? "now" : "in " + Age(left);

    public static string Clock(DateTimeOffset at) => at.UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture);

    public static string Minute(DateTimeOffset at) => at.UtcDateTime.ToString("HH:mm", CultureInfo.InvariantCulture);

    public static string Full(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) + " UTC";

    public static string Iso(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    public static string Size(long bytes) => Output.Size(bytes);

    public static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{share * 100:0} %");

    /// <summary>For an SVG attribute.</summary>
    public static string Svg(double number) => number.ToString("0.##", CultureInfo.InvariantCulture);

    public static string Who(string party) => PlainWords.Who(party);

    public static string Sure(double confidence) => PlainWords.Confidence(confidence);

    /// <summary>"pool:provider" as people say it.</summary>
    public static string Destination(string key)
    {
        int colon = key.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0) return key;
        string kind = key[..colon], name = key[(colon + 1)..];
        return kind == "pool" ? name.Replace(",", ", ", StringComparison.Ordinal) : name;
    }
}
