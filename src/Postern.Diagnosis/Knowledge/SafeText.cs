using System.Buffers;
using System.Text;

namespace Postern.Diagnosis.Knowledge;

/// <summary>
/// Makes values fit for where they are written. A host name or a reply is whatever a stranger put into the DNS or on the wire, and an operator at 3 a.m. pastes
/// what we print into a root shell: a command takes only values that no shell reads as anything but one plain word.
/// </summary>
internal static class SafeText
{
    private const int Longest = 400;
    private static readonly SearchValues<char> Plain = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:/@+-[]");
    private static readonly SearchValues<char> Markup = SearchValues.Create("\\`*_[]<>&|~#");

    /// <summary>Null when the value is not one plain word: longer than a name may be, an option, or with a character that means something to a shell.</summary>
    public static string? ForCommand(string? value) =>
        value is { Length: > 0 and <= 255 } && value[0] != '-' && !value.AsSpan().ContainsAnyExcept(Plain) ? value : null;

    /// <summary>One line without control or formatting characters, of bounded length; null when nothing is left.</summary>
    public static string? ForProse(string? value)
    {
        if (value is null) return null;
        var text = new StringBuilder(Math.Min(value.Length, Longest + 1));
        foreach (var rune in value.EnumerateRunes())
        {
            if (text.Length >= Longest)
            {
                text.Append('…');
                break;
            }
            // Cf holds the marks that reverse the direction of text, which can make a line read otherwise than it is.
            bool isGap = Rune.IsWhiteSpace(rune) || Rune.IsControl(rune) || Rune.GetUnicodeCategory(rune) == System.Globalization.UnicodeCategory.Format;
            if (!isGap) text.Append(rune.ToString());
            else if (text.Length > 0 && text[^1] != ' ') text.Append(' ');
        }
        string result = text.ToString().TrimEnd();
        return result.Length == 0 ? null : result;
    }

    /// <summary>Markdown that shows exactly this text: a reply cannot become a link or a tag.</summary>
    public static string Escape(string text)
    {
        if (!text.AsSpan().ContainsAny(Markup)) return text;
        var escaped = new StringBuilder(text.Length + 8);
        foreach (char c in text)
        {
            if (Markup.Contains(c)) escaped.Append('\\');
            escaped.Append(c);
        }
        return escaped.ToString();
    }
}
