using System.Net;
using Postern.Api;
using Postern.Core;
using Postern.Core.Configuration;
using Postern.Core.Shaping;
using Postern.Core.Upstreams;
using Postern.Core.WarmUp;

namespace Postern.Hosting;

/// <summary>Limits, rests and warm-ups of a running relay as the API shows them.</summary>
internal static class ShapingView
{
    /// <summary>More than a person reads; small MX sets come and go by the thousand.</summary>
    private const int MaxGroups = 500, MaxDays = 500, MaxDestinations = 1000;

    /// <summary>Those with something to tell first.</summary>
    public static IReadOnlyList<GroupContract> Groups(Relay relay)
    {
        var lanes = relay.Registry.Lanes.Snapshot().ToLookup(l => l.Group, StringComparer.Ordinal);
        var rests = relay.Registry.Rests.Snapshot().ToLookup(r => r.Group, StringComparer.Ordinal);
        var members = relay.Registry.Snapshot(int.MaxValue).Where(u => u.Group is not null).ToLookup(u => u.Group!, u => u.Name, StringComparer.Ordinal);
        return [.. lanes.Select(l => l.Key).Concat(rests.Select(r => r.Key)).Distinct(StringComparer.Ordinal)
            .OrderByDescending(g => rests.Contains(g)).ThenByDescending(g => lanes[g].Any(l => l.Lessons.Count > 0)).ThenByDescending(g => lanes[g].Sum(l => l.SentInMinute)).ThenBy(g => g, StringComparer.Ordinal)
            .Take(MaxGroups)
            .Select(g => new GroupContract { Name = g, Members = [.. members[g].Order(StringComparer.Ordinal)], Lanes = [.. lanes[g].Select(Lane)], Rests = [.. rests[g].OrderBy(r => r.Egress, StringComparer.Ordinal).Select(Rest)] })];
    }

    public static IReadOnlyList<EgressContract> Egress(Relay relay, PosternConfig config)
    {
        var lanes = relay.Registry.Lanes.Snapshot().ToLookup(l => l.Egress, StringComparer.OrdinalIgnoreCase);
        var rests = relay.Registry.Rests.Snapshot().ToLookup(r => r.Egress, StringComparer.OrdinalIgnoreCase);
        var (addresses, runs) = relay.Registry.WarmUps.Snapshot();
        var choices = relay.Egress;
        var unused = config.Egress.Where(e => !choices.Any(c => Has(c.Name, e.Name)));
        var shown = choices.Select(c => (Choice: c, Used: true))
            .Concat(unused.Select(e => (Choice: new EgressChoice(e.Name, IPAddress.Parse(e.Address), null, e.Hello ?? config.Server.Hostname), Used: false)));
        return [.. shown.OrderBy(s => Place(config, s.Choice.Name)).Select(s => new EgressContract
        {
            Name = Name(s.Choice.Name),
            Addresses = [.. new[] { s.Choice.V4, s.Choice.V6 }.OfType<IPAddress>().Select(a => a.ToString())],
            Hello = s.Choice.Hello,
            Used = s.Used,
            Lanes = [.. lanes[s.Choice.Name].OrderByDescending(l => l.SentInMinute).Take(MaxGroups).Select(Lane)],
            Rests = [.. rests[s.Choice.Name].OrderBy(r => r.Since).Take(MaxGroups).Select(Rest)],
            WarmUp = addresses.FirstOrDefault(a => Has(s.Choice.Name, a.Egress) || a.Egress == s.Choice.Name) is { } address ? WarmUp(relay, s.Choice.Name, address, addresses, runs) : null,
        })];
    }

