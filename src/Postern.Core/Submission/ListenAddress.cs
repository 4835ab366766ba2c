using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Postern.Core.Submission;

/// <summary>A listener's address, parsed: "192.0.2.1:25", "[2001:db8::1]:25", "*:25" for both families, "localhost:25" for 127.0.0.1.</summary>
/// <param name="IsDualStack">True for "*": one IPv6 socket that takes IPv4 too where the system has IPv6, else an IPv4 socket.</param>
public readonly record struct ListenAddress(IPEndPoint EndPoint, bool IsDualStack)
{
    public static bool TryParse(string text, out ListenAddress address)
    {
        address = default;
        int colon = text.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)) return false;
        var host = text.AsSpan(0, colon);
        if (host is "*")
        {
            address = new ListenAddress(new IPEndPoint(Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, port), true);
            return true;
        }
        if (host is "localhost") host = "127.0.0.1";
        bool bracketed = host.Length > 2 && host[0] == '[' && host[^1] == ']';
        if (bracketed) host = host[1..^1];
        if (!IPAddress.TryParse(host, out var ip) || bracketed != (ip.AddressFamily == AddressFamily.InterNetworkV6)) return false;
        if (!bracketed && host.Count('.') != 3) return false;
        address = new ListenAddress(new IPEndPoint(ip, port), false);
        return true;
    }

    /// <summary>Opens a listening socket. Throws <see cref="ListenException"/> with the operator's next step.</summary>
    public Socket Open(int backlog)
    {
        var socket = new Socket(EndPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (EndPoint.AddressFamily == AddressFamily.InterNetworkV6) socket.DualMode = IsDualStack;
            // On Linux and macOS accepted sockets inherit it, which saves a call for each of them.
            socket.NoDelay = true;
            socket.Bind(EndPoint);
            socket.Listen(backlog);
            return socket;
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new ListenException($"cannot listen on {EndPoint}: {Explain(e.SocketErrorCode)}", e);
        }
    }

    private string Explain(SocketError error) => error switch
    {
        SocketError.AddressAlreadyInUse => $"the port is in use by another process; stop that one ('ss -ltnp sport = :{EndPoint.Port}' shows it) or choose another port in listener.address (--listen)",
        SocketError.AccessDenied => $"ports below 1024 need a privilege; give it with 'setcap cap_net_bind_service=+ep' or AmbientCapabilities=CAP_NET_BIND_SERVICE, or choose another port than {EndPoint.Port} in listener.address (--listen)",
        SocketError.AddressNotAvailable => "no interface of this machine has that address; correct listener.address or use '*' for all",
        SocketError.AddressFamilyNotSupported => "this machine has no such address family; use an IPv4 address in listener.address",
        _ => $"{error}; correct listener.address",
    };
}
