using System.Net.Sockets;

namespace Postern.Core.Configuration;

/// <summary>Which address families are used towards an upstream.</summary>
public enum AddressFamilies : byte { Both, Ipv4, Ipv6 }

internal static class AddressFamiliesExtensions
{
    public static bool Allow(this AddressFamilies families, AddressFamily family) => families switch
    {
        AddressFamilies.Ipv4 => family == AddressFamily.InterNetwork,
        AddressFamilies.Ipv6 => family == AddressFamily.InterNetworkV6,
        _ => true,
    };
}
