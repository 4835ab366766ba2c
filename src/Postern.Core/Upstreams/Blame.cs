namespace Postern.Core.Upstreams;

/// <summary>What a failed candidate says of the others: which of them is worth trying next.</summary>
internal enum Blame : byte
{
    /// <summary>The host answered for itself, or failed in a way that no other address or port of either side changes.</summary>
    Host,

    /// <summary>Nobody answered. The host may be dead, or something on the way drops us: other hosts first, then this one from another address of ours.</summary>
    Path,

    /// <summary>Our address is turned away, or cannot be used: the same host from another address of ours first.</summary>
    Egress,
}
