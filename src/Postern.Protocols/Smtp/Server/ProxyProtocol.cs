using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Postern.Protocols.Smtp;

/// <summary>What a PROXY header said. Both ends are null for LOCAL and UNKNOWN: the connection's own hold. <see cref="Problem"/> is one sentence when there is no valid header.</summary>
public readonly record struct ProxyHeaderResult(IPEndPoint? Source, IPEndPoint? Destination, string? Problem);

/// <summary>PROXY protocol, versions 1 and 2 (haproxy.org, proxy-protocol.txt). Reads the header and not a byte more, so that what follows is untouched.</summary>
public static class ProxyProtocol
{
    private const int MaxV1 = 107, MaxV2Body = 2048;
    private static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    /// <summary>Network trouble and cancellation throw as the stream does; everything else is a result.</summary>
    public static async ValueTask<ProxyHeaderResult> ReadAsync(Stream stream, CancellationToken cancel)
    {
        byte[] head = new byte[MaxV1];
        // Neither version is shorter than 12 bytes and a v1 header: "PROXY UNKNOWN" CRLF has 15, v2 has 16.
        int have = await stream.ReadAtLeastAsync(head.AsMemory(0, 12), 12, throwOnEndOfStream: false, cancel).ConfigureAwait(false);
        if (have < 12) return Wrong(have == 0 ? "the connection closed before a PROXY header" : "the connection closed within the PROXY header");
        if (head.AsSpan(0, 12).SequenceEqual(Signature)) return await ReadV2Async(stream, head, cancel).ConfigureAwait(false);
        if (!head.AsSpan(0, 6).SequenceEqual("PROXY "u8)) return Wrong("no PROXY header");
        while (!head.AsSpan(0, have).EndsWith("\r\n"u8))
        {
            if (have == MaxV1) return Wrong("a PROXY v1 header longer than 107 bytes");
            if (await stream.ReadAsync(head.AsMemory(have, 1), cancel).ConfigureAwait(false) == 0) return Wrong("the connection closed within the PROXY header");
            have++;
        }
        return ParseV1(head.AsSpan(0, have - 2));
    }

    /// <summary>A v1 header without its CRLF.</summary>
    internal static ProxyHeaderResult ParseV1(ReadOnlySpan<byte> line)
    {
        if (!Ascii.IsValid(line)) return Wrong("a PROXY v1 header that is not ASCII");
        string[] words = Encoding.ASCII.GetString(line).Split(' ');
        if (words.Length < 2 || words[0] != "PROXY") return Wrong("no PROXY header");
        if (words[1] == "UNKNOWN") return default;
        if (words[1] is not ("TCP4" or "TCP6")) return Wrong("a PROXY v1 header with another protocol than TCP4, TCP6 or UNKNOWN");
        if (words.Length != 6) return Wrong("a PROXY v1 header without exactly two addresses and two ports");
        bool isV6 = words[1] == "TCP6";
        if (!TryAddress(words[2], isV6, out var source) || !TryAddress(words[3], isV6, out var destination)) return Wrong("a PROXY v1 header with an address that is not valid");
        if (!TryPort(words[4], out int from) || !TryPort(words[5], out int to)) return Wrong("a PROXY v1 header with a port that is not valid");
        return new ProxyHeaderResult(new IPEndPoint(source, from), new IPEndPoint(destination, to), null);
    }

    private static async ValueTask<ProxyHeaderResult> ReadV2Async(Stream stream, byte[] head, CancellationToken cancel)
    {
        if (await stream.ReadAtLeastAsync(head.AsMemory(12, 4), 4, throwOnEndOfStream: false, cancel).ConfigureAwait(false) < 4) return Wrong("the connection closed within the PROXY header");
        int length = BinaryPrimitives.ReadUInt16BigEndian(head.AsSpan(14));
        if (length > MaxV2Body) return Wrong("a PROXY v2 header longer than 2048 bytes");
        byte[] body = new byte[length];
        if (await stream.ReadAtLeastAsync(body, length, throwOnEndOfStream: false, cancel).ConfigureAwait(false) < length) return Wrong("the connection closed within the PROXY header");
        return ParseV2(head[12], head[13], body);
    }

    /// <summary>A v2 header behind the signature: version and command, family and protocol, addresses with TLVs (which are skipped).</summary>
    internal static ProxyHeaderResult ParseV2(byte versionAndCommand, byte family, ReadOnlySpan<byte> body)
    {
        if (versionAndCommand >> 4 != 2) return Wrong("a PROXY header of another version than 1 or 2");
        if ((versionAndCommand & 15) == 0) return default;
        if ((versionAndCommand & 15) != 1) return Wrong("a PROXY v2 header with another command than LOCAL or PROXY");
        if (family >> 4 == 0) return default;
        if ((family & 15) != 1) return Wrong("a PROXY v2 header for another protocol than TCP");
        int size = (family >> 4) switch { 1 => 4, 2 => 16, _ => 0 };
        if (size == 0) return Wrong("a PROXY v2 header with another family than IPv4 or IPv6");
        if (body.Length < 2 * size + 4) return Wrong("a PROXY v2 header too short for its addresses");
        return new ProxyHeaderResult(
            new IPEndPoint(new IPAddress(body[..size]), BinaryPrimitives.ReadUInt16BigEndian(body[(2 * size)..])),
            new IPEndPoint(new IPAddress(body[size..(2 * size)]), BinaryPrimitives.ReadUInt16BigEndian(body[(2 * size + 2)..])), null);
    }

    private static bool TryAddress(string text, bool isV6, out IPAddress address)
    {
        address = IPAddress.None;
        Span<byte> bytes = stackalloc byte[256];
        string literal = isV6 ? $"[IPv6:{text}]" : $"[{text}]";
        if (literal.Length > bytes.Length || Encoding.ASCII.GetBytes(literal, bytes) is var n && !AddressGrammar.IsLiteral(bytes[..n])) return false;
        // The family too: a literal with a tag of another kind ("19::1") passes the grammar for mail.
        return IPAddress.TryParse(text, out address!) && address.AddressFamily == (isV6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork);
    }

    private static bool TryPort(string text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port <= 65535;

    private static ProxyHeaderResult Wrong(string problem) => new(null, null, problem);
}
