using System.Diagnostics;
using System.Text.Json.Nodes;
using Postern.Lab.Scenarios;

namespace Postern.Lab.Running;

/// <summary>What came of one scenario.</summary>
/// <param name="Got">The cause named in the first place; "" when no diagnosis came.</param>
/// <param name="Seconds">Until the verdict was there.</param>
/// <param name="Problems">What else is not as the scenario asks: evidence, words, other causes to be named.</param>
internal sealed record ScenarioResult(Scenario Scenario, string Got, double Confidence, double Seconds, IReadOnlyList<string> Problems, JsonObject? Diagnosis)
{
    /// <summary>The cause is right.</summary>
    public bool IsRight => Scenario.IsRight(Got);

    /// <summary>All is as the scenario asks, whenever it came.</summary>
    public bool IsSound => IsRight && Problems.Count == 0;

    public bool IsLate => Diagnosis is not null && Seconds > Scenario.LimitSeconds;

    /// <summary>All is as the scenario asks, and in time.</summary>
    public bool IsComplete => IsSound && !IsLate;

    /// <summary>What is amiss, joined.</summary>
    public string Amiss => string.Join("; ", IsLate ? [.. Problems, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"late: {Seconds:F1} s of {Scenario.LimitSeconds:F0} s")] : Problems);
}

/// <summary>Runs one scenario from its net to its verdict, or to the proof that its fault is there.</summary>
internal static class ScenarioRun
{
    private static readonly TimeSpan Start = TimeSpan.FromMilliseconds(800);

    /// <param name="gate">Lets only so many labs be built and programs start at once: what that costs in processor time the programs being timed would miss.</param>
    /// <param name="executable">The built <c>postern</c>.</param>
    public static async Task<ScenarioResult> DiagnoseAsync(Scenario scenario, string executable, SemaphoreSlim gate, CancellationToken cancel)
    {
        try
        {
            RunningLab lab;
            Task<PosternRun.Outcome> run;
            await gate.WaitAsync(cancel);
            try
            {
                lab = await RunningLab.StartAsync(scenario, cancel);
                run = new PosternRun(lab, executable).RunAsync(cancel);
                await Task.WhenAny(run, Task.Delay(Start, TimeProvider.System, cancel));
            }
            finally
            {
                gate.Release();
            }
            await using (lab)
            {
                var (diagnosis, seconds, trouble) = await run;
                return Judge(scenario, diagnosis, seconds, trouble);
            }
        }
        catch (Exception e) when (e is InvalidOperationException or IOException or FormatException or TimeoutException or System.Net.Sockets.SocketException)
        {
            return new ScenarioResult(scenario, "", 0, 0, ["the lab: " + e.Message], null);
        }
    }

    /// <summary>Proofs that failed, and how long the proving took.</summary>
    public static async Task<(IReadOnlyList<string> Failures, double Seconds)> ProveAsync(Scenario scenario, SemaphoreSlim gate, CancellationToken cancel)
    {
        try
        {
            RunningLab built;
            await gate.WaitAsync(cancel);
            try
            {
                built = await RunningLab.StartAsync(scenario, cancel);
            }
            finally
            {
                gate.Release();
            }
            await using var lab = built;
            long began = Stopwatch.GetTimestamp();
            var failures = await lab.TruthFailuresAsync(cancel);
            // The configuration is written too, so that a mistake in it shows here.
            _ = PosternSettings.Of(scenario, lab.Folder);
            return (failures, Stopwatch.GetElapsedTime(began).TotalSeconds);
        }
        catch (Exception e) when (e is InvalidOperationException or IOException or FormatException or TimeoutException or System.Net.Sockets.SocketException)
        {
            return (["the lab: " + e.Message], 0);
        }
    }

    internal static ScenarioResult Judge(Scenario scenario, JsonObject? diagnosis, double seconds, string? trouble)
    {
        if (diagnosis is null) return new ScenarioResult(scenario, "", 0, seconds, [trouble ?? "no diagnosis"], null);
        var problems = new List<string>();
        string got = DiagnosisJson.CauseOf(diagnosis);
        var evidence = DiagnosisJson.Evidence(diagnosis).ToArray();
        foreach (var wanted in scenario.Evidence)
            if (!evidence.Any(e => wanted.IsMetBy(e.Id, e.Observed))) problems.Add($"no evidence {wanted.Text}");
        // A verdict that is right by luck, or by what its class usually is, has not been found out.
        if (scenario.IsRight(got) && scenario.Evidence.Count > 0 && !evidence.Any(e => e.Supports.Contains(got) && scenario.Evidence.Any(w => w.IsMetBy(e.Id, e.Observed))))
            problems.Add($"none of the evidence asked for speaks for {got}");
        string prose = DiagnosisJson.Prose(diagnosis);
        foreach (string word in scenario.Says)
            if (!prose.Contains(Net.LabAddresses.Fill(word), StringComparison.OrdinalIgnoreCase)) problems.Add($"does not say {Net.LabAddresses.Fill(word)}");
        foreach (string cause in scenario.Named)
            if (cause != got && !DiagnosisJson.AlternativeCauses(diagnosis).Contains(cause)) problems.Add($"does not name {cause}");
        return new ScenarioResult(scenario, got, DiagnosisJson.ConfidenceOf(diagnosis), seconds, problems, diagnosis);
    }
}
