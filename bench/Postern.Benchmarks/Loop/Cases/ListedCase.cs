using System.Globalization;
using Postern.Benchmarks.Loop.Relays;
using Postern.Benchmarks.Loop.Upstream;
using Postern.Lab.Net;

namespace Postern.Benchmarks.Loop.Cases;

/// <summary>
/// The upstream turns our only address away with 554 at the greeting because a blocklist has it; an hour later the list takes it out and the upstream lets it in. A hundred messages
/// at once and one every ten seconds. All relays at the same time: there is next to no load.
/// </summary>
internal static class ListedCase
{
    private const int Burst = 100;
    private const double PerSecond = 0.1;
    private static readonly TimeSpan Goal = TimeSpan.FromMinutes(2), Patience = TimeSpan.FromMinutes(15);

    /// <summary>The time to live that rbldnsd gives its answers where nobody says another (rbldnsd(8), -t): a resolver remembers the listing for so long.</summary>
    private const int ListSeconds = 35 * 60;

    public static async Task RunAsync(LoopSettings settings)
    {
        var length = settings.Length ?? TimeSpan.FromMinutes(60);
        var report = new LoopReport($"Listed, {length.TotalMinutes:0.#} minutes", "relay", "messages", "bounced (goal 0)", "connections while listed", "first delivery after the delisting", "all delivered after (goal 2 min)");
        await Task.WhenAll(settings.Relays.Where(r => r.ToString().Contains(settings.Only, StringComparison.OrdinalIgnoreCase)).Select(kind => OneAsync(settings, length, kind, report)));
        report.Print(settings.Results);
    }

    private static async Task OneAsync(LoopSettings settings, TimeSpan length, RelayKind kind, LoopReport report)
    {
        var listing = Bed.Scenery with { ListSeconds = ListSeconds, Lists = new Dictionary<string, IReadOnlyList<string>> { ["zen.bl.test"] = ["@cl 127.0.0.2"] } };
        await using var bed = await Bed.MakeAsync(kind, RelayWay.To(Bed.Provider), settings.Postern, settings.Log(kind, "listed"), listing);
        var upstream = bed.Add(Bed.Provider, new UpstreamRules
        {
            Unwelcome = from => $"554 5.7.1 Service unavailable; Client host [{from}] blocked using zen.bl.test; Listed, see https://check.bl.test/zen?ip={from}",
        });
        await bed.Relay.StartAsync();
        var feeder = new Feeder(bed.Net["cl"]);
        var began = bed.Tally.Now;
        using (var over = new CancellationTokenSource(length, TimeProvider.System))
            await feeder.RunAsync(n => string.Create(CultureInfo.InvariantCulture, $"m{n}@example.test"), Burst, PerSecond, int.MaxValue, over.Token);

        var delisted = bed.Tally.Now;
        await bed.Names.RelistAsync(Bed.Scenery);
        upstream.Rules = new UpstreamRules();
        while (Taken(bed) + (bed.Relay.Bounced() ?? 0) < feeder.Given && bed.Tally.Now - delisted < Patience) await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System);
        var times = bed.Tally.Events.Where(e => e.What == Happening.Taken && e.Recipient!.StartsWith('m')).Select(e => (e.At - delisted).TotalSeconds).Order().ToArray();
        int left = feeder.Given - times.Length, bounced = bed.Relay.Bounced() ?? 0;
        double last = times.Length == 0 ? double.NaN : times[^1];
        report.Row($"{(int)kind}", kind.ToString(), $"{feeder.Given}", LoopReport.Goal($"{bounced}", bounced == 0), $"{bed.Tally.Count(Happening.TurnedAway, began, delisted)}",
            times.Length == 0 ? $"not within {Patience.TotalMinutes:0} min" : LoopReport.Seconds(times[0]),
            LoopReport.Goal(left > 0 ? $"{left} not within {Patience.TotalMinutes:0} min" : LoopReport.Seconds(last), left == 0 && last <= Goal.TotalSeconds));
    }

    private static int Taken(Bed bed) => bed.Tally.Events.Where(e => e.What == Happening.Taken && e.Recipient!.StartsWith('m')).Select(e => e.Recipient).Distinct().Count();
}
