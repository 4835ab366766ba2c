using System.Collections.Frozen;
using Postern.Protocols.Smtp;

namespace Postern.Core.Routing;

/// <summary>Compiled domain patterns: exact names, "*.example.org" (its subdomains, not itself) and "*".</summary>
internal sealed class DomainPatterns
{
    private readonly FrozenSet<string> _exact;
    private readonly string[] _suffixes;
    private readonly bool _all;

    public DomainPatterns(IEnumerable<string> patterns)
    {
        var exact = new List<string>();
        var suffixes = new List<string>();
        foreach (string pattern in patterns)
        {
            if (pattern == "*") _all = true;
            else if (pattern.StartsWith("*.", StringComparison.Ordinal)) suffixes.Add("." + (DomainName.Normalise(pattern[2..]) ?? pattern[2..]));
            else exact.Add(DomainName.Normalise(pattern) ?? pattern);
        }
        _exact = exact.ToFrozenSet(StringComparer.OrdinalIgnoreCase);
        _suffixes = [.. suffixes];
    }

    /// <param name="domain">As <see cref="DomainName.Normalise"/> gives it.</param>
    public bool Matches(string domain)
    {
        if (_all || _exact.Contains(domain)) return true;
        foreach (string suffix in _suffixes)
        {
            if (domain.Length > suffix.Length && domain.EndsWith(suffix, StringComparison.OrdinalIgnoreCase)) return true;
        }
        return false;
    }
}

/// <summary>Compiled sender patterns: an address, "@domain" (with the domain patterns), "&lt;&gt;" for the null sender, "*" for any.</summary>
internal sealed class SenderPatterns
{
    private readonly FrozenSet<string> _addresses;
    private readonly DomainPatterns _domains;
    private readonly bool _null;
    private readonly bool _all;

    public SenderPatterns(IReadOnlyList<string> patterns)
    {
        _all = patterns.Contains("*");
        _null = patterns.Contains("<>");
        _domains = new DomainPatterns(patterns.Where(p => p.StartsWith('@')).Select(p => p[1..]));
        _addresses = patterns.Where(p => !p.StartsWith('@')).ToFrozenSet(StringComparer.OrdinalIgnoreCase);
    }

    public bool Matches(MailPath sender)
    {
        if (_all) return true;
        if (sender.IsNull) return _null;
        return _addresses.Contains(sender.Address) || (DomainName.Normalise(sender.Domain) is { } domain && _domains.Matches(domain));
    }
}

/// <summary>Compiled names (listeners, users): exact without case, or "*" for any that is there.</summary>
internal sealed class NamePatterns(IReadOnlyList<string> patterns)
{
    private readonly FrozenSet<string> _names = patterns.ToFrozenSet(StringComparer.OrdinalIgnoreCase);
    private readonly bool _all = patterns.Contains("*");

    public bool Matches(string? name) => name is not null && (_all || _names.Contains(name));
}
