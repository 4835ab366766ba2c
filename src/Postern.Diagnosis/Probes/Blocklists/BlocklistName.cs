using System.Net;
using System.Net.Sockets;

namespace Postern.Diagnosis.Probes.Blocklists;

/// <summary>The name under which a list is asked about an address (RFC 5782 sections 2.1 and 2.4).</summary>
internal static class BlocklistName
{
    // RFC 5782 section 5: the first must be listed, the second must not.
    private static readonly (IPAddress Listed, IPAddress Clean) Four = (IPAddress.Parse("127.0.0.2"), IPAddress.Parse("127.0.0.1"));
    private static readonly (IPAddress Listed, IPAddress Clean) Six = (IPAddress.Parse("::FFFF:7F00:2"), IPAddress.Parse("::FFFF:7F00:1"));

    public static (IPAddress Listed, IPAddress Clean) TestPoints(bool ipv6) => ipv6 ? Six : Four;

    public static string Of(IPAddress address, string zone)
    {
        byte[] bytes = address.GetAddressBytes();
        var labels = address.AddressFamily == AddressFamily.InterNetworkV6
            ? Convert.ToHexStringLower(bytes).Reverse().Select(c => c.ToString())
            : bytes.Reverse().Select(b => b.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return $"{string.Join('.', labels)}.{zone}";
    }
}
