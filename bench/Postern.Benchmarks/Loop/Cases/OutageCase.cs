using System.Globalization;
using Postern.Benchmarks.Loop.Relays;
using Postern.Benchmarks.Loop.Upstream;
using Postern.Lab.Net;

namespace Postern.Benchmarks.Loop.Cases;

/// <summary>
/// The only upstream is away for ten minutes with ten thousand messages waiting, in two manners: its port refuses, or its packets are dropped. Each relay first passes as many
/// undisturbed, in the same net. All wait at the same time; what loads the machine has it to itself, but for the other relays' draining, which may take them long to begin.
/// </summary>
internal static class OutageCase
{
    private const int Messages = 10_000;

    /// <summary>
    /// For Exim: with its defaults each message has a process of its own, which waits five minutes in its connect where packets are dropped; ten thousand of them are more than the machine holds.
    /// </summary>
    private const int MessagesOfExim = 1_000;

    /// <summary>How long a relay may take for the first message after the return, and how long for all of them.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(20), Look = TimeSpan.FromMilliseconds(20);

    /// <summary>Twenty sessions of 50 ms a message: 400 a second, so that neither relay nor load is what limits.</summary>
    private static readonly UpstreamRules Rules = new() { Service = TimeSpan.FromMilliseconds(50) };

    public static async Task RunAsync(LoopSettings settings)
    {
        var length = settings.Length ?? TimeSpan.FromMinutes(10);
        var report = new LoopReport($"Outage, {length.TotalMinutes:0.#} minutes", "manner", "relay", "attempts while down", "at once, first 35 s", "at once, later (goal 1)", "first delivery after the return (goal 5 s)", "messages/s undisturbed", "messages/s drained (goal 90 %)", "all delivered after", "bounced");
        var attempts = new Dictionary<(bool, RelayKind), int>();
        await Task.WhenAll(((bool[])[false, true]).SelectMany(dropped => settings.Relays
            .Where(r => $"{(dropped ? "dropped" : "refused")}-{r}".Contains(settings.Only, StringComparison.OrdinalIgnoreCase))
            .Select(async kind =>
            {
                int made = await OneAsync(settings, length, dropped, kind, report);
                lock (attempts) attempts[(dropped, kind)] = made;
            })));
        foreach (bool dropped in (bool[])[false, true])
        {
            if (!attempts.TryGetValue((dropped, RelayKind.Postern), out int ours)) continue;
            foreach (var (key, theirs) in attempts.Where(a => a.Key.Item1 == dropped && a.Key.Item2 != RelayKind.Postern).OrderBy(a => a.Key.Item2))
                report.Note($"{(dropped ? "dropped" : "refused")}: attempts while down, of {key.Item2}'s {theirs}: {LoopReport.Goal(LoopReport.Percent((double)ours / Math.Max(1, theirs)), ours < 0.01 * theirs)} (goal 1 %)");
        }
        report.Print(settings.Results);
    }

