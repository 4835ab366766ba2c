using System.Diagnostics;
using System.Globalization;
using Postern.Lab.Running;
using Postern.Lab.Scenarios;

namespace Postern.Lab.Runner;

/// <summary>Lets Postern diagnose every scenario, and keeps the score.</summary>
/// <param name="test">As ./test.sh runs it: a scenario counts as right also when it is so by itself, late verdicts are told but fail nothing, and the page that is kept is left alone.</param>
internal sealed class DiagnosisRun(string executable, string root, int parallel, bool test)
{
    /// <summary>When more go wrong than this, it is no accident of a busy machine, and running them all again one by one would take many minutes.</summary>
    private const int MostAgain = 20;

    /// <param name="whole">All scenarios are run: the results page is written anew.</param>
    /// <returns>0 when the goal is reached.</returns>
    public async Task<int> RunAsync(IReadOnlyList<Scenario> scenarios, bool whole, CancellationToken cancel)
    {
        Console.WriteLine($"{"",-6} {"scenario",-46} {"expected",-18} {"named",-18} sure   time");
        long began = Stopwatch.GetTimestamp();
        var first = await SideBySide.RunAsync(scenarios, parallel, s => s.LimitSeconds, (s, gate, token) => ScenarioRun.DiagnoseAsync(s, executable, gate, token), r => Console.WriteLine(Report.Line(r)), cancel);
        var took = Stopwatch.GetElapsedTime(began);
        IReadOnlyList<Tried> tried = await AgainAsync(first, cancel);
        var score = new Score(first, timed: true);
        await WriteAsync(tried, score, took, whole, cancel);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\n{score.Right} of {score.Count} right in the first place, {score.Complete} complete, in {took.TotalSeconds:F0} s"));
        return Conclude(tried, test ? new Score([.. tried.Select(t => t.Better)], timed: false) : score);
    }

    /// <summary>Scenarios that went wrong, once more, one at a time: what only fails beside others fails for want of a processor. Both outcomes are kept.</summary>
    private async Task<IReadOnlyList<Tried>> AgainAsync(IReadOnlyList<ScenarioResult> first, CancellationToken cancel)
    {
        bool IsWrong(ScenarioResult result) => test ? !result.IsSound : !result.IsComplete;
        int wrong = first.Count(IsWrong);
        if (wrong == 0) return [.. first.Select(r => new Tried(r, null))];
        if (wrong > MostAgain)
        {
            Console.WriteLine($"\n{wrong} went wrong: too many to run each of them again by itself");
            return [.. first.Select(r => new Tried(r, null))];
        }
        Console.WriteLine($"\n{wrong} went wrong; each once more by itself:");
        using var gate = new SemaphoreSlim(1);
        var tried = new List<Tried>();
        foreach (var result in first)
        {
            var second = !IsWrong(result) ? null : await ScenarioRun.DiagnoseAsync(result.Scenario, executable, gate, cancel);
            if (second is not null) Console.WriteLine($"first {Report.Line(result)}\nthen  {Report.Line(second)}");
            tried.Add(new Tried(result, second));
        }
        return tried;
    }

    private async Task WriteAsync(IReadOnlyList<Tried> tried, Score score, TimeSpan took, bool whole, CancellationToken cancel)
    {
        Console.WriteLine();
        Console.WriteLine(Report.Matrix(score));
        Console.WriteLine("confidence   verdicts  right");
        foreach (var (range, verdicts, right, _) in score.Calibration) Console.WriteLine($"{range,-12} {verdicts,8} {right,6}");
        string artifacts = Path.Combine(root, "artifacts/lab");
        Directory.CreateDirectory(artifacts);
        await File.WriteAllTextAsync(Path.Combine(artifacts, "results.json"), Report.Json(tried), cancel);
        string page = Report.Markdown(tried, score, took);
        await File.WriteAllTextAsync(Path.Combine(artifacts, "results.md"), page, cancel);
        if (whole && !test) await File.WriteAllTextAsync(Path.Combine(root, "lab/RESULTS.md"), page, cancel);
    }

    /// <summary>The last line is for programs: test.sh reads it.</summary>
    private static int Conclude(IReadOnlyList<Tried> tried, Score score)
    {
        foreach (string shortfall in score.Shortfalls) Console.WriteLine("short of the goal: " + shortfall);
        bool isReached = score.Shortfalls.Count == 0;
        Console.WriteLine($"lab: passed={score.Complete} amiss={score.Count - score.Complete} second-run={tried.Count(t => t.IsRightOnlyAgain)} goal={(isReached ? "reached" : "missed")}");
        return isReached ? 0 : 1;
    }
}

/// <param name="Second">By itself, when the first went wrong and there was a second.</param>
internal sealed record Tried(ScenarioResult First, ScenarioResult? Second)
{
    public bool IsRightOnlyAgain => !First.IsSound && Second is { IsSound: true };
    public ScenarioResult Better => IsRightOnlyAgain ? Second! : First;
}
