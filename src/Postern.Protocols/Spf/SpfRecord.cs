using System.Net;

namespace Postern.Protocols.Spf;

internal enum SpfKind : byte { All, Include, A, Mx, Ptr, Ip4, Ip6, Exists }

/// <param name="Text">As it stands in the record.</param>
/// <param name="OnMatch">What its qualifier says.</param>
/// <param name="DomainSpec">Before macros are expanded; null for the domain itself.</param>
/// <param name="Network">Of ip4 and ip6.</param>
internal sealed record SpfMechanism(SpfKind Kind, string Text, SpfResult OnMatch, string? DomainSpec, IPNetwork? Network, int Bits4, int Bits6)
{
    /// <summary>Counts towards the limit of RFC 7208 section 4.6.4.</summary>
    public bool CostsLookup => Kind is SpfKind.Include or SpfKind.A or SpfKind.Mx or SpfKind.Ptr or SpfKind.Exists;
}

/// <summary>A "v=spf1" record, whole and valid (RFC 7208 sections 4.5, 4.6 and 12). Pure.</summary>
internal sealed record SpfRecord(IReadOnlyList<SpfMechanism> Mechanisms, string? Redirect, string? Explanation)
{
    private const string Version = "v=spf1";

    public static bool IsPolicy(string text) =>
        text.StartsWith(Version, StringComparison.OrdinalIgnoreCase) && (text.Length == Version.Length || text[Version.Length] == ' ');

    /// <summary>Null with the problem when any term is wrong, even one that would never be reached.</summary>
    public static SpfRecord? Parse(string text, out string? problem)
    {
        problem = null;
        var mechanisms = new List<SpfMechanism>();
        string? redirect = null, explanation = null;
        foreach (string term in text[Version.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            int name = NameLength(term);
            if (name > 0 && name < term.Length && term[name] == '=')
            {
                string value = term[(name + 1)..];
                bool isRedirect = term.AsSpan(0, name).Equals("redirect", StringComparison.OrdinalIgnoreCase), isExplanation = term.AsSpan(0, name).Equals("exp", StringComparison.OrdinalIgnoreCase);
                if (isRedirect || isExplanation ? !SpfMacro.IsDomainSpec(value) : !SpfMacro.IsMacroString(value)) problem = $"'{term}' is not a valid modifier";
                else if (isRedirect && redirect is not null || isExplanation && explanation is not null) problem = $"'{term}' is there twice";
                if (isRedirect) redirect = value;
                else if (isExplanation) explanation = value;
            }
            else if (SpfMechanismParser.Parse(term) is { } mechanism) mechanisms.Add(mechanism);
            else problem = $"'{term}' is not a valid mechanism";
            if (problem is not null) return null;
        }
        return new SpfRecord(mechanisms, redirect, explanation);
    }

    /// <summary>name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." )</summary>
    private static int NameLength(string term)
    {
        if (term.Length == 0 || !char.IsAsciiLetter(term[0])) return 0;
        int length = 1;
        while (length < term.Length && (char.IsAsciiLetterOrDigit(term[length]) || term[length] is '-' or '_' or '.')) length++;
        return length;
    }
}
