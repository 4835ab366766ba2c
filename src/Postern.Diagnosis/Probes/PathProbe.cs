using System.Globalization;
using System.Net;
using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.Probes.Native;
using Postern.Protocols.Smtp;

namespace Postern.Diagnosis.Probes;

/// <summary>
/// Walks the way to the target's port, and beside it to another port of the same host, so that "the path ends" can be told from "port 25 ends". A port that
/// connects at a distance of 1 while the host is farther is answered by somebody on the way. Takes less than 4 s; Linux only, elsewhere a <see cref="LimitFact"/>.
/// Up to five connections reach a port that answers: run it after the greeting has been heard, not beside it, where a limit on connections may be.
/// </summary>
internal static class PathProbe
{
    /// <summary>Ports to compare with: web servers and submission answer where mail servers stand or near them.</summary>
    private static readonly int[] Others = [443, 80, 587];

    private static readonly TimeSpan ChoicePatience = TimeSpan.FromMilliseconds(600);
    private static readonly TimeSpan Whole = TimeSpan.FromMilliseconds(3200);

    public static async ValueTask<IReadOnlyList<Fact>> RunAsync(ProbeContext context, CancellationToken cancel)
    {
        if (NetTarget.Find(context) is not { } target) return [];
        if (!LinuxSocket.IsSupported) return [Limit("the path cannot be walked on this system: without root that takes Linux")];
        if (NetLocal.SourceFor(target.Remote.Address, target.Local) is null) return [Limit($"the path cannot be walked: this machine has no route to {target.Point}")];
        using var whole = new CancellationTokenSource(Whole, context.Time);
        var walking = new PathWalk(target, context.Time).RunAsync(whole.Token, cancel);
        var comparing = CompareAsync(context, target, whole.Token, cancel);
        await Task.WhenAll(walking, comparing);
        var mine = await walking;
        var other = await comparing;

        int? host = HostDistance(mine, other?.Walk);
        var made = await OriginAsync(target, mine, host, context.Time, cancel);
        var facts = new List<Fact> { FactOf(target.Point, mine, host, made) };
        if (other is { } seen) facts.Add(FactOf(seen.Target.Point, seen.Walk, host, null));
        return facts;
    }

    private static LimitFact Limit(string observed) => new() { SaidBy = Speaker.Us, What = "path", Observed = observed };

    private sealed record Comparison(NetPoint Target, WalkResult Walk);

    private static async Task<Comparison?> CompareAsync(ProbeContext context, NetPoint target, CancellationToken hurry, CancellationToken cancel)
    {
        var candidates = Others.Where(p => p != target.Point.Port).Select(p => NetTarget.From(target.Local, target.Point.Host, target.Remote.Address, p, PointRole.OtherPort)).ToList();
        var asked = candidates.Select(async c =>
        {
            using var result = await NetConnect.RunAsync(c.Request(ChoicePatience), context.Time, cancel);
            return result.HasTcpAnswer ? result.Outcome : TcpOutcome.TimedOut;
        });
        var outcomes = await Task.WhenAll(asked);
        int best = Array.IndexOf(outcomes, TcpOutcome.Connected);
        if (best < 0) best = Array.FindIndex(outcomes, o => o != TcpOutcome.TimedOut);

        // None answers: the one that comes furthest shows most of the path.
        var chosen = best >= 0 ? [candidates[best]] : candidates.Take(2).ToList();
        var walks = await Task.WhenAll(chosen.Select(async c => new Comparison(c, await new PathWalk(c, context.Time).RunAsync(hurry, cancel))));
        return walks.MaxBy(w => Math.Max(w.Walk.ReachedAt, w.Walk.LastAnswered));
    }

    /// <summary>The larger distance is the host's: who answers nearer on one of the ports is somebody else.</summary>
    private static int? HostDistance(WalkResult mine, WalkResult? other)
    {
        int distance = Math.Max(Math.Max(mine.ReachedAt, mine.HostSpokeAt), other is null ? 0 : Math.Max(other.ReachedAt, other.HostSpokeAt));
        return distance > 0 ? distance : null;
    }

    /// <summary>Worth its connects when the port refuses, or accepts nearer than the host is.</summary>
    private static async ValueTask<int?> OriginAsync(NetPoint target, WalkResult mine, int? host, TimeProvider time, CancellationToken cancel)
    {
        if (mine.Answer is not { } answer || (answer.Outcome == TcpOutcome.Connected && mine.ReachedAt >= host)) return null;
        return await AnswerTtl.MeasureAsync(target.Remote, target.Local, answer.RoundTrip, time, cancel) is { } ttl ? AnswerTtl.DistanceOf(ttl) : null;
    }

    private static PathFact FactOf(ProbePoint point, WalkResult walk, int? host, int? made) => new()
    {
        SaidBy = Speaker.Network,
        Observed = Observed(point, walk, host, made),
        Milliseconds = walk.Answer?.RoundTrip.TotalMilliseconds,
        Point = point,
        Hops = walk.Hops,
        Reached = walk.ReachedAt > 0,
        LastAnswered = walk.LastAnswered,
        HostDistance = host,
        AnswerDistance = made,
    };

    internal static string Observed(ProbePoint point, WalkResult walk, int? host, int? made)
    {
        string place = $"port {point.Port} of {(point.Address is null || point.Address == point.Host ? point.Host : $"{point.Host}[{point.Address}]")}";
        if (walk.Answer is { } answer)
        {
            string did = answer.Outcome == TcpOutcome.Connected ? "accepts" : "refuses";
            string nearer = host > walk.ReachedAt ? $", but the host is {Hops(host.Value)} away" : "";
            string origin = made is { } m && host is { } h && m < h ? $"; the answer was made {Hops(m)} away" : "";
            return $"the way to {place} is {Hops(walk.ReachedAt)} long, and it {did}{nearer}{origin}";
        }

        if (walk.LastAnswered == 0) return walk.Hops.Count > 0 && walk.Hops[^1].Icmp is { FromUs: true } us
            ? $"the way to {place} ends on this machine: {IcmpTable.WordsOf(us)}"
            : $"the way to {place} is silent: not even the first router answers";
        var end = walk.Hops[^1];
        string said = end.Icmp is { } icmp && !IcmpTable.IsTimeExceeded(icmp) ? $", which says: {IcmpTable.WordsOf(icmp)}" : ", then silence";
        return $"the way to {place} ends after {Hops(walk.LastAnswered)}, at {end.Address}{said}";
    }

    private static string Hops(int count) => count == 1 ? "1 hop" : string.Create(CultureInfo.InvariantCulture, $"{count} hops");
}
