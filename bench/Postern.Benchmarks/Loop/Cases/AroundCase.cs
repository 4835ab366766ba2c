using System.Globalization;
using System.Net;
using Postern.Benchmarks.Loop.Relays;
using Postern.Benchmarks.Loop.Upstream;
using Postern.Lab.Net;
using Postern.Lab.Scenarios;

namespace Postern.Benchmarks.Loop.Cases;

/// <summary>
/// A domain with three equal mail exchangers of two families, and two addresses of ours in each family: undisturbed; one exchanger a black hole; one of our addresses turned away in both; IPv6 dead; all at
/// once. How much comes through after the first half minute? The relays run at the same time, the faults one after the other.
/// </summary>
internal static class AroundCase
{
    private static readonly TimeSpan Learning = TimeSpan.FromSeconds(30);

    /// <summary>Twenty sessions of 800 ms a message: 25 a second, and a fifth more comes in.</summary>
    private static readonly UpstreamRules Rules = new() { Service = TimeSpan.FromMilliseconds(800) };

    private const double PerSecond = 30;

    private sealed record Fault(string Name, bool Hole, bool Listed, bool DeadSix);

    private static readonly Fault[] Faults =
        [new("undisturbed", false, false, false), new("MX black-holed", true, false, false), new("address listed", false, true, false), new("IPv6 dead", false, false, true), new("all three", true, true, true)];

    private static readonly Scenario Scenery = Bed.Scenery with
    {
        Zones = new Dictionary<string, string>
        {
            ["example.test"] = "@ MX 10 mx1\n@ MX 10 mx2\n@ MX 10 mx3\nmx1 A @mx1\nmx1 AAAA @mx1.6\nmx2 A @mx2\nmx2 AAAA @mx2.6\nmx3 A @mx3\nmx3 AAAA @mx3.6\n",
        },
    };

    public static async Task RunAsync(LoopSettings settings)
    {
        var length = settings.Length ?? TimeSpan.FromMinutes(2.5);
        var report = new LoopReport($"Around, {length.TotalMinutes:0.#} minutes a cell", "fault", "relay", "messages/s after 30 s", "of undisturbed (goal 95 %)", "connects that were never answered", "messages that waited for two of them (goal 0)", "bounced");
        var undisturbed = new Dictionary<RelayKind, double>();
        foreach (var fault in Faults)
            await Task.WhenAll(settings.Relays.Where(r => fault.Name == "undisturbed" || $"{fault.Name}-{r}".Contains(settings.Only, StringComparison.OrdinalIgnoreCase))
                .Select(kind => OneAsync(settings, length, fault, kind, undisturbed, report)));
        report.Print(settings.Results);
    }

    private static async Task OneAsync(LoopSettings settings, TimeSpan length, Fault fault, RelayKind kind, Dictionary<RelayKind, double> undisturbed, LoopReport report)
    {
        string log = settings.Log(kind, $"around-{fault.Name.Replace(' ', '-').ToLowerInvariant()}");
        await using (var bed = await Bed.MakeAsync(kind, RelayWay.ByMx(LabAddresses.Of("cl"), LabAddresses.Of("cl.2"), LabAddresses.Of("cl6"), LabAddresses.Of("cl6.2")), settings.Postern, log, Scenery))
        {
            IPAddress[] listed = [LabAddresses.Of("cl"), LabAddresses.Of("cl6")];
            var rules = fault.Listed ? Rules with { Unwelcome = from => listed.Contains(from) ? $"554 5.7.1 Service unavailable; client [{from}] blocked using zen.bl.test" : null } : Rules;
            foreach (string host in (string[])["mx1", "mx2", "mx3", "mx1.6", "mx2.6", "mx3.6"]) bed.Add(new IPEndPoint(LabAddresses.Of(host), 25), rules);
            if (fault.Hole) await Firewall.RaiseAsync(bed.Theirs, "input: ip daddr @mx1 tcp dport 25 drop\ninput: ip6 daddr @mx1.6 tcp dport 25 drop");
            if (fault.DeadSix) await Firewall.RaiseAsync(bed.Net["r4"], "forward: meta nfproto ipv6 drop");
            await bed.Relay.StartAsync();
            using var over = new CancellationTokenSource(length, TimeProvider.System);
            var began = bed.Tally.Now;
            await new Feeder(bed.Net["cl"]).RunAsync(n => string.Create(CultureInfo.InvariantCulture, $"m{n}@example.test"), (int)PerSecond, PerSecond, () => bed.Tally.Taken + Bed.MostWaiting, over.Token);
            double rate = bed.Tally.Count(Happening.Taken, began + Learning, began + length) / (length - Learning).TotalSeconds;
            lock (undisturbed)
            {
                undisturbed.TryAdd(kind, rate);
                double part = rate / undisturbed[kind];
                var (unanswered, twice) = ConnectWaits.Of(kind, bed.Relay.LogFile);
                report.Row($"{Array.IndexOf(Faults, fault)}{(int)kind}", fault.Name, kind.ToString(), string.Create(CultureInfo.InvariantCulture, $"{rate:0.0}"),
                    fault.Name == "undisturbed" ? "" : LoopReport.Goal(LoopReport.Percent(part), part >= 0.95), $"{unanswered}", twice is null ? "not said" : LoopReport.Goal($"{twice}", twice == 0), $"{bed.Relay.Bounced()}");
            }
        }
    }
}