    private static async Task<int> OneAsync(LoopSettings settings, TimeSpan length, bool dropped, RelayKind kind, LoopReport report)
    {
        string manner = dropped ? "dropped" : "refused";
        int count = kind == RelayKind.Exim ? MessagesOfExim : Messages;
        await using var bed = await Bed.MakeAsync(kind, RelayWay.To(Bed.Provider), settings.Postern, settings.Log(kind, $"outage-{manner}"));
        var upstream = bed.Add(Bed.Provider, Rules);
        await bed.Relay.StartAsync();

        double usual;
        using (await Turn.TakeAsync())
        {
            await GiveAsync(bed, "u", count);
            usual = await DrainedAsync(bed, "u", count);
        }
        // The sessions of the undisturbed run are closed by then.
        await Task.Delay(TimeSpan.FromSeconds(15), TimeProvider.System);

        TimeSpan down, up;
        using (await Turn.TakeAsync())
        {
            down = bed.Tally.Now;
            if (dropped) await Firewall.RaiseAsync(bed.Theirs, "input: tcp dport 25 drop");
            else await upstream.DownAsync();
            await GiveAsync(bed, "d", count);
        }
        while (bed.Tally.Now - down < length) await Task.Delay(Look, TimeProvider.System);
        double drained;
        using (var turn = await Turn.TakeAsync())
        {
            up = bed.Tally.Now;
            if (dropped) await bed.LowerFirewallAsync("mx");
            else upstream.Up();
            // The others may not begin for many minutes.
            if (kind != RelayKind.Postern) turn.Dispose();
            drained = await DrainedAsync(bed, "d", count);
        }
        var taken = Of(bed, "d");
        var (first, all) = taken.Length == 0 ? (double.NaN, double.NaN) : ((taken[0] - up).TotalSeconds, (taken[^1] - up).TotalSeconds);
        var asked = bed.Syns.Attempts.Where(a => a.First >= down && a.First < up).ToList();
        // What is under way when it goes down can only be given up: 30 s is Postern's and Postfix's time-out of a connect.
        var noticed = down + TimeSpan.FromSeconds(35);
        int atFirst = AtOnce([.. asked.Where(a => a.First < noticed && !a.IsWalk)]), later = AtOnce([.. asked.Where(a => a.First >= noticed && !a.IsWalk)]);
        int walk = asked.Count(a => a.IsWalk);

        int left = count - taken.Length;
        report.Row($"{(dropped ? 1 : 0)}{(int)kind}", manner, kind + (count < Messages ? $" ({count} messages)" : ""), $"{asked.Count}{(walk > 0 ? $", of them {walk} of a traceroute" : "")}",
            $"{atFirst}", LoopReport.Goal($"{later}", later <= 1), LoopReport.Goal(Or(first), first <= 5), $"{usual:0}", LoopReport.Goal($"{drained:0}", drained >= 0.9 * usual),
            left == 0 ? LoopReport.Seconds(all) : $"{left} not within {Patience.TotalMinutes:0} min", $"{bed.Relay.Bounced()}");
        return asked.Count;
    }

    private static Task GiveAsync(Bed bed, string mark, int count) =>
        new Feeder(bed.Net["cl"]).RunAsync(n => string.Create(CultureInfo.InvariantCulture, $"{mark}{n}@example.test"), count, 0, count, CancellationToken.None);

    /// <summary>Waits until all are delivered or patience ends; messages a second from the first to the last.</summary>
    private static async Task<double> DrainedAsync(Bed bed, string mark, int count)
    {
        var began = bed.Tally.Now;
        int before = bed.Tally.Events.Count(e => e.What == Happening.Taken && !e.Recipient!.StartsWith(mark, StringComparison.Ordinal));
        while (bed.Tally.Taken - before < count && bed.Tally.Now - began < Patience) await Task.Delay(Look, TimeProvider.System);
        var taken = Of(bed, mark);
        return taken.Length < 2 ? 0 : (taken.Length - 1) / (taken[^1] - taken[0]).TotalSeconds;
    }

    private static TimeSpan[] Of(Bed bed, string mark) => [.. bed.Tally.Events.Where(e => e.What == Happening.Taken && e.Recipient!.StartsWith(mark, StringComparison.Ordinal)).Select(e => e.At).Order()];

    /// <summary>The most that were under way together: from the first SYN to its last repetition, and no less than 5 ms.</summary>
    private static int AtOnce(IReadOnlyList<SynAttempt> attempts)
    {
        var least = TimeSpan.FromMilliseconds(5);
        int most = 0;
        foreach (var one in attempts)
            most = Math.Max(most, attempts.Count(a => a.First <= one.First && (a.Last - a.First < least ? a.First + least : a.Last) > one.First));
        return most;
    }

    private static string Or(double seconds) => double.IsNaN(seconds) ? $"not within {Patience.TotalMinutes:0} min" : LoopReport.Seconds(seconds);
}
