namespace Postern.Core.Routing;

public enum DestinationKind : byte { Pool, Mx }

/// <summary>
/// Where mail goes, as data: a named pool of upstreams or a domain's mail exchangers, and the egress addresses to use. Its text form is the
/// scheduling key kept with each recipient: "pool:a,b", "mx:example.org", and with egress addresses "mx:example.org@out1,out2". The key says
/// everything, so that a queue written under another configuration can still be read.
/// </summary>
/// <param name="Name">Upstream names joined by commas, or the domain in A-label lower case (an address literal keeps its brackets).</param>
/// <param name="Egress">Egress names joined by commas; empty for the system's choice.</param>
public readonly record struct Destination(DestinationKind Kind, string Name, string Egress = "")
{
    private const string PoolPrefix = "pool:";
    private const string MxPrefix = "mx:";

    /// <summary>The scheduling key.</summary>
    public override string ToString() =>
        (Kind == DestinationKind.Pool ? PoolPrefix : MxPrefix) + (Egress.Length == 0 ? Name : Name + "@" + Egress);

    /// <summary>False for a key that no version of the relay writes.</summary>
    public static bool TryParse(string key, out Destination destination)
    {
        destination = default;
        DestinationKind kind;
        if (key.StartsWith(PoolPrefix, StringComparison.Ordinal)) kind = DestinationKind.Pool;
        else if (key.StartsWith(MxPrefix, StringComparison.Ordinal)) kind = DestinationKind.Mx;
        else return false;
        string rest = key[(kind == DestinationKind.Pool ? PoolPrefix.Length : MxPrefix.Length)..];
        int at = rest.IndexOf('@', StringComparison.Ordinal);
        destination = at < 0 ? new Destination(kind, rest) : new Destination(kind, rest[..at], rest[(at + 1)..]);
        return destination.Name.Length > 0;
    }
}
