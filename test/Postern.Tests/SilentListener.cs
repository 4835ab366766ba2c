using System.Net;
using System.Net.Sockets;

namespace Postern.Tests;

/// <summary>A listener whose backlog is full, so that the kernel drops what knocks without an answer, as a firewall does.</summary>
internal sealed class SilentListener : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly List<Socket> _callers = [];

    public SilentListener(IPEndPoint? endPoint = null)
    {
        _socket.Bind(endPoint ?? new IPEndPoint(IPAddress.Loopback, 0));
        _socket.Listen(0);
        for (int i = 0; i < 4; i++)
        {
            var caller = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
            _callers.Add(caller);
            try
            {
                caller.Connect(EndPoint);
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
            {
                // Under way, or dropped: both fill the backlog.
            }
        }
    }

    public IPEndPoint EndPoint => (IPEndPoint)_socket.LocalEndPoint!;

    public void Dispose()
    {
        _callers.ForEach(c => c.Dispose());
        _socket.Dispose();
    }
}
