using Postern.Lab.Net;
using Postern.Lab.Runner;
using Postern.Lab.Running;
using Postern.Lab.Scenarios;

// lab/run.sh starts this; its first lines say how it is used.
string? executable = null, pattern = null, outputs = null;
string root = Directory.GetCurrentDirectory();
bool truth = false, list = false, test = false, calibrate = false;
int? told = null;
for (int i = 0; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--truth": truth = true; break;
        case "--list": list = true; break;
        case "--test": test = true; break;
        case "--outputs" when i + 1 < args.Length: outputs = args[++i]; break;
        case "--calibrate": calibrate = true; break;
        case "--postern" when i + 1 < args.Length: executable = args[++i]; break;
        case "--root" when i + 1 < args.Length: root = args[++i]; break;
        case "--parallel" when i + 1 < args.Length: told = int.Parse(args[++i], System.Globalization.CultureInfo.InvariantCulture); break;
        case ['-', ..]:
            Console.Error.WriteLine($"there is no option {args[i]}");
            return 2;
        default: pattern = args[i]; break;
    }
}

if (calibrate) return CalibrationRun.Run(root);
// Most of a scenario is waiting, but with too many at once starved programs are diagnosed instead of faults.
int parallel = told ?? 3 * Environment.ProcessorCount;
IReadOnlyList<Scenario> scenarios;
try
{
    scenarios = [.. ScenarioReader.ReadFolder(Path.Combine(root, "lab/scenarios")).Where(s => ScenarioPattern.Matches(s, pattern))];
}
catch (FormatException e)
{
    Console.Error.WriteLine(e.Message);
    return 2;
}
if (scenarios.Count == 0)
{
    Console.Error.WriteLine($"no scenario matches \"{pattern}\"");
    return 2;
}
if (list)
{
    foreach (var scenario in scenarios) Console.WriteLine($"{scenario.Cause,-18} {scenario.Id,-44} {scenario.Title}");
    return 0;
}
if (RunningLab.Missing is { } reason)
{
    Console.WriteLine($"SKIPPED: the fault lab: {reason}");
    return 0;
}

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) =>
{
    e.Cancel = true;
    stop.Cancel();
};
using var terminate = System.Runtime.InteropServices.PosixSignalRegistration.Create(System.Runtime.InteropServices.PosixSignal.SIGTERM, context =>
{
    context.Cancel = true;
    stop.Cancel();
});
ThreadPool.SetMinThreads(128, 128);
if (await StaleLabs.SweepAsync() is var swept and > 0) Console.WriteLine($"took away {swept} labs that an earlier run had left behind");
try
{
    if (truth) return await TruthRun.RunAsync(scenarios, parallel, stop.Token);
    if (executable is null || !File.Exists(executable))
    {
        Console.Error.WriteLine("--postern PATH must name the built program");
        return 2;
    }
    if (outputs is not null) return await OutputsRun.RunAsync(scenarios, executable, outputs, stop.Token);
    return await new DiagnosisRun(executable, root, parallel, test).RunAsync(scenarios, whole: pattern is null, stop.Token);
}
catch (OperationCanceledException)
{
    Console.Error.WriteLine("stopped; every lab has been taken away");
    return 2;
}
