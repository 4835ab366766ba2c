using System.Net.Sockets;
using System.Text;

namespace Postern.Hosting;

/// <summary>The socket on which systemd hears of a service of Type=notify: one datagram of NAME=value lines each time (sd_notify(3)).</summary>
internal sealed class SystemdSocket : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { SendTimeout = 1000 };
    private readonly UnixDomainSocketEndPoint _manager;

    /// <param name="path">Value of NOTIFY_SOCKET; @ stands for the zero byte of an abstract name.</param>
    private SystemdSocket(string path) => _manager = new UnixDomainSocketEndPoint(path[0] == '@' ? "\0" + path[1..] : path);

    /// <summary>Null when no service manager listens, which is the ordinary case.</summary>
    public static SystemdSocket? Of(string? path) =>
        path is { Length: > 1 } && path[0] is '/' or '@' && Socket.OSSupportsUnixDomainSockets ? new SystemdSocket(path) : null;

    /// <summary>Never throws for a manager that is gone or slow: mail goes on without it.</summary>
    public void Send(params ReadOnlySpan<string> lines)
    {
        try
        {
            _socket.SendTo(Encoding.UTF8.GetBytes(string.Join('\n', lines)), _manager);
        }
        catch (SocketException)
        {
            // What was to be told is a state, and told again by the next message; a manager that hears nothing acts by its own time-outs.
        }
    }

    public void Dispose() => _socket.Dispose();
}
