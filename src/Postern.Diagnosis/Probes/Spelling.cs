namespace Postern.Diagnosis.Probes;

/// <summary>Large mail domains that a slip of the finger makes into others. A hint for the reader, never evidence.</summary>
internal static class Spelling
{
    private static readonly string[] Known =
    [
        "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "yahoo.com", "yahoo.co.uk", "ymail.com", "icloud.com", "me.com", "aol.com",
        "gmx.de", "gmx.net", "gmx.com", "web.de", "t-online.de", "orange.fr", "free.fr", "laposte.net", "libero.it", "comcast.net", "verizon.net", "proton.me", "protonmail.com",
        "hotmail.co.uk", "hotmail.fr", "yahoo.fr", "mail.ru", "yandex.ru", "qq.com", "163.com", "zoho.com", "fastmail.com",
    ];

    /// <summary>"; did they mean gmail.com?", or nothing.</summary>
    public static string Hint(string domain) => Like(domain) is { } known ? $"; did they mean {known}?" : "";

    public static string? Like(string domain)
    {
        // In a name as short as me.com one letter is too much of it.
        if (domain.Length < 7 || Known.Contains(domain)) return null;
        return Array.Find(Known, known => known.Length >= 7 && IsOneSlipAway(domain, known));
    }

    /// <summary>One letter too many, too few, wrong, or two exchanged.</summary>
    private static bool IsOneSlipAway(string one, string other)
    {
        if (Math.Abs(one.Length - other.Length) > 1) return false;
        int at = one.AsSpan().CommonPrefixLength(other);
        ReadOnlySpan<char> left = one.AsSpan(at), right = other.AsSpan(at);
        if (left.Length == right.Length)
            return left.Length > 0 && (left[1..].SequenceEqual(right[1..]) || (left.Length > 1 && left[0] == right[1] && left[1] == right[0] && left[2..].SequenceEqual(right[2..])));
        return left.Length > right.Length ? left[1..].SequenceEqual(right) : right[1..].SequenceEqual(left);
    }
}
