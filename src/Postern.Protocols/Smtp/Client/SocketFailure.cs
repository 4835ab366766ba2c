using System.Net.Sockets;

namespace Postern.Protocols.Smtp;

/// <summary>The operating system's words for a failed socket, as our kinds.</summary>
internal static class SocketFailure
{
    public static FailureKind KindOf(SocketError error) => error switch
    {
        SocketError.ConnectionRefused => FailureKind.ConnectionRefused,
        SocketError.HostUnreachable or SocketError.HostDown or SocketError.AccessDenied => FailureKind.HostUnreachable,
        SocketError.NetworkUnreachable or SocketError.NetworkDown => FailureKind.NetworkUnreachable,
        SocketError.TimedOut => FailureKind.TimedOut,
        SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown => FailureKind.ConnectionReset,
        _ => FailureKind.LocalError,
    };

    public static string Words(SocketException error) => error.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => "connection refused",
        SocketError.HostUnreachable => "no route to host",
        SocketError.HostDown => "host is down",
        // ICMPv6 "administratively prohibited" arrives as EACCES.
        SocketError.AccessDenied => "prohibited by a firewall (EACCES)",
        SocketError.NetworkUnreachable => "network unreachable",
        SocketError.NetworkDown => "network is down",
        SocketError.TimedOut => "the connection timed out",
        SocketError.ConnectionReset => "connection reset by the peer",
        SocketError.ConnectionAborted => "connection aborted",
        SocketError.Shutdown => "the connection is shut down",
        SocketError.AddressNotAvailable => "the local address to send from is not on this machine",
        SocketError.TooManyOpenSockets => "too many open files in this process (raise the limit, ulimit -n)",
        _ => $"{error.Message} ({error.SocketErrorCode})",
    };
}
