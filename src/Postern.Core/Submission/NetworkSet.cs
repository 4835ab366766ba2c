using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Postern.Core.Submission;

/// <summary>
/// A set of IPv4 and IPv6 networks in CIDR form ("192.0.2.0/24", "2001:db8::/32", or a single address). An IPv4 address mapped into IPv6 is
/// taken as the IPv4 address, since a dual-stack socket shows IPv4 clients so. Immutable; a look-up is a binary search without allocation.
/// </summary>
public sealed class NetworkSet
{
    private readonly Range[] _ranges;

    private readonly record struct Range(UInt128 First, UInt128 Last);

    private NetworkSet(List<Range> ranges)
    {
        ranges.Sort((a, b) => a.First.CompareTo(b.First));
        var merged = new List<Range>(ranges.Count);
        foreach (var range in ranges)
        {
            if (merged.Count > 0 && range.First <= merged[^1].Last) merged[^1] = merged[^1] with { Last = UInt128.Max(merged[^1].Last, range.Last) };
            else merged.Add(range);
        }
        _ranges = [.. merged];
    }

    public static NetworkSet Empty { get; } = new([]);

    public bool IsEmpty => _ranges.Length == 0;

    /// <summary>Throws FormatException that names the entry which is no network.</summary>
    public static NetworkSet Parse(IEnumerable<string> networks)
    {
        var ranges = new List<Range>();
        foreach (string text in networks)
        {
            if (!TryParse(text, out var range))
                throw new FormatException($"'{text}' is not a network: expected an address or address/bits with no bits set behind the prefix, such as 192.0.2.0/24 or 2001:db8::/32");
            ranges.Add(range);
        }
        return ranges.Count == 0 ? Empty : new NetworkSet(ranges);
    }

    /// <summary>True when the text is an address or a network without bits set behind the prefix.</summary>
    public static bool IsNetwork(string text) => TryParse(text, out _);

    public bool Contains(IPAddress address)
    {
        if (_ranges.Length == 0) return false;
        var key = Key(address);
        int low = 0, high = _ranges.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >> 1;
            if (key < _ranges[middle].First) high = middle - 1;
            else if (key > _ranges[middle].Last) low = middle + 1;
            else return true;
        }
        return false;
    }

    private static bool TryParse(string text, out Range range)
    {
        range = default;
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        if (!IPAddress.TryParse(slash < 0 ? text : text.AsSpan(0, slash), out var address)) return false;
        bool v4 = address.AddressFamily == AddressFamily.InterNetwork;
        // "10" and "0x7f.1" are IPv4 addresses to the parser, and never what somebody meant.
        if (v4 && text.AsSpan().Count('.') != 3) return false;
        int width = v4 ? 32 : 128;
        int bits = width;
        if (slash >= 0 && (!int.TryParse(text.AsSpan(slash + 1), System.Globalization.NumberStyles.None, null, out bits) || bits > width)) return false;
        var host = bits == 0 && !v4 ? UInt128.MaxValue : (UInt128.One << (width - bits)) - 1;
        var first = Key(address);
        if (!v4 && address.IsIPv4MappedToIPv6)
        {
            if (bits < 96) return false;
            host = (UInt128.One << (128 - bits)) - 1;
        }
        if ((first & host) != 0) return false;
        range = new Range(first, first | host);
        return true;
    }

    /// <summary>The address as a number, IPv4 in its IPv4-mapped place (::ffff:0:0/96) so that the two families never overlap.</summary>
    private static UInt128 Key(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out int written);
        return written == 4
            ? new UInt128(0, 0xffff_0000_0000UL | BinaryPrimitives.ReadUInt32BigEndian(bytes))
            : BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }
}
