using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Postern.Lab.Net;

namespace Postern.Benchmarks.Loop.Upstream;

/// <param name="First">When its first SYN came, since the tally's start.</param>
/// <param name="Last">When the last one came: a connection that is not answered repeats it.</param>
/// <param name="IsWalk">It came with so few hops left that it was sent to find the way (a TCP traceroute), not to connect.</param>
internal sealed record SynAttempt(TimeSpan First, TimeSpan Last, IPAddress From, IPAddress To, bool IsWalk);

/// <summary>
/// Sees every TCP connection that is asked for at a host's port over IPv4, whatever the firewall does with it: a packet socket stands before the firewall. A repeated SYN
/// bears the same port and sequence number and is not counted twice. Thread safe.
/// </summary>
internal sealed class SynWatch : IAsyncDisposable
{
    /// <summary>ETH_P_IP in network order: packets of IPv4, without their link's header.</summary>
    private const ProtocolType Ipv4 = (ProtocolType)0x0008;

    /// <summary>Systems send with 64 or more.</summary>
    private const int FewHops = 48;

    private readonly Lock _lock = new();
    private readonly Dictionary<(uint From, int Port, uint Sequence), SynAttempt> _seen = [];
    private readonly Socket _socket;
    private readonly UpstreamTally _tally;
    private readonly int _port;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _reading;

    public SynWatch(NetSpace space, int port, UpstreamTally tally)
    {
        (_tally, _port) = (tally, port);
        _socket = space.Inside(() => new Socket(AddressFamily.Packet, SocketType.Dgram, Ipv4) { ReceiveBufferSize = 4 << 20 });
        _reading = ReadAsync();
    }

    public IReadOnlyList<SynAttempt> Attempts
    {
        get { lock (_lock) return [.. _seen.Values.OrderBy(a => a.First)]; }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _reading;
        _socket.Dispose();
        _stop.Dispose();
    }

    private async Task ReadAsync()
    {
        byte[] packet = new byte[2048];
        try
        {
            while (true) Note(packet.AsSpan(0, await _socket.ReceiveAsync(packet, _stop.Token)));
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }

    private void Note(ReadOnlySpan<byte> packet)
    {
        int header = packet.Length < 40 ? 0 : (packet[0] & 0x0F) * 4;
        if (header < 20 || packet[0] >> 4 != 4 || packet[9] != (byte)ProtocolType.Tcp || packet.Length < header + 20) return;
        var tcp = packet[header..];
        const int Syn = 0x02, Ack = 0x10;
        if ((tcp[13] & (Syn | Ack)) != Syn || BinaryPrimitives.ReadUInt16BigEndian(tcp[2..]) != _port) return;
        var key = (BinaryPrimitives.ReadUInt32BigEndian(packet[12..]), BinaryPrimitives.ReadUInt16BigEndian(tcp), BinaryPrimitives.ReadUInt32BigEndian(tcp[4..]));
        var now = _tally.Now;
        lock (_lock)
            _seen[key] = _seen.TryGetValue(key, out var known) ? known with { Last = now } : new SynAttempt(now, now, new IPAddress(packet[12..16]), new IPAddress(packet[16..20]), packet[8] < FewHops);
    }
}