    private static WarmUpContract WarmUp(Relay relay, string name, WarmUpAddress address, IReadOnlyList<WarmUpAddress> warming, IReadOnlyList<WarmUpSnapshot> runs) => new()
    {
        Plan = address.Plan.Name,
        Days = address.Plan.Days,
        From = address.Plan.From,
        BeganOn = address.BeganOn,
        WarmSince = address.WarmSince,
        Waiting = Waiting(relay, name, warming),
        Providers = [.. runs.Where(r => r.Egress.Equals(name, StringComparison.OrdinalIgnoreCase)).OrderBy(r => r.DoneOn is not null).ThenByDescending(r => r.Day.Number).ThenByDescending(r => r.Day.Taken).ThenBy(r => r.Group, StringComparer.Ordinal).Take(MaxDays).Select(r => new WarmUpDayContract
        {
            Upstream = r.Group,
            Day = r.Day.Number,
            Allowed = r.Allowed,
            Taken = r.Day.Taken,
            Held = r.IsHeld,
            NextAt = r.NextAt,
            Turn = r.LastTurn switch { WarmUpTurn.None => "first", WarmUpTurn.StepBack => "step_back", var turn => turn.ToString().ToLowerInvariant() },
            DoneOn = r.DoneOn,
        })],
    };

    /// <summary>What is held back where every address that may be used is in warm-up: nothing else can take it.</summary>
    private static long Waiting(Relay relay, string name, IReadOnlyList<WarmUpAddress> warming)
    {
        long sum = 0;
        foreach (var destination in relay.Destinations(MaxDestinations))
        {
            if (destination.PausedUntil is null) continue;
            int at = destination.Destination.IndexOf('@', StringComparison.Ordinal);
            string[] names = at < 0 ? [] : destination.Destination[(at + 1)..].Split(',');
            if (names.Any(n => Has(name, n)) && names.All(n => warming.Any(w => Has(w.Egress, n)))) sum += destination.Waiting;
        }
        return sum;
    }

    private static LaneContract Lane(LaneSnapshot lane) => new()
    {
        Upstream = lane.Group,
        Egress = Name(lane.Egress),
        Sessions = lane.SessionsOpen,
        SessionsAllowed = lane.MaxSessions,
        MessagesLastMinute = lane.SentInMinute,
        MessagesPerMinuteAllowed = lane.MessagesPerMinute,
        ConnectionsPerMinuteAllowed = lane.ConnectionsPerMinute,
        MessagesPerSessionAllowed = lane.MessagesPerSession == int.MaxValue ? null : lane.MessagesPerSession,
        PausedUntil = lane.RestedUntil > TimeProvider.System.GetUtcNow() ? lane.RestedUntil : null,
        PausedBecause = lane.RestedUntil > TimeProvider.System.GetUtcNow() ? lane.RestReason : null,
        Learned = [.. lane.Lessons.Select(l => new LearnedContract(Word(l.Kind), l.Limit, l.Window is { } window ? ConfigValues.Format(window) : null, l.At, l.Words))],
    };

    private static RestContract Rest(EgressRest rest) => new()
    {
        Upstream = rest.At,
        Egress = Name(rest.Egress),
        Address = rest.Address?.ToString(),
        Since = rest.Since,
        Until = rest.Until,
        Because = rest.Reason,
        Lists = rest.Lists.Count > 0 ? rest.Lists : rest.NamedList is { } named ? [named] : [],
        Refusals = rest.Refusals,
    };

    private static string Word(LimitKind kind) => kind switch
    {
        LimitKind.Concurrency => "sessions",
        LimitKind.ConnectionRate => "connections",
        LimitKind.MessageRate => "messages",
        _ => "session_messages",
    };

    private static string? Name(string egress) => egress.Length == 0 ? null : egress;

    /// <summary>In the configuration; the system's choice comes first.</summary>
    private static int Place(PosternConfig config, string choice)
    {
        for (int i = 0; i < config.Egress.Count; i++)
            if (Has(choice, config.Egress[i].Name)) return i;
        return -1;
    }

    /// <summary>A choice is one name, or a pair of both families.</summary>
    private static bool Has(string choice, string name) => choice.Split('+').Contains(name, StringComparer.OrdinalIgnoreCase);
}
