using System.Diagnostics;
using System.Globalization;

namespace Postern.Benchmarks.Store;

/// <summary>A great many waiting messages: memory, disk, a clean restart, recovery after a kill under load, and the space coming back. The store alone.</summary>
internal static class WaitingBenchmark
{
    public const int Destinations = 5000;
    private static readonly TimeSpan UnderLoad = TimeSpan.FromSeconds(2);

    public static async Task<int> RunAsync(string parent, long messages, int bodyBytes)
    {
        string folder = Path.Combine(parent, $"waiting-{Environment.ProcessId}");
        Directory.CreateDirectory(folder);
        try
        {
            string[] mail = [bodyBytes.ToString(CultureInfo.InvariantCulture), Destinations.ToString(CultureInfo.InvariantCulture)];
            await Report("fill", ["fill", folder, Text(messages), .. mail]);
            await Report("restart", ["open", folder, Text(messages)]);
            long acknowledged = messages + await KillUnderLoadAsync(["load", folder, .. mail]);
            Console.WriteLine($"kill: SIGKILL under load, {Show.Count(acknowledged)} messages acknowledged before");
            await Report("recovery", ["open", folder, Text(acknowledged)]);
            await Report("drain", ["drain", folder]);
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Runs a step to its end. Throws when it fails.</summary>
    public static async Task Report(string title, IEnumerable<string> step)
    {
        using var process = Start(step);
        string said = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Console.WriteLine($"{title}: {said.TrimEnd()}");
        if (process.ExitCode != 0) throw new InvalidOperationException($"{title} ended with {process.ExitCode}");
    }

    public static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>Returns how many messages it had said were acknowledged.</summary>
    private static async Task<long> KillUnderLoadAsync(IEnumerable<string> step)
    {
        using var process = Start(step);
        long acknowledged = 0, began = 0;
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            acknowledged = long.Parse(line, CultureInfo.InvariantCulture);
            if (acknowledged > 0 && began == 0) began = TimeProvider.System.GetTimestamp();
            if (began != 0 && TimeProvider.System.GetElapsedTime(began) > UnderLoad) break;
        }
        process.Kill();
        await process.WaitForExitAsync();
        return acknowledged;
    }

    private static Process Start(IEnumerable<string> step) =>
        Process.Start(new ProcessStartInfo(Environment.ProcessPath!, step) { RedirectStandardOutput = true })!;
}
