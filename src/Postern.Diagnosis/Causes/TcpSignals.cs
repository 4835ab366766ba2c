using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;
using static Postern.Diagnosis.Causes.SignalId;

namespace Postern.Diagnosis.Causes;

/// <summary>What came of connecting to the target, and who sent the error. The system's error alone cannot tell a firewall from a stopped daemon: the error queue and the answer's distance do.</summary>
internal static class TcpSignals
{
    /// <summary>A kernel, ours or a router's, gives up on a neighbour that does not answer ARP after 3 s; a route that forbids fails at once.</summary>
    private const double NeighbourTimeoutMs = 2000;

    public static void Read(Scene scene, List<Signal> signals)
    {
        if (scene.Deciding is not { } tcp) return;
        signals.Add(Signal.Of(OutcomeOf(tcp), tcp));
        if (tcp.Icmp is { } icmp && !scene.Connected) Sender(scene, tcp, icmp, signals);
        // Two families, two faults: both are true.
        if (scene.Own is { } own && own != tcp)
        {
            signals.Add(Signal.Of(OutcomeOf(own), own));
            if (own.Icmp is { } ours) Sender(scene, own, ours, signals);
        }
        // The other family may be refused for a reason of its own, and in clearer words.
        foreach (var other in scene.ConnectFailed ? scene.With(PointRole.OtherFamily) : [])
            if (other != tcp && other.Icmp is { } told) Sender(scene, other, told, signals);
        if (scene.Connected) Unsteady(scene, signals);
        Elsewhere(scene, signals);
    }

    private static string OutcomeOf(TcpFact tcp) => tcp.Outcome switch
    {
        TcpOutcome.Connected => ConnectOk,
        TcpOutcome.Refused => ConnectRefused,
        TcpOutcome.Reset => ConnectReset,
        TcpOutcome.TimedOut => ConnectSilent,
        TcpOutcome.Prohibited => ConnectProhibited,
        _ when IsOurs(tcp) && tcp.Milliseconds > NeighbourTimeoutMs && tcp.Outcome == TcpOutcome.HostUnreachable => ConnectNobodyOnLink,
        TcpOutcome.HostUnreachable when IsOurs(tcp) => ConnectNoRouteHere,
        TcpOutcome.HostUnreachable when tcp.Icmp is { IsIpv6: false, Type: 11 } or { IsIpv6: true, Type: 3 } => ConnectLoops,
        // A router that has to ask its last link first takes seconds; one without a route knows at once.
        TcpOutcome.HostUnreachable when tcp.Icmp is not null && tcp.Milliseconds < NeighbourTimeoutMs => ConnectNoRouteThere,
        TcpOutcome.HostUnreachable => ConnectHostUnreachable,
        TcpOutcome.NetworkUnreachable when IsOurs(tcp) => ConnectNoRouteHere,
        TcpOutcome.NetworkUnreachable => ConnectNetUnreachable,
        _ => ConnectLocalError,
    };

    private static bool IsOurs(TcpFact tcp) => tcp.Icmp?.FromUs ?? (tcp.SaidBy == Speaker.Us);

    private static void Sender(Scene scene, TcpFact tcp, IcmpError icmp, List<Signal> signals)
    {
        // Port or protocol unreachable: an open or closed TCP port never says so, a packet filter that rejects does.
        bool isPort = IsPortUnreachable(icmp);
        if (!isPort && tcp.Outcome != TcpOutcome.Prohibited && !icmp.FromUs) return;
        string id;
        if (icmp.FromUs)
        {
            if (tcp.Outcome == TcpOutcome.HostUnreachable) return;
            id = IcmpFromUs;
        }
        else if (icmp.From is not null && icmp.From == tcp.Point.Address) id = isPort ? PortUnreachableByHost : ProhibitedByHost;
        else
        {
            id = PlaceOf(scene, HopOf(scene, icmp.From)) switch
            {
                Place.NearUs => ProhibitedNearUs,
                Place.Middle => ProhibitedInMiddle,
                Place.Edge or Place.Host => ProhibitedAtEdge,
                _ => isPort ? PortUnreachableByRouter : ProhibitedByRouter,
            };
        }
        string who = icmp.FromUs ? "this machine itself" : icmp.From == tcp.Point.Address ? $"{icmp.From}, the host itself," : icmp.From ?? "a router that is not named";
        signals.Add(Signal.Of(id, tcp, $"{who} sent the refusal (ICMP{(icmp.IsIpv6 ? "v6" : "")} {icmp.Type}/{icmp.Code})"));
    }

    internal static bool IsPortUnreachable(IcmpError icmp) => icmp.IsIpv6 ? (icmp.Type, icmp.Code) is (1, 4) : (icmp.Type, icmp.Code) is (3, 2 or 3);

    internal enum Place : byte { Unknown, NearUs, Middle, Edge, Host }

    /// <summary>The first two hops are our own network or provider; the last one before the host is theirs.</summary>
    internal static Place PlaceOf(Scene scene, int? hop)
    {
        if (hop is not { } at) return Place.Unknown;
        if (scene.Distance is { } host)
        {
            if (at >= host) return Place.Host;
            // A path of two or three hops has no middle: its first router is ours.
            if (at == host - 1 && at > 1) return Place.Edge;
            return at <= 2 ? Place.NearUs : Place.Middle;
        }
        return at <= 2 ? Place.NearUs : Place.Unknown;
    }

    internal static int? HopOf(Scene scene, string? address)
    {
        if (address is null) return null;
        foreach (var path in scene.Paths)
            foreach (var hop in path.Hops)
                if (hop.Address == address) return hop.Distance;
        return null;
    }

    /// <summary>Connected in the end, but packets were lost or other tries failed.</summary>
    private static void Unsteady(Scene scene, List<Signal> signals)
    {
        if (LossSignals.Heavy(scene) is { } heavy)
        {
            signals.Add(heavy);
            return;
        }
        int failed = scene.Connects.Count(c => c.Outcome != TcpOutcome.Connected && SamePoint(c, scene.Deciding!));
        if (failed > 0)
        {
            signals.Add(new Signal(ConnectFlaps, $"{failed} of {scene.Connects.Count} connections to {scene.Deciding!.Point} failed, the others were made", Speaker.Network, [.. scene.Connects]));
            return;
        }
        int lost = scene.Connects.Max(c => c.SynRetransmits ?? 0);
        if (lost > 0) signals.Add(new Signal(ConnectLossy, $"{lost} SYN to {scene.Deciding!.Point} had to be sent again before it connected", Speaker.Network, [.. scene.Connects]));
    }

    /// <summary>Loss that others suffer too is near us.</summary>
    private static void Elsewhere(Scene scene, List<Signal> signals)
    {
        if (signals.Exists(s => s.Id == ConnectLossy)) return;
        var others = scene.With(PointRole.Control);
        int lossy = others.Count(c => c is { Outcome: TcpOutcome.Connected, SynRetransmits: > 0 });
        if (lossy > 0) signals.Add(new Signal(ConnectLossy, $"SYNs to {lossy} other destination{(lossy > 1 ? "s" : "")} had to be sent again before they connected", Speaker.Network, [.. others], Strength: 0.5));
    }

    private static bool SamePoint(TcpFact one, TcpFact other) => one.Point.Address == other.Point.Address && one.Point.LocalAddress == other.Point.LocalAddress;
}
