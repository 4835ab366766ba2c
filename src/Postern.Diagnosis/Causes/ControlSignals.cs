using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;
using static Postern.Diagnosis.Causes.SignalId;

namespace Postern.Diagnosis.Causes;

/// <summary>The same question asked elsewhere, or from elsewhere: separates "they block us" from "our network blocks the port" from "they are down". Other ports are read by <see cref="PortSignals"/>.</summary>
internal static class ControlSignals
{
    public static void Read(Scene scene, List<Signal> signals)
    {
        if (scene.Deciding is not { } target) return;
        Controls(scene, signals);
        Egress(scene, target, signals);
        Family(scene, scene.Own ?? target, signals);
        Siblings(scene, target, signals);
    }

    private static void Controls(Scene scene, List<Signal> signals)
    {
        var controls = scene.With(PointRole.Control);
        if (controls.Count == 0) return;
        var good = controls.FindAll(c => c.Outcome == TcpOutcome.Connected);
        string port = $"port {scene.Port}";
        if (good.Count == controls.Count || (good.Count > 0 && scene.Connected))
            signals.Add(new Signal(ControlOk, $"{port} of {Names(good)} answers from here", Speaker.Us, [.. good], good[0].Milliseconds));
        else if (good.Count > 0)
            signals.Add(new Signal(ControlSomeFail, $"{port} of {Names(good)} answers from here, that of {Names(controls.Except(good))} does not", Speaker.Us, [.. controls]));
        // What works is not cut off, whatever the references do.
        else if (scene.Connected) return;
        // One reference may be down itself; several unrelated ones are not, at once.
        else signals.Add(new Signal(ControlAllFail, $"{port} of {Names(controls)} does not answer from here either", Speaker.Us, [.. controls], Strength: Hosts(controls) > 1 ? 1 : 0.75));
    }

    private static void Egress(Scene scene, TcpFact target, List<Signal> signals)
    {
        var others = scene.With(PointRole.OtherEgress).FindAll(t => t.Point.Address == target.Point.Address && t.Outcome != TcpOutcome.LocalError);
        string? ours = target.Point.LocalAddress;
        if (scene.ConnectFailed)
        {
            if (others.Count == 0) return;
            if (others.Find(o => o.Outcome == TcpOutcome.Connected) is { } works)
                signals.Add(new Signal(EgressOtherWorks, $"{target.Point} accepts connections from {works.Point.LocalAddress}, but not from {ours ?? "the address used"}", Speaker.Us, [target, works], works.Milliseconds));
            else if (others.Exists(o => Alike(o, target)))
                signals.Add(new Signal(EgressOtherFails, $"from {Locals(others)} it is the same", Speaker.Us, [target, .. others]));
            return;
        }
        // Connected from everywhere: what do they say to our other address?
        if (scene.Greeting is not { Outcome: not GreetingOutcome.Accepted } mine) return;
        var theirs = scene.Greetings.FindAll(g => g.Point.Role == PointRole.OtherEgress);
        if (theirs.Find(g => g.Outcome == GreetingOutcome.Accepted) is { } welcome)
            signals.Add(new Signal(EgressOtherWelcomed, $"{welcome.Point.Host} greets {welcome.Point.LocalAddress} as usual, but not {ours ?? "the address used"}", Speaker.Peer, [mine, welcome], welcome.Milliseconds));
        else if (theirs.Exists(g => g.Outcome == mine.Outcome))
            signals.Add(new Signal(EgressOtherTurnedAway, $"{string.Join(", ", theirs.Select(g => g.Point.LocalAddress))} is turned away as well", Speaker.Peer, [mine, .. theirs]));
    }

    private static void Family(Scene scene, TcpFact target, List<Signal> signals)
    {
        var others = scene.With(PointRole.OtherFamily);
        if (!scene.ConnectFailed || others.Count == 0) return;
        if (others.Find(o => o.Outcome == TcpOutcome.Connected) is not { } works)
        {
            if (others.Exists(o => Alike(o, target))) signals.Add(new Signal(FamilyBothFail, "over IPv4 and IPv6 alike", Speaker.Us, [target, .. others]));
            return;
        }
        TakesMail(scene, PointRole.OtherFamily, FamilyTakesMail, signals);
        string id = PathSignals.Answered(target) ? FamilyRefusedOnly : target.Point.IsIpv6 ? Ipv6OnlyFails : Ipv4OnlyFails;
        signals.Add(new Signal(id, $"{target.Point.Host} answers over {Word(works)}, but not over {Word(target)}", Speaker.Us, [target, works], works.Milliseconds));
    }

    private static void Siblings(Scene scene, TcpFact target, List<Signal> signals)
    {
        // Other addresses of the target's own host belong to the comparison of families.
        var siblings = scene.With(PointRole.Sibling).FindAll(s => s.Point.Host != target.Point.Host || s.Point.IsIpv6 == target.Point.IsIpv6 && s.Point.Address != target.Point.Address);
        if (siblings.Count == 0) return;
        var good = siblings.FindAll(s => s.Outcome == TcpOutcome.Connected);
        // A host that fails in another way has another trouble, and says nothing of this one.
        var bad = siblings.FindAll(s => s.Outcome is not (TcpOutcome.Connected or TcpOutcome.NetworkUnreachable or TcpOutcome.LocalError) && (scene.Connected || Alike(s, target)));
        if (scene.ConnectFailed && good.Count > 0)
        {
            signals.Add(new Signal(SiblingWorks, $"{Names(good)}, which takes mail for the same domain, answers", Speaker.Peer, [.. good], good[0].Milliseconds));
            TakesMail(scene, PointRole.Sibling, SiblingTakesMail, signals);
        }
        else if (scene.ConnectFailed && bad.Count > 0)
            signals.Add(new Signal(SiblingsFail, $"{Names(bad)}, which takes mail for the same domain, does not answer either", Speaker.Us, [.. bad]));
        else if (scene.Connected && bad.Find(b => !good.Exists(g => g.Point.Host == b.Point.Host) && b.Point.Host != target.Point.Host) is { } down)
            signals.Add(Signal.Of(SiblingDown, down));
    }

    /// <summary>A greeting is more than an open port: mail passes there.</summary>
    private static void TakesMail(Scene scene, PointRole role, string id, List<Signal> signals)
    {
        if (scene.Greetings.Find(g => g.Point.Role == role && g.Outcome == GreetingOutcome.Accepted) is { } greeting)
            signals.Add(Signal.Of(id, greeting, $"{greeting.Point} greets us: mail passes there"));
    }

    private static bool Alike(TcpFact one, TcpFact other) => one.Outcome == other.Outcome || (one.Outcome != TcpOutcome.Connected && !PathSignals.Answered(one) && !PathSignals.Answered(other));

    private static string Word(TcpFact tcp) => tcp.Point.IsIpv6 ? "IPv6" : "IPv4";

    private static string Locals(List<TcpFact> facts) => string.Join(", ", facts.Select(f => f.Point.LocalAddress).Distinct());

    private static int Hosts(IEnumerable<TcpFact> facts) => facts.Select(f => f.Point.Host).Distinct().Count();

    internal static string Names(IEnumerable<TcpFact> facts)
    {
        string[] hosts = [.. facts.Select(f => f.Point.Host).Distinct()];
        return hosts.Length <= 3 ? string.Join(", ", hosts) : $"{hosts[0]}, {hosts[1]} and {hosts.Length - 2} others";
    }
}
