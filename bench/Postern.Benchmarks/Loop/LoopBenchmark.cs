using System.Globalization;
using Postern.Benchmarks.Loop.Cases;
using Postern.Benchmarks.Loop.Relays;
using Postern.Lab.Running;

namespace Postern.Benchmarks.Loop;

/// <param name="Postern">The published program.</param>
/// <param name="Results">Folder of tables and logs.</param>
/// <param name="Length">Of a cell; null: what the case takes by itself.</param>
/// <param name="Only">A part of the names of the cells that are wanted; empty: all.</param>
internal sealed record LoopSettings(string Postern, string Results, TimeSpan? Length, IReadOnlyList<RelayKind> Relays, string Only)
{
    public string Log(RelayKind kind, string cell) => Path.Combine(Results, $"{cell}-{kind.ToString().ToLowerInvariant()}.log");
}

/// <summary>
/// What Postern does about an upstream's limits, its outages and what is broken on the way, beside Postfix and Exim with their defaults in the same run: see
/// bench/RESULTS.md, "The closed loop".
/// </summary>
internal static class LoopBenchmark
{
    private static readonly Dictionary<string, Func<LoopSettings, Task>> Cases = new(StringComparer.Ordinal)
    {
        ["limits"] = LimitsCase.RunAsync,
        ["outage"] = OutageCase.RunAsync,
        ["around"] = AroundCase.RunAsync,
        ["listed"] = ListedCase.RunAsync,
        ["flood"] = FloodCase.RunAsync,
    };

    /// <param name="arguments">CASE… [--minutes N] [--relays postern,postfix,exim] [--only CELL].</param>
    public static async Task<int> RunAsync(string postern, string results, IReadOnlyList<string> arguments)
    {
        if (RunningLab.Missing is { } missing)
        {
            Console.WriteLine($"SKIPPED: {missing}");
            return 0;
        }
        var settings = new LoopSettings(Path.GetFullPath(postern), Path.GetFullPath(results), null, Enum.GetValues<RelayKind>(), "");
        var wanted = new List<string>();
        for (int i = 0; i < arguments.Count; i++)
        {
            if (arguments[i] == "--minutes") settings = settings with { Length = TimeSpan.FromMinutes(double.Parse(arguments[++i], CultureInfo.InvariantCulture)) };
            else if (arguments[i] == "--relays") settings = settings with { Relays = [.. arguments[++i].Split(',').Select(r => Enum.Parse<RelayKind>(r, ignoreCase: true))] };
            else if (arguments[i] == "--only") settings = settings with { Only = arguments[++i] };
            else if (Cases.ContainsKey(arguments[i])) wanted.Add(arguments[i]);
            else
            {
                Console.Error.WriteLine($"{arguments[i]} is no case; there are: {string.Join(", ", Cases.Keys)}");
                return 2;
            }
        }
        Directory.CreateDirectory(settings.Results);
        await Lab.Net.StaleLabs.SweepAsync();
        foreach (string name in wanted.Count > 0 ? wanted : [.. Cases.Keys]) await Cases[name](settings);
        return 0;
    }
}
