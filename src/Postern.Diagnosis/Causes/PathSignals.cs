using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;
using static Postern.Diagnosis.Causes.SignalId;
using Place = Postern.Diagnosis.Causes.TcpSignals.Place;

namespace Postern.Diagnosis.Causes;

/// <summary>Where packets to the port stop, compared with other ports of the same host, and at what distance an answer was made.</summary>
internal static class PathSignals
{
    /// <summary>Systems send 64, 128 or 255 and every router takes one.</summary>
    private static readonly int[] InitialTtls = [64, 128, 255];

    public static void Read(Scene scene, List<Signal> signals)
    {
        var path = scene.Path(PointRole.Target);
        int? made = path?.AnswerDistance ?? AnswerDistance(scene);
        if (scene.Connected)
        {
            Interception(scene, path, made, signals);
            if (path is not null && HasHoles(path)) signals.Add(Signal.Of(PathHoles, path, $"routers on the way to {path.Point} answer only now and then"));
            return;
        }
        if (scene.Deciding is { Outcome: TcpOutcome.Refused or TcpOutcome.Reset, Icmp: null } refused) ResetMaker(scene, refused, path, made, signals);
        if (path is not null && !path.Reached) End(scene, path, signals);
        else if (path is not null && scene.Deciding?.Outcome == TcpOutcome.TimedOut) signals.Add(Signal.Of(PathReached, path, $"a later packet did reach {path.Point}"));
    }

    private static void ResetMaker(Scene scene, TcpFact refused, PathFact? path, int? made, List<Signal> signals)
    {
        if (made is not { } at || scene.Distance is not { } host) return;
        List<Fact> facts = path is null ? [refused] : [refused, path];
        // Return paths may be a hop longer or shorter than the way there.
        if (at >= host - 1 && path?.AnswerDistance is null || at >= host)
        {
            signals.Add(new Signal(ResetFromHost, $"the reset was made at {Hops(at)}, where the host is", Speaker.Peer, facts));
            return;
        }
        string id = TcpSignals.PlaceOf(scene, at) switch { Place.NearUs => ResetNearUs, Place.Edge => ResetAtEdge, _ => ResetInMiddle };
        signals.Add(new Signal(id, $"the reset was made {Hops(at)} away{AtHop(path, at)}; the host is {Hops(host)} away", Speaker.Network, facts));
    }

    private static void Interception(Scene scene, PathFact? path, int? made, List<Signal> signals)
    {
        int? elsewhere = ReachedAt(scene.Path(PointRole.OtherPort));
        int? here = ReachedAt(path) ?? made;
        if (here is <= 2 && elsewhere is { } far && far >= here + 2)
            signals.Add(new Signal(Intercepted, $"port {scene.Port} of {scene.Host} answers from {Hops(here.Value)} away, its other ports from {Hops(far)}: somebody near us answers in its place", Speaker.Network, path is null ? [scene.Deciding!] : [path]));
    }

    private static void End(Scene scene, PathFact path, List<Signal> signals)
    {
        var other = scene.Paths.Find(p => p.Point.Role == PointRole.OtherPort && p.Point.Address == path.Point.Address);
        bool othersReach = other?.Reached == true || scene.With(PointRole.OtherPort).Exists(t => Answered(t) && t.Point.Address == path.Point.Address);
        string end = path.LastAnswered == 0 ? "nobody on the way answered" : $"the last answer came from {Hops(path.LastAnswered)} away{AtHop(path, path.LastAnswered)}";
        string id = TcpSignals.PlaceOf(scene, path.LastAnswered) switch
        {
            Place.NearUs => PathEndsNearUs,
            Place.Middle => PathEndsInMiddle,
            Place.Edge or Place.Host => PathEndsAtEdge,
            _ => PathEndsSomewhere,
        };
        // One hop short of the edge may be their edge router dropping before it counts the hop.
        double strength = id == PathEndsInMiddle && path.LastAnswered == scene.Distance - 2 ? 0.6 : 1;
        signals.Add(Signal.Of(id, path, $"packets to {path.Point} stop on the way: {end}{(scene.Distance is { } host ? $", the host is {Hops(host)} away" : "")}", strength));
        if (othersReach) signals.Add(new Signal(PathPortOnly, $"packets to other ports of {scene.Host} arrive; only those to port {scene.Port} stop", Speaker.Network, other is null ? [path] : [path, other]));
        else if (other is { Reached: false } && Math.Abs(other.LastAnswered - path.LastAnswered) <= 1)
            signals.Add(new Signal(PathEveryPort, $"packets to port {other.Point.Port} stop at the same place", Speaker.Network, [path, other]));
    }

    /// <summary>The least distance at which the port itself answered.</summary>
    private static int? ReachedAt(PathFact? path)
    {
        if (path is not { Reached: true }) return null;
        foreach (var hop in path.Hops)
            if (hop is { Address: not null, Icmp: null }) return hop.Distance;
        return null;
    }

    internal static bool Answered(TcpFact tcp) => tcp.Outcome is TcpOutcome.Connected || (tcp.Outcome is TcpOutcome.Refused or TcpOutcome.Reset && tcp.Icmp is null);

    private static bool HasHoles(PathFact path) => path.Hops.Count(h => h.Address is null && h.Distance < path.LastAnswered) >= 3;

    /// <summary>From the TTL of an answer that arrived.</summary>
    private static int? AnswerDistance(Scene scene)
    {
        if (scene.Deciding?.AnswerTtl is not { } ttl) return null;
        foreach (int initial in InitialTtls)
            if (ttl <= initial) return initial - ttl + 1;
        return null;
    }

    private static string AtHop(PathFact? path, int distance) => path?.Hops.FirstOrDefault(h => h.Distance == distance)?.Address is { } address ? $" ({address})" : "";

    private static string Hops(int count) => count == 1 ? "1 hop" : $"{count} hops";
}
