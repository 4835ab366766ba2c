using System.Net;

namespace Postern.Diagnosis.Probes;

/// <summary>From where an address can be reached.</summary>
internal enum AddressScope : byte { Global, Private, Documentation, Loopback, LinkLocal, Unusable }

/// <summary>The special-purpose address registries (RFC 6890), as far as mail can meet them.</summary>
internal static class AddressScopes
{
    private static readonly (IPNetwork Network, AddressScope Scope, string Words)[] Table =
    [
        Row("10.0.0.0/8", AddressScope.Private, "a private address (RFC 1918)"),
        Row("172.16.0.0/12", AddressScope.Private, "a private address (RFC 1918)"),
        Row("192.168.0.0/16", AddressScope.Private, "a private address (RFC 1918)"),
        Row("100.64.0.0/10", AddressScope.Private, "an address behind a provider's NAT (RFC 6598)"),
        Row("fc00::/7", AddressScope.Private, "a unique local address (RFC 4193)"),
        Row("192.0.2.0/24", AddressScope.Documentation, "an address for documentation only (RFC 5737)"),
        Row("198.51.100.0/24", AddressScope.Documentation, "an address for documentation only (RFC 5737)"),
        Row("203.0.113.0/24", AddressScope.Documentation, "an address for documentation only (RFC 5737)"),
        Row("2001:db8::/32", AddressScope.Documentation, "an address for documentation only (RFC 3849)"),
        Row("3fff::/20", AddressScope.Documentation, "an address for documentation only (RFC 9637)"),
        Row("127.0.0.0/8", AddressScope.Loopback, "a loopback address: every sender's own machine"),
        Row("::1/128", AddressScope.Loopback, "a loopback address: every sender's own machine"),
        Row("0.0.0.0/8", AddressScope.Loopback, "an address that means the sender's own machine"),
        Row("::/128", AddressScope.Loopback, "an address that means the sender's own machine"),
        Row("169.254.0.0/16", AddressScope.LinkLocal, "a link-local address"),
        Row("fe80::/10", AddressScope.LinkLocal, "a link-local address"),
        Row("192.0.0.0/24", AddressScope.Unusable, "a reserved address"),
        Row("198.18.0.0/15", AddressScope.Unusable, "an address for benchmarks only (RFC 2544)"),
        Row("224.0.0.0/4", AddressScope.Unusable, "a multicast address"),
        Row("240.0.0.0/4", AddressScope.Unusable, "a reserved address"),
        Row("ff00::/8", AddressScope.Unusable, "a multicast address"),
        Row("100::/64", AddressScope.Unusable, "an address that discards everything (RFC 6666)"),
    ];

    public static AddressScope Of(IPAddress address) => Find(address).Scope;

    /// <summary>"a private address (RFC 1918)"; null for a global one.</summary>
    public static string? WordsOf(IPAddress address) => Find(address).Words;

    private static (AddressScope Scope, string? Words) Find(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        foreach (var (network, scope, words) in Table)
            if (network.Contains(address)) return (scope, words);
        return (AddressScope.Global, null);
    }

    private static (IPNetwork, AddressScope, string) Row(string network, AddressScope scope, string words) => (IPNetwork.Parse(network), scope, words);
}
