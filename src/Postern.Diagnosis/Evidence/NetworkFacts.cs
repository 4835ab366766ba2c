namespace Postern.Diagnosis.Evidence;

public enum TcpOutcome : byte { Connected, Refused, Reset, TimedOut, HostUnreachable, NetworkUnreachable, Prohibited, LocalError }

/// <summary>An ICMP (or ICMPv6) error from the socket's error queue.</summary>
/// <param name="From">Address of who sent it; null when not told.</param>
/// <param name="FromUs">It came from an address of this machine: our own firewall or routing.</param>
public sealed record IcmpError(int Type, int Code, string? From, bool IsIpv6, bool FromUs);

/// <summary>One TCP connection tried.</summary>
public sealed record TcpFact : Fact
{
    public override string Id => "tcp.connect";
    public required ProbePoint Point { get; init; }
    public required TcpOutcome Outcome { get; init; }

    /// <summary>What the error queue held; null when it was empty or cannot be read here. A reset leaves it empty.</summary>
    public IcmpError? Icmp { get; init; }

    /// <summary>Time to live of the answer (SYN-ACK or RST) when it arrived; null when not measured.</summary>
    public int? AnswerTtl { get; init; }

    /// <summary>SYNs sent again before it connected; null when not known.</summary>
    public int? SynRetransmits { get; init; }
}

/// <param name="Address">Null when nobody answered at this distance.</param>
/// <param name="Icmp">Type and code of the answer; null for a TCP answer (the host itself).</param>
public sealed record PathHop(int Distance, string? Address, IcmpError? Icmp, double? Milliseconds);

/// <summary>A walk towards a port by rising TTL.</summary>
public sealed record PathFact : Fact
{
    public override string Id => "path.walk";
    public required ProbePoint Point { get; init; }
    public required IReadOnlyList<PathHop> Hops { get; init; }

    /// <summary>True when the port answered, by SYN-ACK or RST.</summary>
    public required bool Reached { get; init; }

    /// <summary>The largest distance that anybody answered from; 0 when nobody did.</summary>
    public required int LastAnswered { get; init; }

    /// <summary>Hops to the host, when it answered on this or another port.</summary>
    public int? HostDistance { get; init; }

    /// <summary>Distance at which the port's RST or SYN-ACK was made, from its TTL; null when not measured.</summary>
    public int? AnswerDistance { get; init; }
}

/// <summary>Something that could not be observed here, and why: its absence from the evidence says nothing.</summary>
public sealed record LimitFact : Fact
{
    public override string Id => "probe.limit";

    /// <summary>"icmp", "path", "ttl".</summary>
    public required string What { get; init; }
}
