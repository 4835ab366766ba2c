using System.Net;

namespace Postern.Benchmarks.Loop.Upstream;

/// <summary>How an upstream says no to what is above a limit.</summary>
internal enum LimitManner : byte
{
    /// <summary>421 with a text, then it closes.</summary>
    Reply,

    /// <summary>It closes without a word.</summary>
    Close,

    /// <summary>No answer: a connection's packets are dropped by nftables, a command is never answered and the session stays silent.</summary>
    Drop,
}

/// <summary>What an upstream allows, enforced exactly. Null: no such limit.</summary>
internal sealed record UpstreamRules
{
    /// <summary>MAIL commands in any 60 seconds (a sliding log, no bucket).</summary>
    public int? MessagesPerMinute { get; init; }

    /// <summary>Sessions at once.</summary>
    public int? Sessions { get; init; }

    /// <summary>MAIL commands on one session.</summary>
    public int? MessagesPerSession { get; init; }

    public LimitManner Manner { get; init; }

    /// <summary>From the end of the message to its 250.</summary>
    public TimeSpan Service { get; init; }

    /// <summary>The greeting for an address that is not welcome ("554 …"); null for one that is.</summary>
    public Func<IPAddress, string?> Unwelcome { get; init; } = static _ => null;

    /// <summary>The firewall of a host that drops connections above <see cref="Sessions"/>; null where the server itself refuses them, or nobody.</summary>
    public string? Firewall => Manner == LimitManner.Drop && Sessions is { } limit
        ? $"set: served {{ type ipv4_addr; flags dynamic; size 65535; }}\ninput: tcp dport 25 ct state new add @served {{ ip saddr ct count over {limit} }} drop"
        : null;
}
