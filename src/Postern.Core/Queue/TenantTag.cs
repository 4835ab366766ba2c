namespace Postern.Core.Queue;

/// <summary>
/// Whose mail a message is, in 16 bits, for taking turns: the authenticated user, else the sender's domain, else the client. Two tenants that
/// happen to have the same tag share a turn, nothing worse.
/// </summary>
public static class TenantTag
{
    public static ushort Of(QueuedEnvelope envelope)
    {
        if (envelope.Origin.User is { } user) return OfUser(user);
        var sender = envelope.From.Address.AsSpan();
        int at = sender.LastIndexOf('@');
        return at >= 0 ? OfDomain(sender[(at + 1)..]) : OfClient(envelope.Origin.ClientAddress);
    }

    public static ushort OfDomain(ReadOnlySpan<char> domain) => Hash(2, domain);

    public static ushort OfClient(string? address) => Hash(3, address);

    public static ushort OfUser(string user) => Hash(1, user);

    /// <summary>FNV-1a, folded. Domains are the same in both cases, and it does no harm that users are.</summary>
    private static ushort Hash(uint kind, ReadOnlySpan<char> name)
    {
        uint hash = (2166136261 ^ kind) * 16777619;
        foreach (char c in name) hash = (hash ^ char.ToLowerInvariant(c)) * 16777619;
        return (ushort)(hash ^ (hash >> 16));
    }
}
