using System.Net;
using System.Net.Sockets;
using Postern.Diagnosis.Evidence;

namespace Postern.Diagnosis.Probes.Blocklists;

internal enum BlocklistKind : byte { Block, Part, Allow, Reputation, Private }

/// <summary>One list of the catalogue, as knowledge/blocklists.toml or the operator describes it.</summary>
internal sealed record BlocklistRow
{
    /// <summary>Lower case, without trailing dot; may hold "{key}".</summary>
    public required string Zone { get; init; }
    public required string Name { get; init; }
    public BlocklistKind Kind { get; init; }
    public bool Ipv4 { get; init; } = true;
    public bool Ipv6 { get; init; }
    public BlocklistWeight Weight { get; init; } = BlocklistWeight.Medium;
    public string? Access { get; init; }
    public string? Lookup { get; init; }
    public string? Delisting { get; init; }

    /// <summary>By answer, "127.0.0.2".</summary>
    public IReadOnlyDictionary<string, string> Codes { get; init; } = new Dictionary<string, string>();
    public IReadOnlyDictionary<string, string> Refused { get; init; } = new Dictionary<string, string>();
    public IReadOnlyDictionary<string, string> Ignored { get; init; } = new Dictionary<string, string>();

    /// <summary>False where the list breaks RFC 5782 section 5 by design.</summary>
    public bool HasTestPoints { get; init; } = true;
    public string? NeedsKey { get; init; }
    public string? Replaces { get; init; }
    public bool IsUnsure { get; init; }

    /// <summary>For people and evidence: a key is a secret and never part of it.</summary>
    public string PublicZone => Zone.Replace("{key}.", "", StringComparison.Ordinal);

    public bool Holds(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? Ipv6 : Ipv4;
}

/// <summary>A list that has closed.</summary>
/// <param name="Since">"5 June 2024"; follows "closed since".</param>
internal sealed record DeadBlocklist(string Zone, string Name, string Since, string Now);

/// <summary>What the operator says of a list: one of the catalogue by its zone, of which only what is given changes, or a new one.</summary>
/// <param name="Enabled">False: it is not asked.</param>
internal sealed record BlocklistOverride(string Zone, string? Name = null, BlocklistWeight? Weight = null, string? Delisting = null, IReadOnlyDictionary<string, string>? Codes = null, bool? Ipv4 = null, bool? Ipv6 = null, bool Enabled = true);

/// <summary>Which lists are asked.</summary>
internal sealed record BlocklistSettings
{
    /// <summary>False: only the operator's own.</summary>
    public bool Builtin { get; init; } = true;
    public IReadOnlyList<BlocklistOverride> Lists { get; init; } = [];

    /// <summary>By the name that the catalogue gives them: "spamhaus-dqs", "abusix". Secrets.</summary>
    public IReadOnlyDictionary<string, string> Keys { get; init; } = new Dictionary<string, string>();
}
