using System.Net;
using System.Net.Sockets;

namespace Postern.Lab.Daemons;

/// <summary>Ports for daemons that cannot choose one themselves. Below the range that the kernel gives to outgoing connections, so that none takes it in between.</summary>
public static class LoopbackPorts
{
    private const int First = 15_000;
    private const int Last = 31_000;
    private static readonly Lock Gate = new();
    private static readonly HashSet<int> Given = [];

    /// <summary>A port that was free for TCP and UDP on every IPv4 address a moment ago, and is not given twice by this process.</summary>
    public static int Take()
    {
        lock (Gate)
        {
            for (int tries = 0; tries < 10_000; tries++)
            {
                int port = Random.Shared.Next(First, Last);
                if (!Given.Contains(port) && IsFree(port, SocketType.Stream, ProtocolType.Tcp) && IsFree(port, SocketType.Dgram, ProtocolType.Udp))
                {
                    Given.Add(port);
                    return port;
                }
            }
        }
        throw new InvalidOperationException("no free port on loopback");
    }

    private static bool IsFree(int port, SocketType type, ProtocolType protocol)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, type, protocol);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Any, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
