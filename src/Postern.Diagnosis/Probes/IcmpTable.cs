using Postern.Diagnosis.Evidence;

namespace Postern.Diagnosis.Probes;

/// <summary>What ICMP errors mean to a connection, and their words (RFC 792, RFC 1812 section 5.2.7.1, RFC 4443 section 3).</summary>
internal static class IcmpTable
{
    private const int Unreachable = 3, TimeExceeded = 11;
    private const int Unreachable6 = 1, TimeExceeded6 = 3;

    private static readonly (TcpOutcome Outcome, string Words)[] Codes4 =
    [
        (TcpOutcome.NetworkUnreachable, "network unreachable"),
        (TcpOutcome.HostUnreachable, "host unreachable"),
        // No host with an SMTP server lacks TCP: these two are a firewall's way to refuse.
        (TcpOutcome.Refused, "protocol unreachable"),
        (TcpOutcome.Refused, "port unreachable"),
        (TcpOutcome.HostUnreachable, "packet too large"),
        (TcpOutcome.NetworkUnreachable, "source route failed"),
        (TcpOutcome.NetworkUnreachable, "network unknown"),
        (TcpOutcome.HostUnreachable, "host unknown"),
        (TcpOutcome.HostUnreachable, "source host isolated"),
        (TcpOutcome.Prohibited, "network administratively prohibited"),
        (TcpOutcome.Prohibited, "host administratively prohibited"),
        (TcpOutcome.NetworkUnreachable, "network unreachable for this type of service"),
        (TcpOutcome.HostUnreachable, "host unreachable for this type of service"),
        (TcpOutcome.Prohibited, "communication administratively prohibited"),
        (TcpOutcome.Prohibited, "host precedence violation"),
        (TcpOutcome.Prohibited, "precedence cutoff in effect"),
    ];

    private static readonly (TcpOutcome Outcome, string Words)[] Codes6 =
    [
        (TcpOutcome.NetworkUnreachable, "no route to the destination"),
        (TcpOutcome.Prohibited, "communication administratively prohibited"),
        (TcpOutcome.NetworkUnreachable, "beyond the scope of the source address"),
        (TcpOutcome.HostUnreachable, "address unreachable"),
        (TcpOutcome.Refused, "port unreachable"),
        (TcpOutcome.Prohibited, "source address failed the ingress or egress policy"),
        (TcpOutcome.Prohibited, "route to the destination rejected"),
    ];

    /// <summary>A packet died of its hop limit: what every router on the way answers to a walk.</summary>
    public static bool IsTimeExceeded(IcmpError icmp) => icmp.Type == (icmp.IsIpv6 ? TimeExceeded6 : TimeExceeded);

    /// <summary>The host itself, or the network it is on, could not be reached by who says so: not a firewall's words.</summary>
    public static bool IsNobodyThere(IcmpError icmp) => (icmp.IsIpv6, icmp.Type, icmp.Code) is (false, Unreachable, 1) or (true, Unreachable6, 3);

    public static TcpOutcome OutcomeOf(IcmpError icmp) => Find(icmp)?.Outcome ?? TcpOutcome.HostUnreachable;

    /// <summary>"communication administratively prohibited (ICMP 3/13)".</summary>
    public static string WordsOf(IcmpError icmp)
    {
        string words = Find(icmp)?.Words ?? (IsTimeExceeded(icmp) ? "time to live exceeded" : "an error");
        return $"{words} ({(icmp.IsIpv6 ? "ICMPv6" : "ICMP")} {icmp.Type}/{icmp.Code})";
    }

    private static (TcpOutcome Outcome, string Words)? Find(IcmpError icmp)
    {
        var table = icmp.IsIpv6 ? Codes6 : Codes4;
        return icmp.Type == (icmp.IsIpv6 ? Unreachable6 : Unreachable) && icmp.Code >= 0 && icmp.Code < table.Length ? table[icmp.Code] : null;
    }
}
