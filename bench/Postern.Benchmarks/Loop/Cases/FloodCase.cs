using System.Globalization;
using Postern.Benchmarks.Loop.Relays;
using Postern.Benchmarks.Loop.Upstream;
using Postern.Lab.Net;
using Postern.Lab.Scenarios;

namespace Postern.Benchmarks.Loop.Cases;

/// <summary>
/// One domain is flooded and takes one message a second; meanwhile a thousand messages go to ten other domains at twenty a second. How long do those take, beside a run without the
/// flood? By MX, one relay after the other.
/// </summary>
internal static class FloodCase
{
    private const int Flood = 100_000, Others = 1_000, OthersPerSecond = 20, Domains = 10;

    /// <summary>For Exim, which starts a process for each message: what it takes in the time that the others need for all.</summary>
    private const int FloodOfExim = 10_000;

    private static readonly Scenario Scenery = Bed.Scenery with
    {
        Zones = Enumerable.Range(0, Domains).Select(i => (Name: $"d{i}.test", Records: $"@ MX 10 mx\nmx A @mx{2 + i % 3}\n"))
            .Append((Name: "flood.test", Records: "@ MX 10 mx\nmx A @mx1\n")).ToDictionary(z => z.Name, z => z.Records),
    };

    public static async Task RunAsync(LoopSettings settings)
    {
        var report = new LoopReport("Flood", "relay", "waiting for the flooded domain", "others, queue empty: median (99 %)", "others, flooded: median (99 %)", "times (goal 1.5)", "others not delivered within 5 min", "flooded domain took, per minute");
        foreach (var kind in settings.Relays.Where(r => r.ToString().Contains(settings.Only, StringComparison.OrdinalIgnoreCase))) await OneAsync(settings, kind, report);
        report.Print(settings.Results);
    }

    private static async Task OneAsync(LoopSettings settings, RelayKind kind, LoopReport report)
    {
        await using var bed = await Bed.MakeAsync(kind, RelayWay.ByMx(), settings.Postern, settings.Log(kind, "flood"), Scenery);
        bed.Add(LabAddresses.EndPointOf("mx1:25"), new UpstreamRules { MessagesPerMinute = 60 });
        foreach (string host in (string[])["mx2:25", "mx3:25", "mx4:25"]) bed.Add(LabAddresses.EndPointOf(host), new UpstreamRules());
        await bed.Relay.StartAsync();
        // The first ones warm everything up: look-ups, compiled code.
        await OthersAsync(bed, "w", 200);
        var empty = await OthersAsync(bed, "e", Others);

        int flood = kind == RelayKind.Exim ? FloodOfExim : Flood;
        var feeder = new Feeder(bed.Net["cl"]);
        using var late = new CancellationTokenSource(TimeSpan.FromMinutes(15), TimeProvider.System);
        await feeder.RunAsync(n => string.Create(CultureInfo.InvariantCulture, $"f{n}@flood.test"), flood, 0, flood, late.Token);
        var began = bed.Tally.Now;
        int before = TakenOf(bed, "f");
        int waiting = feeder.Given - before;
        var flooded = await OthersAsync(bed, "o", Others);
        double perMinute = (TakenOf(bed, "f") - before) / (bed.Tally.Now - began).TotalMinutes;

        double times = At(flooded, 0.5) / At(empty, 0.5);
        report.Row($"{(int)kind}", kind.ToString(), waiting.ToString("N0", CultureInfo.InvariantCulture), Figures(empty), Figures(flooded), LoopReport.Goal($"{times:0.00}", times <= 1.5),
            $"{flooded.Count(double.IsPositiveInfinity)}", $"{perMinute:0}");
    }

    /// <summary>Seconds from the relay's 250 to the upstream's, in order; infinite for one that was not delivered within five minutes.</summary>
    private static async Task<double[]> OthersAsync(Bed bed, string mark, int count)
    {
        var feeder = new Feeder(bed.Net["cl"]);
        int before = bed.Tally.Taken, flood = TakenOf(bed, "f");
        await feeder.RunAsync(n => string.Create(CultureInfo.InvariantCulture, $"{mark}{n}@d{n % Domains}.test"), 1, OthersPerSecond, count, CancellationToken.None);
        var began = bed.Tally.Now;
        while (TakenOf(bed, mark) < count && bed.Tally.Now - began < TimeSpan.FromMinutes(5)) await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        var delivered = bed.Tally.Events.Where(e => e.What == Happening.Taken && e.Recipient!.StartsWith(mark, StringComparison.Ordinal))
            .GroupBy(e => int.Parse(e.Recipient!.AsSpan(1, e.Recipient!.IndexOf('@', StringComparison.Ordinal) - 1), CultureInfo.InvariantCulture)).ToDictionary(g => g.Key, g => g.Min(e => e.At));
        return [.. feeder.Acknowledged.Select(a => delivered.TryGetValue(a.Key, out var at) ? Math.Max(0, (at - bed.Tally.At(a.Value)).TotalSeconds) : double.PositiveInfinity).Order()];
    }

    private static int TakenOf(Bed bed, string mark) => bed.Tally.Events.Count(e => e.What == Happening.Taken && e.Recipient!.StartsWith(mark, StringComparison.Ordinal));

    private static double At(double[] sorted, double part) => sorted[(int)(part * (sorted.Length - 1))];

    private static string Figures(double[] sorted) => string.Create(CultureInfo.InvariantCulture, $"{Figure(At(sorted, 0.5))} ({Figure(At(sorted, 0.99))})");

    private static string Figure(double seconds) => double.IsPositiveInfinity(seconds) ? "never" : seconds < 1 ? string.Create(CultureInfo.InvariantCulture, $"{seconds * 1000:0.0} ms") : LoopReport.Seconds(seconds);
}
