using System.Text;

namespace Postern.Protocols.Spf;

/// <param name="Letter">As written: a capital means URL escaping.</param>
/// <param name="Keep">Parts kept from the right; 0 is all.</param>
internal readonly record struct SpfMacroPart(string? Text, char Letter, int Keep, bool Reversed, string Delimiters);

/// <summary>Macros (RFC 7208 section 7). Parsing and transforming are pure; the values come from the evaluation.</summary>
internal static class SpfMacro
{
    private const string Letters = "slodiphv";
    private const string ExplanationLetters = "crt";
    private const string AllDelimiters = ".-+,/_=";

    public static bool IsMacroString(string text) => Parse(text, explanation: false) is not null;

    /// <summary>A macro string that ends in a macro or in a top-level label: not in digits alone, which would be an address.</summary>
    public static bool IsDomainSpec(string text)
    {
        if (Parse(text, explanation: false) is not { Count: > 0 } parts) return false;
        if (parts[^1].Text is not { } end) return true;
        if (text.EndsWith("%%", StringComparison.Ordinal) || text.EndsWith("%_", StringComparison.Ordinal) || text.EndsWith("%-", StringComparison.Ordinal)) return false;
        string bare = end.EndsWith('.') ? end[..^1] : end;
        int dot = bare.LastIndexOf('.');
        if (dot < 0) return false;
        var top = bare.AsSpan(dot + 1);
        if (top.Length == 0 || top[0] == '-' || top[^1] == '-') return false;
        bool letters = false;
        foreach (char c in top)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c != '-') return false;
            letters |= !char.IsAsciiDigit(c);
        }
        return letters;
    }

    /// <summary>Null when it is no macro string: a "%" that begins nothing, an unknown letter, a character outside of printable ASCII.</summary>
    /// <param name="explanation">Spaces and the letters c, r and t are allowed.</param>
    public static List<SpfMacroPart>? Parse(string text, bool explanation)
    {
        var parts = new List<SpfMacroPart>();
        var literal = new StringBuilder();
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c != '%')
            {
                if (c is < '!' or > '~' && !(explanation && c == ' ')) return null;
                literal.Append(c);
                continue;
            }
            if (++i == text.Length) return null;
            if (text[i] == '{')
            {
                int end = text.IndexOf('}', i);
                if (end < 0 || Macro(text.AsSpan(i + 1, end - i - 1), explanation) is not { } macro) return null;
                if (literal.Length > 0) parts.Add(new SpfMacroPart(literal.ToString(), '\0', 0, false, ""));
                literal.Clear();
                parts.Add(macro);
                i = end;
            }
            else if (text[i] switch { '%' => "%", '_' => " ", '-' => "%20", _ => null } is { } escape) literal.Append(escape);
            else return null;
        }
        if (literal.Length > 0) parts.Add(new SpfMacroPart(literal.ToString(), '\0', 0, false, ""));
        return parts;
    }

    /// <summary>Splits, reverses, keeps the right-hand parts and joins with dots, as the macro asks (section 7.3).</summary>
    public static string Transform(SpfMacroPart macro, string value)
    {
        if (macro.Keep > 0 || macro.Reversed || macro.Delimiters.Length > 0)
        {
            string[] parts = value.Split(macro.Delimiters.Length > 0 ? macro.Delimiters.ToCharArray() : ['.']);
            if (macro.Reversed) Array.Reverse(parts);
            value = string.Join('.', macro.Keep > 0 ? parts.TakeLast(macro.Keep) : parts);
        }
        return char.IsAsciiLetterUpper(macro.Letter) ? Uri.EscapeDataString(value) : value;
    }

    private static SpfMacroPart? Macro(ReadOnlySpan<char> text, bool explanation)
    {
        if (text.Length == 0) return null;
        char letter = text[0], lower = char.ToLowerInvariant(letter);
        if (!Letters.Contains(lower) && !(explanation && ExplanationLetters.Contains(lower))) return null;
        int at = 1, keep = 0;
        for (; at < text.Length && char.IsAsciiDigit(text[at]); at++) keep = Math.Min((keep * 10) + (text[at] - '0'), 1000);
        if (at > 1 && keep == 0) return null;
        bool reversed = at < text.Length && text[at] is 'r' or 'R';
        if (reversed) at++;
        foreach (char c in text[at..])
            if (!AllDelimiters.Contains(c)) return null;
        return new SpfMacroPart(null, letter, keep, reversed, text[at..].ToString());
    }
}
