using System.Diagnostics;
using System.Text;

namespace Postern.Lab.Net;

/// <summary>
/// A long way between r2 and r3: two tun devices and a thread that carries packets from one to the other, each after its time. In place of the kernel's
/// netem, which not every kernel has.
/// </summary>
internal sealed class SlowLink : IDisposable
{
    private const nuint SetInterface = 0x400454ca;  // TUNSETIFF
    private const short TunWithoutHeader = 0x1001;  // IFF_TUN | IFF_NO_PI
    private const int LargestPacket = 65536, MostWaiting = 4096;

    private readonly int _near, _far;
    private readonly long _delayTicks, _jitterTicks;
    private readonly Queue<(long Due, int To, byte[] Packet)> _waiting = new();
    private readonly Random _random = new(1);
    private readonly Thread _thread;
    private volatile bool _stop;

    private SlowLink(int near, int far, TimeSpan delay, TimeSpan jitter)
    {
        (_near, _far) = (near, far);
        _delayTicks = (long)(delay.TotalSeconds * Stopwatch.Frequency);
        _jitterTicks = (long)(jitter.TotalSeconds * Stopwatch.Frequency);
        _thread = new Thread(Carry) { IsBackground = true, Name = "slow link" };
        _thread.Start();
    }

    /// <param name="delay">One way; the round trip takes twice that.</param>
    public static async Task<SlowLink> LayAsync(LabNet net, TimeSpan delay, TimeSpan jitter)
    {
        int near = net["r2"].Inside(() => Device("r3"));
        int far = net["r3"].Inside(() => Device("r2"));
        await LabNet.IpAsync(net["r2"], """
            addr add 203.0.113.5/30 dev r3
            addr add 2001:db8:f2::1/64 dev r3 nodad
            link set r3 up
            route add 0.0.0.0/0 via 203.0.113.6
            route add ::/0 via 2001:db8:f2::2 dev r3

            """);
        await LabNet.IpAsync(net["r3"], """
            addr add 203.0.113.6/30 dev r2
            addr add 2001:db8:f2::2/64 dev r2 nodad
            link set r2 up
            route add 0.0.0.0/0 via 203.0.113.5
            route add ::/0 via 2001:db8:f2::1 dev r2

            """);
        return new SlowLink(near, far, delay, jitter);
    }

    public void Dispose()
    {
        _stop = true;
        _thread.Join();
        _ = Native.Close(_near);
        _ = Native.Close(_far);
    }

    /// <summary>A tun device in the namespace that the calling thread is in.</summary>
    private static unsafe int Device(string name)
    {
        int fd = Native.Open("/dev/net/tun", Native.ReadWrite | Native.CloseOnExec | Native.NonBlocking);
        if (fd < 0) throw new IOException("/dev/net/tun cannot be opened");
        byte* request = stackalloc byte[40];
        new Span<byte>(request, 40).Clear();
        Encoding.ASCII.GetBytes(name, new Span<byte>(request, 15));
        *(short*)(request + 16) = TunWithoutHeader;
        if (Native.Control(fd, SetInterface, request) != 0)
        {
            _ = Native.Close(fd);
            throw new IOException($"the tun device {name} cannot be made");
        }
        return fd;
    }

    private unsafe void Carry()
    {
        byte[] buffer = new byte[LargestPacket];
        var fds = stackalloc Native.PollFd[2];
        while (!_stop)
        {
            fds[0] = new Native.PollFd { Fd = _near, Events = Native.PollIn };
            fds[1] = new Native.PollFd { Fd = _far, Events = Native.PollIn };
            _ = Native.Poll(fds, 2, Patience());
            if ((fds[0].Returned & Native.PollIn) != 0) Take(_near, _far, buffer);
            if ((fds[1].Returned & Native.PollIn) != 0) Take(_far, _near, buffer);
            while (_waiting.TryPeek(out var first) && first.Due <= Stopwatch.GetTimestamp())
            {
                _waiting.Dequeue();
                fixed (byte* packet = first.Packet) _ = Native.Write(first.To, packet, first.Packet.Length);
            }
        }
    }

    private int Patience()
    {
        if (!_waiting.TryPeek(out var first)) return 100;
        long left = (first.Due - Stopwatch.GetTimestamp()) * 1000 / Stopwatch.Frequency;
        return (int)Math.Clamp(left, 0, 100);
    }

    private unsafe void Take(int from, int to, byte[] buffer)
    {
        while (true)
        {
            nint read;
            fixed (byte* into = buffer) read = Native.Read(from, into, buffer.Length);
            if (read <= 0) return;
            // In order, as a line has it: jitter never overtakes because the queue is first in, first out.
            if (_waiting.Count < MostWaiting)
                _waiting.Enqueue((Stopwatch.GetTimestamp() + _delayTicks + _random.NextInt64(_jitterTicks + 1), to, buffer[..(int)read]));
        }
    }
}
