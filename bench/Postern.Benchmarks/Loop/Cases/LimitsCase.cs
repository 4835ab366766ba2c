using System.Globalization;
using Postern.Benchmarks.Loop.Relays;
using Postern.Benchmarks.Loop.Upstream;
using Postern.Lab.Net;

namespace Postern.Benchmarks.Loop.Cases;

/// <summary>
/// Three limits, each enforced in three manners: how much of what is allowed comes through after the first minute, how many attempts are refused, and what is learned. More mail
/// comes all the time than is allowed. All cells of one limit, and all relays, run at once, each in a net of its own.
/// </summary>
internal static class LimitsCase
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    /// <param name="Allowed">Messages a second.</param>
    /// <param name="Kind">Of the limit, as Postern names it where it keeps what it learned.</param>
    private sealed record Limit(string Name, string Kind, int Truth, double Allowed, UpstreamRules Rules);

    private static readonly Limit[] Limits =
    [
        new("rate", "MessageRate in 00:01:00", 60, 1, new UpstreamRules { MessagesPerMinute = 60 }),
        // A session takes a message every 100 ms.
        new("sessions", "Concurrency", 5, 50, new UpstreamRules { Sessions = 5, Service = TimeSpan.FromMilliseconds(100) }),
        // Nothing but the length is limited: 20 sessions, which all three relays open by default, each a message every 200 ms.
        new("length", "SessionLength", 20, 100, new UpstreamRules { MessagesPerSession = 20, Service = TimeSpan.FromMilliseconds(200) }),
    ];

    public static async Task RunAsync(LoopSettings settings)
    {
        var length = settings.Length ?? TimeSpan.FromMinutes(5);
        var report = new LoopReport($"Limits, {length.TotalMinutes:0.#} minutes a cell", "limit", "enforced by", "relay", "goodput after 1 min (goal 95 %)", "refused attempts (goal 2 %)", "after 1 min", "learned");
        foreach (var limit in Limits)
        {
            await Task.WhenAll(Enum.GetValues<LimitManner>()
                .Where(m => $"{limit.Name}-{m}".Contains(settings.Only, StringComparison.OrdinalIgnoreCase))
                .SelectMany(m => settings.Relays.Select(relay => CellAsync(settings, length, limit, m, relay, report))));
        }
        report.Print(settings.Results);
    }

    private static async Task CellAsync(LoopSettings settings, TimeSpan length, Limit limit, LimitManner manner, RelayKind kind, LoopReport report)
    {
        string cell = $"limits-{limit.Name}-{manner.ToString().ToLowerInvariant()}";
        await using var bed = await Bed.MakeAsync(kind, RelayWay.To(Bed.Provider), settings.Postern, settings.Log(kind, cell));
        var rules = limit.Rules with { Manner = manner };
        bed.Add(Bed.Provider, rules);
        if (rules.Firewall is { } firewall) await Firewall.RaiseAsync(bed.Theirs, firewall);
        await bed.Relay.StartAsync();
        using var over = new CancellationTokenSource(length, TimeProvider.System);
        var began = bed.Tally.Now;
        await new Feeder(bed.Net["cl"]).RunAsync(n => string.Create(CultureInfo.InvariantCulture, $"m{n}@example.test"), (int)(limit.Allowed * 20), limit.Allowed * 1.2, () => bed.Tally.Taken + Bed.MostWaiting, over.Token);

        var (first, end) = (began + Minute, began + length);
        double goodput = bed.Tally.Count(Happening.Taken, first, end) / (limit.Allowed * (length - Minute).TotalSeconds);
        double all = Refused(bed, began, end), late = Refused(bed, first, end);
        // What is learned is written every ten seconds.
        var learned = bed.Relay.Learned();
        int value = learned.GetValueOrDefault(limit.Kind);
        bool isRight = value >= limit.Truth * 0.9 && value <= limit.Truth * 1.1;
        string others = string.Concat(learned.Where(l => l.Key != limit.Kind).Select(l => $"; also {l.Key}: {l.Value}"));
        report.Row($"{Array.IndexOf(Limits, limit)}{(int)manner}{(int)kind}", limit.Name, manner.ToString(), kind.ToString(),
            LoopReport.Goal(LoopReport.Percent(goodput), goodput >= 0.95), LoopReport.Goal(LoopReport.Percent(all), all < 0.02), LoopReport.Percent(late),
            kind == RelayKind.Postern ? LoopReport.Goal($"{value} of {limit.Truth}", isRight) + others : "-");
    }

    /// <summary>The part of all attempts (connections and messages that were refused, messages that were taken).</summary>
    private static double Refused(Bed bed, TimeSpan from, TimeSpan to)
    {
        int taken = bed.Tally.Count(Happening.Taken, from, to), refused = bed.Tally.Count(Happening.Refused, from, to) + bed.Tally.Count(Happening.TurnedAway, from, to);
        // What the firewall dropped no server has seen.
        int asked = bed.Syns.Attempts.Count(a => a.First >= from && a.First < to);
        int seen = bed.Tally.Count(Happening.Connected, from, to) + bed.Tally.Count(Happening.TurnedAway, from, to);
        refused += Math.Max(0, asked - seen);
        return refused == 0 ? 0 : (double)refused / (refused + taken);
    }
}
