using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Postern.Diagnosis.Probes;

/// <summary>What this machine knows of its own addresses and routes, without sending anything.</summary>
internal static class NetLocal
{
    /// <summary>The address that packets to <paramref name="remote"/> leave from; null when there is no route. Nothing is sent.</summary>
    /// <param name="from">An address to send from; the answer is this one when it can be used.</param>
    public static IPAddress? SourceFor(IPAddress remote, IPAddress? from = null)
    {
        try
        {
            // Connecting a datagram socket only looks the route up.
            using var socket = new Socket(remote.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            if (from is not null) socket.Bind(new IPEndPoint(from, 0));
            socket.Connect(new IPEndPoint(remote, 9));
            return ((IPEndPoint?)socket.LocalEndPoint)?.Address;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    public static bool IsOurs(IPAddress address) => IPAddress.IsLoopback(address) || Addresses().Any(a => Same(a.Address, address));

    /// <summary>True when the address lies on a network that this machine is itself attached to, so that no router stands between.</summary>
    public static bool IsOnLink(IPAddress address) =>
        IPAddress.IsLoopback(address) ||
        Addresses().Any(a => a.Address.AddressFamily == address.AddressFamily && a.PrefixLength > 0 && new IPNetwork(Network(a.Address, a.PrefixLength), a.PrefixLength).Contains(address));

    private static List<UnicastIPAddressInformation> Addresses()
    {
        try
        {
            return [.. NetworkInterface.GetAllNetworkInterfaces().SelectMany(i => i.GetIPProperties().UnicastAddresses)];
        }
        catch (Exception e) when (e is NetworkInformationException or SocketException or PlatformNotSupportedException)
        {
            return [];
        }
    }

    /// <summary>Without the scope, which the error queue does not carry.</summary>
    private static bool Same(IPAddress one, IPAddress other) => one.GetAddressBytes().AsSpan().SequenceEqual(other.GetAddressBytes());

    private static IPAddress Network(IPAddress address, int prefix)
    {
        byte[] bytes = address.GetAddressBytes();
        for (int i = 0; i < bytes.Length; i++)
        {
            int kept = Math.Clamp(prefix - (8 * i), 0, 8);
            bytes[i] &= (byte)(0xff << (8 - kept));
        }

        return new IPAddress(bytes);
    }
}
