using System.Runtime.InteropServices;

namespace Postern.Diagnosis.Probes.Native;

/// <summary>What the kernel knows of one TCP connection (struct tcp_info of linux/tcp.h; only what a diagnosis uses).</summary>
/// <param name="IsOpening">A SYN was sent and not answered.</param>
/// <param name="RoundTrip">Smoothed; null before the first measurement.</param>
/// <param name="Retransmits">Segments sent again since the socket was made, SYNs included.</param>
internal readonly record struct TcpInfo(bool IsOpening, TimeSpan? RoundTrip, int Retransmits)
{
    /// <summary>Up to and with tcpi_total_retrans; the structure has only ever grown at its end.</summary>
    public const int Bytes = 104;

    private const byte SynSent = 2;
    private const int RoundTripAt = 68, TotalRetransmitsAt = 100;

    /// <param name="bytes">As getsockopt(TCP_INFO) filled it; an old kernel may fill less.</param>
    public static TcpInfo? Parse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Bytes) return null;
        uint microseconds = MemoryMarshal.Read<uint>(bytes[RoundTripAt..]);
        uint retransmits = MemoryMarshal.Read<uint>(bytes[TotalRetransmitsAt..]);
        return new TcpInfo(bytes[0] == SynSent, microseconds == 0 ? null : TimeSpan.FromMicroseconds(microseconds), (int)Math.Min(retransmits, int.MaxValue));
    }
}
