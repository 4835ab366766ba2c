using Postern.Protocols.Mail;

namespace Postern.Core.Routing;

/// <summary>The one form in which domains are compared and looked up: A-labels (RFC 5890) in lower case, without a final dot.</summary>
internal static class DomainName
{
    /// <summary>Null when it is neither a domain name nor an address literal.</summary>
    public static string? Normalise(string domain)
    {
        if (domain.Length > 1 && domain[^1] == '.') domain = domain[..^1];
        if (domain.Length == 0) return null;
        if (domain[0] == '[') return domain[^1] == ']' ? domain.ToLowerInvariant() : null;
        if (IsLowerAscii(domain)) return domain.Length <= 253 ? domain : null;
        string lower = domain.ToLowerInvariant();
        if (System.Text.Ascii.IsValid(lower)) return lower.Length <= 253 ? lower : null;
        // The runtime runs without normalisation tables: a name that IDNA would have to normalise first (combining marks, full-width letters) must be
        // refused, since its bare encoding names another domain.
        return Utf8Downgrade.DomainToAscii(lower) is { Length: <= 253 } ascii ? ascii : null;
    }

    private static bool IsLowerAscii(string text)
    {
        foreach (char c in text)
        {
            if (c is > '~' or (>= 'A' and <= 'Z')) return false;
        }
        return true;
    }
}
