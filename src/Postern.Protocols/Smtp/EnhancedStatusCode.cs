using System.Globalization;

namespace Postern.Protocols.Smtp;

/// <summary>An enhanced mail system status code, class.subject.detail (RFC 3463), for example 5.1.1.</summary>
public readonly record struct EnhancedStatusCode(byte Class, short Subject, short Detail)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Class}.{Subject}.{Detail}");

    /// <summary>Parses exactly <c>C.S.D</c>: C is 2, 4 or 5, S and D have one to three digits (RFC 3463 section 2).</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out EnhancedStatusCode code)
    {
        code = default;
        if (text.Length < 5 || text[0] is not ('2' or '4' or '5') || text[1] != '.') return false;
        var rest = text[2..];
        int dot = rest.IndexOf('.');
        if (dot is < 1 or > 3 || rest.Length - dot - 1 is < 1 or > 3) return false;
        if (!short.TryParse(rest[..dot], NumberStyles.None, CultureInfo.InvariantCulture, out short subject)) return false;
        if (!short.TryParse(rest[(dot + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out short detail)) return false;
        code = new EnhancedStatusCode((byte)(text[0] - '0'), subject, detail);
        return true;
    }
}
