using System.Text.Json.Serialization;
using Postern.Protocols.Dns;

namespace Postern.Diagnosis.Evidence;

/// <summary>Authority: asked of the name servers responsible for the name, past our resolver.</summary>
public enum DnsRole : byte { Mx, Address, Ptr, Policy, Control, Authority }

/// <summary>One look-up, as it was answered.</summary>
public sealed record DnsFact : Fact
{
    public override string Id => "dns.answer";
    public required DnsRole Role { get; init; }
    public required DnsObservation Seen { get; init; }
}

public enum MxProblem : byte
{
    None, NoSuchDomain, NoMxNoAddress, NullMx, NullMxBesideOthers, LookupFailed, Bogus, NamesAlias, NamesAddressLiteral, HostDoesNotExist, HostHasNoAddress,
    HostLookupFailed, PrivateAddress, LoopbackAddress, PointsAtUs,
}

/// <summary>One way in which a domain's mail records are right or wrong.</summary>
public sealed record MxFact : Fact
{
    public override string Id => "dns.mx";
    public required string Domain { get; init; }
    public required MxProblem Problem { get; init; }

    /// <summary>The host it is about; null for the whole set.</summary>
    public string? Host { get; init; }

    /// <summary>Hosts of the set that have usable addresses.</summary>
    public int UsableHosts { get; init; }

    /// <summary>There is no MX record, and the domain's own address stands in (RFC 5321 section 5.1).</summary>
    public bool IsImplicit { get; init; }
}

public enum BlocklistResult : byte { Listed, NotListed, Refused, Unhealthy, Dead, NoAnswer }

/// <summary>How much a listing explains a refusal.</summary>
public enum BlocklistWeight : byte { None, VeryLow, Low, Medium, High }

/// <summary>What one DNS blocklist says of one address of ours (RFC 5782).</summary>
public sealed record BlocklistFact : Fact
{
    public override string Id => "blocklist.answer";
    public required string Zone { get; init; }
    public required string Name { get; init; }
    public required string Address { get; init; }
    public required BlocklistResult Result { get; init; }
    public BlocklistWeight Weight { get; init; }

    /// <summary>What the lists of every operator answer to those who ask through a public or anonymous resolver (Spamhaus began it).</summary>
    public const string PublicResolverCode = "127.255.255.254";

    /// <summary>The 127.0.0.x answers.</summary>
    public IReadOnlyList<string> Codes { get; init; } = [];

    /// <summary>The answer by which the list refuses the question; null when there is none.</summary>
    public string? Refusal { get; init; }

    /// <summary>It would answer, but not through the resolver that we use.</summary>
    [JsonIgnore]
    public bool IsPublicResolverRefused => Refusal == PublicResolverCode;

    /// <summary>What the codes mean, and the list's own TXT.</summary>
    public string? Reason { get; init; }

    /// <summary>Where to look it up and ask for removal.</summary>
    public string? Delisting { get; init; }
}

public enum IdentityAspect : byte { ReverseName, ForwardConfirmed, HelloName, SenderPolicy, SenderDomain }

/// <summary>One thing receivers check about us.</summary>
public sealed record IdentityFact : Fact
{
    public override string Id => "identity.check";
    public required IdentityAspect Aspect { get; init; }

    /// <summary>The address, or the sender's domain for <see cref="IdentityAspect.SenderPolicy"/> and <see cref="IdentityAspect.SenderDomain"/>.</summary>
    public required string Subject { get; init; }

    /// <summary>Our address that it is about; null for <see cref="IdentityAspect.SenderDomain"/>.</summary>
    public string? Address { get; init; }

    /// <summary>Null when it could not be determined, or there is nothing to pass (no policy, a neutral one).</summary>
    public required bool? Passed { get; init; }

    /// <summary>The reverse name has the address or a word of access networks in it, which many receivers take for a home connection.</summary>
    public bool LooksGenerated { get; init; }
}
