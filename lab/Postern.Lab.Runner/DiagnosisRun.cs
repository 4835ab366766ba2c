using System.Diagnostics;
using System.Globalization;
using Postern.Lab.Running;
using Postern.Lab.Scenarios;

namespace Postern.Lab.Runner;

/// <summary>Lets Postern diagnose every scenario, and keeps the score.</summary>
internal static class DiagnosisRun
{
    /// <param name="whole">All scenarios are run: the results page is written anew.</param>
    /// <returns>0 when the goal is reached.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<Scenario> scenarios, string executable, string root, bool whole, int parallel, CancellationToken cancel)
    {
        Console.WriteLine($"{"",-6} {"scenario",-46} {"expected",-18} {"named",-18} sure   time");
        long began = Stopwatch.GetTimestamp();
        var results = await SideBySide.RunAsync(scenarios, parallel, s => s.LimitSeconds, (s, gate, token) => ScenarioRun.DiagnoseAsync(s, executable, gate, token), r => Console.WriteLine(Report.Line(r)), cancel);
        var took = Stopwatch.GetElapsedTime(began);
        var score = new Score(results);
        Console.WriteLine();
        Console.WriteLine(Report.Matrix(score));
        Console.WriteLine("confidence   verdicts  right");
        foreach (var (range, verdicts, right, _) in score.Calibration) Console.WriteLine($"{range,-12} {verdicts,8} {right,6}");
        string artifacts = Path.Combine(root, "artifacts/lab");
        Directory.CreateDirectory(artifacts);
        await File.WriteAllTextAsync(Path.Combine(artifacts, "results.json"), Report.Json(results), cancel);
        string page = Report.Markdown(results, score, took);
        await File.WriteAllTextAsync(Path.Combine(artifacts, "results.md"), page, cancel);
        if (whole) await File.WriteAllTextAsync(Path.Combine(root, "lab/RESULTS.md"), page, cancel);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\n{score.Right} of {score.Count} right in the first place, {score.Complete} complete, in {took.TotalSeconds:F0} s"));
        foreach (string shortfall in score.Shortfalls) Console.WriteLine("short of the goal: " + shortfall);
        return score.Shortfalls.Count == 0 ? 0 : 1;
    }
}
