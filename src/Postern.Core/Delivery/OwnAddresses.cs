using System.Net;
using System.Net.NetworkInformation;

namespace Postern.Core.Delivery;

/// <summary>
/// Our own listening addresses, to notice that a domain's MX is ourselves (RFC 5321 section 5.1) before we talk to ourselves for ever. A wildcard
/// listener stands for every address of the machine; those are read when the listeners are set.
/// </summary>
internal sealed class OwnAddresses(string hostname)
{
    private volatile string _hostname = hostname;
    private volatile HashSet<IPEndPoint> _endpoints = [];

    public void Set(string name, IEnumerable<IPEndPoint> listening)
    {
        _hostname = name;
        var endpoints = new HashSet<IPEndPoint>();
        foreach (var endpoint in listening)
        {
            if (!endpoint.Address.Equals(IPAddress.Any) && !endpoint.Address.Equals(IPAddress.IPv6Any))
            {
                endpoints.Add(endpoint);
                continue;
            }
            foreach (var address in MachineAddresses()) endpoints.Add(new IPEndPoint(address, endpoint.Port));
        }
        _endpoints = endpoints;
    }

    public bool IsOurName(string host) => host.Equals(_hostname, StringComparison.OrdinalIgnoreCase);

    public bool IsOurs(IPAddress address, int port) => _endpoints.Contains(new IPEndPoint(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, port));

    private static IEnumerable<IPAddress> MachineAddresses()
    {
        try
        {
            return [.. NetworkInterface.GetAllNetworkInterfaces().SelectMany(i => i.GetIPProperties().UnicastAddresses).Select(a => a.Address), IPAddress.Loopback, IPAddress.IPv6Loopback];
        }
        catch (NetworkInformationException)
        {
            // A sandbox may hide the interfaces; the name is then all we know ourselves by.
            return [IPAddress.Loopback, IPAddress.IPv6Loopback];
        }
    }
}
