using System.Net;
using System.Net.Sockets;
using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.Probes.Native;
using Postern.Protocols.Smtp;

namespace Postern.Diagnosis.Probes;

/// <summary>Connects as facts: who said it, and one sentence that an operator understands.</summary>
internal static class NetWords
{
    public static TcpFact FactOf(ProbePoint point, ConnectResult result, int? answerTtl = null) => new()
    {
        SaidBy = SpeakerOf(result),
        Observed = Observed(point, result),
        Milliseconds = result.Milliseconds,
        Point = point with { LocalAddress = result.Local?.ToString() ?? point.LocalAddress },
        Outcome = result.Outcome,
        Icmp = result.Icmp,
        AnswerTtl = answerTtl,
        SynRetransmits = result.Info?.Retransmits,
    };

    /// <summary>"mx1.example.org[198.51.100.25]:25", and where it is the point of it, which of our addresses asked.</summary>
    public static string NameOf(ProbePoint point) => point is { Role: PointRole.OtherEgress, LocalAddress: { } local } ? $"{point} (asked from {local})" : point.ToString();

    public static string Observed(ProbePoint to, ConnectResult result)
    {
        string point = NameOf(to);
        if (result.Icmp is { } icmp) return Told(point, result, icmp);
        if (result.FailedHere) return FailedHere(point, result);
        int again = result.Info?.Retransmits ?? 0;
        return result.Outcome switch
        {
            TcpOutcome.Connected => $"{point} accepted the connection in {Duration(result.Elapsed)}{(again > 0 ? $", after {Times(again)} lost SYN" + (again > 1 ? "s" : "") : "")}",
            TcpOutcome.Refused => $"{point} refused the connection: TCP reset after {Duration(result.Elapsed)}",
            TcpOutcome.Reset => $"{point} reset the connection while it was being opened, after {Duration(result.Elapsed)}",
            TcpOutcome.TimedOut => $"no answer within {Duration(result.Elapsed)} from {point}{(again > 0 ? $", asked {again + 1} times" : "")}",
            _ => $"{point} cannot be reached: {SystemWords(result.Error)}",
        };
    }

    /// <summary>"12 ms", "3.1 s".</summary>
    public static string Duration(TimeSpan span) => span.TotalSeconds >= 1 ? $"{span.TotalSeconds:0.#} s" : span.TotalMilliseconds >= 10 ? $"{span.TotalMilliseconds:0} ms" : $"{span.TotalMilliseconds:0.#} ms";

    private static Speaker SpeakerOf(ConnectResult result) =>
        result.FailedHere ? Speaker.Us
        : result.HasTcpAnswer || result.Icmp?.From == result.Remote.Address.ToString() ? Speaker.Peer
        : Speaker.Network;

    private static string Told(string point, ConnectResult result, IcmpError icmp)
    {
        // The kernel writes this error to itself when the next hop does not answer ARP or neighbour discovery.
        if (icmp.FromUs && IcmpTable.IsNobodyThere(icmp))
            return $"nobody answers on the local network for {point}: {(NetLocal.IsOnLink(result.Remote.Address) ? "the host" : "our gateway")} does not answer {(icmp.IsIpv6 ? "neighbour discovery" : "ARP")} ({Duration(result.Elapsed)})";
        string who = icmp.FromUs ? $"our own machine ({icmp.From})" : icmp.From == result.Remote.Address.ToString() ? $"the host itself, {icmp.From}," : icmp.From ?? "somebody who is not named";
        return $"{who} answered: {IcmpTable.WordsOf(icmp)}, when asked for {point}";
    }

    private static string FailedHere(string point, ConnectResult result)
    {
        string family = result.Remote.AddressFamily == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4";
        return (result.Outcome, result.Error) switch
        {
            (_, SocketError.InvalidArgument) => $"a blackhole route of this machine swallows what goes to {point}",
            (TcpOutcome.NetworkUnreachable, SocketError.AddressNotAvailable) => $"this machine has no {family} address to send from (asked for {point})",
            (TcpOutcome.NetworkUnreachable, _) => $"this machine has no {family} route to {point}",
            (TcpOutcome.HostUnreachable, _) => $"this machine's routing table says that {point} is unreachable",
            (TcpOutcome.Prohibited, _) => $"this machine's routing table prohibits {point}",
            (_, SocketError.AddressNotAvailable) => $"{result.Local} cannot be sent from: it is not an address of this machine (asked for {point})",
            (_, SocketError.TooManyOpenSockets) => $"too many open files in this process to ask for {point} (raise the limit, ulimit -n)",
            _ => $"this machine could not ask for {point}: {SystemWords(result.Error)}",
        };
    }

    private static string Times(int count) => count == 1 ? "one" : $"{count}";

    private static string SystemWords(SocketError error) => new SocketException((int)error).Message;
}
