using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;
using static Postern.Diagnosis.Causes.SignalId;

namespace Postern.Diagnosis.Causes;

/// <summary>Whether the host that does not answer is alive, and what it is, from its other ports.</summary>
internal static class PortSignals
{
    private static readonly int[] Mail = [25, 465, 587, 143, 993, 110, 995];

    public static void Read(Scene scene, List<Signal> signals)
    {
        if (!scene.ConnectFailed || scene.Deciding is not { } target) return;
        var ports = scene.With(PointRole.OtherPort).FindAll(p => p.Point.Address == target.Point.Address);
        if (ports.Count == 0) return;
        var open = ports.FindAll(p => p.Outcome == TcpOutcome.Connected);
        var mail = open.FindAll(p => Mail.Contains(p.Point.Port));
        bool refused = target.Outcome is TcpOutcome.Refused or TcpOutcome.Reset;
        if (mail.Count > 0)
            signals.Add(new Signal(PortMailOpen, $"{scene.Host} accepts connections on {Ports(mail)}: it is up, and a mail server", Speaker.Peer, [.. mail], mail[0].Milliseconds));
        else if (open.Count > 0 && refused && ports.FindAll(p => Mail.Contains(p.Point.Port)) is { Count: > 0 } others && others.TrueForAll(PathSignals.Answered))
            signals.Add(new Signal(PortWebOnly, $"{scene.Host} accepts connections on {Ports(open)} and refuses every mail port: a web server, it seems", Speaker.Peer, [.. open], open[0].Milliseconds));
        else if (open.Count > 0)
            signals.Add(new Signal(PortOthersOpen, $"{scene.Host} accepts connections on {Ports(open)}: it is up", Speaker.Peer, [.. open], open[0].Milliseconds));
        else if (!refused && ports.Find(PathSignals.Answered) is { } alive)
            signals.Add(Signal.Of(PortHostAlive, alive, $"{scene.Host} refuses port {alive.Point.Port} by a reset: it is up"));
        else if (ports.TrueForAll(p => p.Outcome == TcpOutcome.TimedOut) && target.Outcome == TcpOutcome.TimedOut)
            signals.Add(new Signal(PortAllSilent, $"{scene.Host} is silent on {Ports(ports)} as well", Speaker.Us, [.. ports]));
        else if (signals.Exists(s => s.Id == ConnectHostUnreachable) && ports.TrueForAll(p => p.Outcome == TcpOutcome.HostUnreachable))
            signals.Add(new Signal(PortAllUnreachable, $"{scene.Host} is unreachable on {Ports(ports)} as well", Speaker.Network, [.. ports]));
    }

    private static string Ports(List<TcpFact> facts)
    {
        int[] ports = [.. facts.Select(f => f.Point.Port).Distinct()];
        return ports.Length == 1 ? $"port {ports[0]}" : $"ports {string.Join(", ", ports)}";
    }
}
