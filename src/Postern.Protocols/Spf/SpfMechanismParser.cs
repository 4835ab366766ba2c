using System.Net;
using System.Net.Sockets;

namespace Postern.Protocols.Spf;

/// <summary>One mechanism (RFC 7208 section 5 and its grammar in section 12). Pure; null is a syntax error.</summary>
internal static class SpfMechanismParser
{
    public static SpfMechanism? Parse(string term)
    {
        var (result, rest) = term[0] switch
        {
            '+' => (SpfResult.Pass, term[1..]),
            '-' => (SpfResult.Fail, term[1..]),
            '~' => (SpfResult.SoftFail, term[1..]),
            '?' => (SpfResult.Neutral, term[1..]),
            _ => (SpfResult.Pass, term),
        };
        int end = rest.AsSpan().IndexOfAny(':', '/');
        string name = (end < 0 ? rest : rest[..end]).ToLowerInvariant(), tail = end < 0 ? "" : rest[end..];
        return name switch
        {
            "all" when tail.Length == 0 => new(SpfKind.All, term, result, null, null, 32, 128),
            "include" => WithDomain(SpfKind.Include, term, result, tail),
            "exists" => WithDomain(SpfKind.Exists, term, result, tail),
            "ptr" => tail.Length == 0 ? new(SpfKind.Ptr, term, result, null, null, 32, 128) : WithDomain(SpfKind.Ptr, term, result, tail),
            "a" => WithHost(SpfKind.A, term, result, tail),
            "mx" => WithHost(SpfKind.Mx, term, result, tail),
            "ip4" => WithNetwork(SpfKind.Ip4, term, result, tail, AddressFamily.InterNetwork, 32),
            "ip6" => WithNetwork(SpfKind.Ip6, term, result, tail, AddressFamily.InterNetworkV6, 128),
            _ => null,
        };
    }

    private static SpfMechanism? WithDomain(SpfKind kind, string term, SpfResult result, string tail) =>
        tail.StartsWith(':') && SpfMacro.IsDomainSpec(tail[1..]) ? new(kind, term, result, tail[1..], null, 32, 128) : null;

    /// <summary>[ ":" domain-spec ] [ "/" n ] [ "//" n ]. A domain-spec may hold a slash inside of a macro only.</summary>
    private static SpfMechanism? WithHost(SpfKind kind, string term, SpfResult result, string tail)
    {
        int bits4 = 32, bits6 = 128;
        int slash = tail.AsSpan(tail.LastIndexOf('}') + 1).IndexOf('/');
        if (slash >= 0)
        {
            slash += tail.LastIndexOf('}') + 1;
            string lengths = tail[slash..];
            int six = lengths.IndexOf("//", StringComparison.Ordinal);
            if (six >= 0 && !TryBits(lengths.AsSpan(six + 2), 128, out bits6)) return null;
            string four = six >= 0 ? lengths[..six] : lengths;
            if (four.Length > 0 && !TryBits(four.AsSpan(1), 32, out bits4)) return null;
            tail = tail[..slash];
        }
        if (tail.Length == 0) return new(kind, term, result, null, null, bits4, bits6);
        return tail[0] == ':' && SpfMacro.IsDomainSpec(tail[1..]) ? new(kind, term, result, tail[1..], null, bits4, bits6) : null;
    }

    private static SpfMechanism? WithNetwork(SpfKind kind, string term, SpfResult result, string tail, AddressFamily family, int most)
    {
        if (!tail.StartsWith(':')) return null;
        int slash = tail.IndexOf('/', StringComparison.Ordinal), bits = most;
        if (slash >= 0 && !TryBits(tail.AsSpan(slash + 1), most, out bits)) return null;
        string text = slash < 0 ? tail[1..] : tail[1..slash];
        // "1.2.3" and "0x7f.1" are addresses to the system, not to RFC 7208; "%eth0" and "[...]" are not either.
        if (text.AsSpan().ContainsAny("%[]") || !IPAddress.TryParse(text, out var address) || address.AddressFamily != family) return null;
        if (family == AddressFamily.InterNetwork && address.ToString() != text) return null;
        return new(kind, term, result, null, Network(address, bits), bits, bits);
    }

    /// <summary>Host bits may be set in a record; a network has none.</summary>
    internal static IPNetwork Network(IPAddress address, int bits)
    {
        byte[] bytes = address.GetAddressBytes();
        for (int i = 0; i < bytes.Length; i++) bytes[i] &= (byte)(0xff00 >> Math.Clamp(bits - (i * 8), 0, 8));
        return new IPNetwork(new IPAddress(bytes), bits);
    }

    /// <summary>"0", or digits that do not begin with 0.</summary>
    private static bool TryBits(ReadOnlySpan<char> text, int most, out int bits)
    {
        bits = 0;
        if (text.Length is 0 or > 3 || text[0] == '0' && text.Length > 1) return false;
        foreach (char c in text)
        {
            if (!char.IsAsciiDigit(c)) return false;
            bits = (bits * 10) + (c - '0');
        }
        return bits <= most;
    }
}
