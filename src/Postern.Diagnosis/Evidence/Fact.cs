using System.Text.Json.Serialization;
using Postern.Protocols.Smtp;

namespace Postern.Diagnosis.Evidence;

/// <summary>One thing that was observed, typed and serialisable: what, about which point, who said it, how long it took. Facts are never conclusions.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(DnsFact), "dns")]
[JsonDerivedType(typeof(MxFact), "mx")]
[JsonDerivedType(typeof(TcpFact), "tcp")]
[JsonDerivedType(typeof(PathFact), "path")]
[JsonDerivedType(typeof(LimitFact), "limit")]
[JsonDerivedType(typeof(GreetingFact), "greeting")]
[JsonDerivedType(typeof(EhloFact), "ehlo")]
[JsonDerivedType(typeof(TlsFact), "tls")]
[JsonDerivedType(typeof(ReplyFact), "reply")]
[JsonDerivedType(typeof(StageFact), "stage")]
[JsonDerivedType(typeof(BlocklistFact), "blocklist")]
[JsonDerivedType(typeof(IdentityFact), "identity")]
[JsonDerivedType(typeof(HistoryFact), "history")]
[JsonDerivedType(typeof(NeighbourFact), "neighbours")]
[JsonDerivedType(typeof(MachineFact), "machine")]
public abstract record Fact
{
    /// <summary>Stable, for people and programs: "tcp.connect".</summary>
    [JsonIgnore]
    public abstract string Id { get; }
    public required Speaker SaidBy { get; init; }

    /// <summary>One sentence.</summary>
    public required string Observed { get; init; }
    public double? Milliseconds { get; init; }
}

/// <summary>What a point is to the question asked.</summary>
public enum PointRole : byte
{
    /// <summary>The host and port that mail goes to.</summary>
    Target,

    /// <summary>Another host or address that takes mail for the same destination.</summary>
    Sibling,

    /// <summary>The target host on another port.</summary>
    OtherPort,

    /// <summary>The target from another address of ours.</summary>
    OtherEgress,

    /// <summary>The target over the other address family.</summary>
    OtherFamily,

    /// <summary>Somebody else who is known to be good, on the same port.</summary>
    Control,

    /// <summary>A sibling on another port, or from another address of ours: for the record, no comparison with the target rests on it.</summary>
    SiblingVariant,
}

/// <summary>One end of a connection that was tried.</summary>
/// <param name="Address">As text; null when the host has none.</param>
/// <param name="LocalAddress">The address of ours that was used; null for the system's choice when it is not known.</param>
public sealed record ProbePoint(string Host, string? Address, int Port, string? LocalAddress, PointRole Role)
{
    [JsonIgnore]
    public bool IsIpv6 => Address?.Contains(':', StringComparison.Ordinal) ?? false;

    public override string ToString() => Address is null || Address == Host ? $"{Host}:{Port}" : $"{Host}[{Address}]:{Port}";
}
