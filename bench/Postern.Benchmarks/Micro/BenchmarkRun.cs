using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Perfolizer.Horology;

namespace Postern.Benchmarks.Micro;

/// <summary>Runs the micro-benchmarks in this process (which has the product's runtime settings) and prints one table.</summary>
internal static class BenchmarkRun
{
    /// <summary>0 when every benchmark gave a figure.</summary>
    /// <param name="filter">As BenchmarkDotNet's --filter, "*Scheduler*".</param>
    /// <param name="artifacts">Where the logs and the table go.</param>
    public static int Run(string filter, string artifacts)
    {
        // Short, for the whole is to end within minutes: what is looked for is twice as fast and one allocation less, not five per cent.
        var job = Job.Default.WithToolchain(InProcessEmitToolchain.Instance)
            .WithWarmupCount(4).WithIterationCount(6).WithIterationTime(TimeInterval.FromMilliseconds(150));
        var config = ManualConfig.CreateEmpty()
            .AddJob(job)
            .AddDiagnoser(MemoryDiagnoser.Default)
            .AddColumnProvider(DefaultColumnProviders.Instance)
            .HideColumns("Job", "Toolchain", "IterationCount", "IterationTime", "WarmupCount", "InvocationCount", "UnrollFactor", "Gen0", "Gen1", "Gen2")
            .AddExporter(MarkdownExporter.GitHub)
            .AddLogger(NullLogger.Instance)
            .WithArtifactsPath(artifacts)
            .WithOptions(ConfigOptions.JoinSummary);
        var summaries = BenchmarkSwitcher.FromAssembly(typeof(BenchmarkRun).Assembly).Run(["--filter", filter], config).ToList();
        foreach (var summary in summaries) MarkdownExporter.Console.ExportToLog(summary, ConsoleLogger.Default);
        if (summaries.Count == 0) Console.Error.WriteLine($"bench: no benchmark matches {filter}");
        bool complete = summaries.Count > 0 && summaries.All(s => !s.HasCriticalValidationErrors && s.Reports.Length > 0 && s.Reports.All(r => r.Success));
        if (!complete) Console.Error.WriteLine($"bench: not every benchmark ran; the reasons are in {artifacts}");
        return complete ? 0 : 1;
    }
}
