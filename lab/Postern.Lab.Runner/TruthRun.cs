using System.Diagnostics;
using System.Globalization;
using Postern.Lab.Running;
using Postern.Lab.Scenarios;

namespace Postern.Lab.Runner;

/// <summary><c>--truth</c>: proves that every fault is there, without Postern.</summary>
internal static class TruthRun
{
    public static async Task<int> RunAsync(IReadOnlyList<Scenario> scenarios, int parallel, CancellationToken cancel)
    {
        long began = Stopwatch.GetTimestamp();
        var results = await SideBySide.RunAsync(
            scenarios, parallel, s => s.Truth.Count(t => t.EndsWith("silent", StringComparison.Ordinal)),
            async (s, gate, token) => (Scenario: s, Proof: await ScenarioRun.ProveAsync(s, gate, token)),
            r =>
            {
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(r.Proof.Failures.Count == 0 ? "proven" : "NOT PROVEN"),-10} {r.Scenario.Id,-46} {r.Proof.Seconds,5:F1} s"));
                foreach (string failure in r.Proof.Failures) Console.WriteLine("           " + failure.ReplaceLineEndings("\n             "));
            },
            cancel);
        int proven = results.Count(r => r.Proof.Failures.Count == 0);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\n{proven} of {results.Count} faults are proven, in {Stopwatch.GetElapsedTime(began).TotalSeconds:F0} s"));
        return proven == results.Count ? 0 : 1;
    }
}
