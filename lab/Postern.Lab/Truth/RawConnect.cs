using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Postern.Lab.Net;

namespace Postern.Lab.Truth;

/// <summary>What one SYN brought.</summary>
/// <param name="Error">errno: 0 for an open port, -1 when nothing came in time.</param>
/// <param name="IcmpType">From the error queue; -1 when it was empty.</param>
internal readonly record struct RawOutcome(int Error, int IcmpType, int IcmpCode, IPAddress? IcmpFrom, TimeSpan Took)
{
    private const int Refused = 111;

    public bool IsOpen => Error == 0;
    public bool IsSilent => Error == -1;

    /// <summary>In the words of <see cref="TruthLine"/>.</summary>
    public override string ToString() =>
        IsOpen ? "open" : IcmpType >= 0 ? $"icmp {IcmpType}/{IcmpCode} by {IcmpFrom}" : Error == Refused ? "refused" : IsSilent ? "silent" : $"error {Error} ({Marshal.GetPInvokeErrorMessage(Error)})";
}

/// <summary>
/// A TCP connect by plain system calls, with the ICMP error that ended it. The lab's own, so that a mistake of Postern's probes cannot hide itself here.
/// </summary>
internal static unsafe class RawConnect
{
    private const int SolSocket = 1, SoError = 4, IpLevel = 0, IpTtl = 2, IpReceiveErrors = 11, Ipv6Level = 41, Ipv6Hops = 16, Ipv6ReceiveErrors = 25, Reuse = 2;

    /// <param name="ttl">0 for the system's.</param>
    public static Task<RawOutcome> TryAsync(NetSpace space, IPEndPoint to, IPAddress? from, int ttl, TimeSpan patience) => space.InsideAsync(() => Try(to, from, ttl, patience));

    private static RawOutcome Try(IPEndPoint to, IPAddress? from, int ttl, TimeSpan patience)
    {
        bool six = to.AddressFamily == AddressFamily.InterNetworkV6;
        int fd = Native.Socket(six ? 10 : 2, Native.Stream | Native.NonBlocking | Native.CloseOnExec, 0);
        if (fd < 0) throw new IOException(Marshal.GetLastPInvokeErrorMessage());
        try
        {
            int on = 1;
            _ = Native.SetOption(fd, SolSocket, Reuse, &on, 4);
            _ = Native.SetOption(fd, six ? Ipv6Level : IpLevel, six ? Ipv6ReceiveErrors : IpReceiveErrors, &on, 4);
            if (ttl > 0) _ = Native.SetOption(fd, six ? Ipv6Level : IpLevel, six ? Ipv6Hops : IpTtl, &ttl, 4);
            byte* address = stackalloc byte[28];
            if (from is not null && Native.Bind(fd, address, Fill(address, new IPEndPoint(from, 0))) != 0) throw new IOException($"{from}: {Marshal.GetLastPInvokeErrorMessage()}");
            long began = Stopwatch.GetTimestamp();
            int error = Native.Connect(fd, address, Fill(address, to)) == 0 ? 0 : Marshal.GetLastPInvokeError();
            if (error == Native.InProgress)
            {
                var poll = new Native.PollFd { Fd = fd, Events = Native.PollOut };
                if (Native.Poll(&poll, 1, (int)patience.TotalMilliseconds) == 0) return new RawOutcome(-1, -1, 0, null, patience);
                int length = 4;
                _ = Native.GetOption(fd, SolSocket, SoError, &error, &length);
            }
            var took = Stopwatch.GetElapsedTime(began);
            return error == 0 ? new RawOutcome(0, -1, 0, null, took) : FromQueue(fd, error, took);
        }
        finally
        {
            _ = Native.Close(fd);
        }
    }

    private static int Fill(byte* address, IPEndPoint point)
    {
        bool six = point.AddressFamily == AddressFamily.InterNetworkV6;
        new Span<byte>(address, 28).Clear();
        address[0] = (byte)(six ? 10 : 2);
        (address[2], address[3]) = ((byte)(point.Port >> 8), (byte)point.Port);
        point.Address.TryWriteBytes(new Span<byte>(address + (six ? 8 : 4), six ? 16 : 4), out _);
        return six ? 28 : 16;
    }

    /// <summary>struct sock_extended_err stands in a control message after its header of 16 bytes; the sender's address follows it.</summary>
    private static RawOutcome FromQueue(int fd, int error, TimeSpan took)
    {
        byte* control = stackalloc byte[512];
        byte* data = stackalloc byte[512];
        var vector = new Native.IoVector { Base = data, Length = 512 };
        var message = new Native.MessageHeader { Vectors = &vector, VectorCount = 1, Control = control, ControlLength = 512 };
        if (Native.ReceiveMessage(fd, &message, Native.ErrorQueue) < 0 || message.ControlLength < 32) return new RawOutcome(error, -1, 0, null, took);
        const int Origin = 20, Type = 21, Code = 22, Offender = 32;
        if (control[Origin] is not (2 or 3)) return new RawOutcome(error, -1, 0, null, took); // SO_EE_ORIGIN_ICMP, _ICMP6
        IPAddress? from = control[Offender] switch
        {
            2 => new IPAddress(new ReadOnlySpan<byte>(control + Offender + 4, 4)),
            10 => new IPAddress(new ReadOnlySpan<byte>(control + Offender + 8, 16)),
            _ => null,
        };
        return new RawOutcome(error, control[Type], control[Code], from, took);
    }
}
