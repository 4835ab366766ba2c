using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Postern.Diagnosis.Probes.Native;

/// <summary>
/// What Linux lets an unprivileged process ask of a TCP socket beyond connecting it: ICMP errors with their senders, time to live, TCP's own counters.
/// Elsewhere, and where a sandbox refuses the options, every question is answered "not known".
/// </summary>
internal static class LinuxSocket
{
    private const int Ip = 0, IpTtl = 2, IpRecvErr = 11, IpMinTtl = 21;
    private const int Ipv6 = 41, Ipv6UnicastHops = 16, Ipv6RecvErr = 25, Ipv6MinHopCount = 73;
    private const int Tcp = 6, TcpInfoOption = 11;

    private static readonly Lazy<bool> CanSeeErrors = new(() => OperatingSystem.IsLinux() && Try());

    /// <summary>True when ICMP errors and distances can be observed here.</summary>
    public static bool IsSupported => CanSeeErrors.Value;

    /// <summary>Before connecting: keep ICMP errors in the error queue.</summary>
    public static void KeepErrors(Socket socket) => Set(socket, (Ip, IpRecvErr), (Ipv6, Ipv6RecvErr), 1);

    /// <summary>Segments die after so many hops; the router there says so.</summary>
    public static void LimitHops(Socket socket, int hops) => Set(socket, (Ip, IpTtl), (Ipv6, Ipv6UnicastHops), hops);

    /// <summary>The kernel ignores segments that arrive with less (RFC 5082's defence, here a measure).</summary>
    public static void RequireTtl(Socket socket, int minimum) => Set(socket, (Ip, IpMinTtl), (Ipv6, Ipv6MinHopCount), minimum);

    /// <summary>The ICMP error that ended a connect; null when there was none or it cannot be seen.</summary>
    public static ExtendedError? ErrorOf(Socket socket) => IsSupported ? ErrorQueue.Read(socket.SafeHandle) : null;

    public static TcpInfo? InfoOf(Socket socket)
    {
        if (!OperatingSystem.IsLinux()) return null;
        Span<byte> bytes = stackalloc byte[TcpInfo.Bytes];
        try
        {
            return TcpInfo.Parse(bytes[..socket.GetRawSocketOption(Tcp, TcpInfoOption, bytes)]);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }

    private static void Set(Socket socket, (int Level, int Name) ipv4, (int Level, int Name) ipv6, int value)
    {
        if (!IsSupported) return;
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        MemoryMarshal.Write(bytes, value);
        var (level, name) = socket.AddressFamily == AddressFamily.InterNetworkV6 ? ipv6 : ipv4;
        socket.SetRawSocketOption(level, name, bytes);
    }

    private static bool Try()
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            foreach (var (name, value) in ((int, int)[])[(IpRecvErr, 1), (IpMinTtl, 1), (IpTtl, 64)])
                socket.SetRawSocketOption(Ip, name, BitConverter.GetBytes(value));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
