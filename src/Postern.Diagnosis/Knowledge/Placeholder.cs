using System.Net;
using System.Net.Sockets;

namespace Postern.Diagnosis.Knowledge;

/// <summary>A name that pages may write as {{name}}.</summary>
/// <param name="InProse">Said in a sentence when the case has no value.</param>
/// <param name="InCommand">Written in a command when the case has no value, or none that is safe to paste into a shell.</param>
internal sealed record Placeholder(string Name, Func<CaseValues, string?> ValueIn, string InProse, string InCommand)
{
    public static readonly IReadOnlyList<Placeholder> All =
    [
        new("host", v => v.Host, "their mail server", "HOST"),
        new("address", v => v.Address, "its address", "ADDRESS"),
        new("our_address", v => v.OurAddress, "our sending address", "OUR_ADDRESS"),
        new("port", v => v.Port?.ToString(), "25", "25"),
        new("domain", v => v.Domain, "the recipient's domain", "DOMAIN"),
        new("list", v => v.List ?? v.Zone, "the blocklist", "LIST"),
        new("zone", v => v.Zone, "the list's zone", "ZONE"),
        new("delisting", v => v.Delisting, "the list's removal page", "URL"),
        // What stands around it ends the sentence.
        new("reply", v => v.Reply?.TrimEnd('.', ' '), "…", "REPLY"),
        new("limit", v => v.Limit, "their limit", "LIMIT"),
        new("hop", v => v.Hop, "the last router that answers", "HOP"),
        new("hello", v => v.Hello, "our name", "OUR_NAME"),
        new("recipient", v => v.Recipient, "the recipient's address", "RECIPIENT"),
        new("sender", v => v.Sender, "the sender's address", "SENDER"),
        new("upstream", v => v.Upstream, "the upstream", "UPSTREAM"),
        new("destination", v => v.Destination, "that destination", "mx:DOMAIN"),
        new("found", v => v.Found, "the record as it is", "RECORD"),
        new("since", v => v.Since, "some time", "SINCE"),

        // For sentences: "our address 192.0.2.10", "mx1.example.org [198.51.100.25]".
        new("us", v => v.OurAddress is { } address ? $"our address {address}" : null, "our sending address", "OUR_ADDRESS"),
        new("them", v => v.Host is null || v.Address is null || v.Host == v.Address ? v.Host ?? v.Address : $"{v.Host} [{v.Address}]", "their mail server", "HOST"),

        // Made from the others, so that commands come out whole for both address families.
        new("sender_domain", v => v.Sender is { } sender && sender.LastIndexOf('@') is > 0 and var at ? sender[(at + 1)..].TrimEnd('>') : null, "the sender's domain", "SENDER_DOMAIN"),
        new("our_prefix", v => Parse(v.OurAddress) is { } address ? $"{address}/{(IsIpv6(address) ? 128 : 32)}" : null, "our sending address", "OUR_ADDRESS/32"),
        new("reversed", v => Parse(v.OurAddress) is { } address ? Reverse(address) : null, "our address reversed", "OUR_ADDRESS_REVERSED"),
        new("reverse_name", v => Parse(v.OurAddress) is { } address ? $"{Reverse(address)}.{(IsIpv6(address) ? "ip6" : "in-addr")}.arpa" : null, "our address's reverse name", "OUR_ADDRESS_REVERSED.in-addr.arpa"),
        new("address_type", v => UsesIpv6(v) ? "AAAA" : "A", "A", "A"),
        new("spf_term", v => Parse(v.OurAddress) is { } address ? $"ip{(IsIpv6(address) ? 6 : 4)}:{address}" : null, "ip4: with our sending address", "ip4:OUR_ADDRESS"),
        new("iptables", v => UsesIpv6(v) ? "ip6tables" : "iptables", "iptables", "iptables"),
        new("family", v => UsesIpv6(v) ? "ipv6" : "ipv4", "ipv4", "ipv4"),
        new("aws_ranges", v => UsesIpv6(v) ? "Ipv6Ranges" : "IpRanges", "IpRanges", "IpRanges"),
        new("aws_cidr", v => UsesIpv6(v) ? "CidrIpv6" : "CidrIp", "CidrIp", "CidrIp"),
        new("ip", v => UsesIpv6(v) ? "ip6" : "ip", "ip", "ip"),
    ];

    private static readonly Dictionary<string, Placeholder> ByName = All.ToDictionary(p => p.Name);

    public static Placeholder? Find(string name) => ByName.GetValueOrDefault(name);

    private static IPAddress? Parse(string? text) => IPAddress.TryParse(text, out var address) ? address : null;

    private static bool UsesIpv6(CaseValues values) => Parse(values.OurAddress ?? values.Address) is { } address && IsIpv6(address);

    private static bool IsIpv6(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6;

    /// <summary>As blocklists are asked: octets or nibbles in reverse (RFC 5782 §2.1, §2.4).</summary>
    private static string Reverse(IPAddress address)
    {
        byte[] bytes = address.GetAddressBytes();
        Array.Reverse(bytes);
        return string.Join('.', IsIpv6(address) ? bytes.SelectMany(b => new[] { $"{b & 15:x}", $"{b >> 4:x}" }) : bytes.Select(b => b.ToString()));
    }
}
