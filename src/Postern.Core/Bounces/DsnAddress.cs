using System.Globalization;
using System.Text;

namespace Postern.Core.Bounces;

/// <summary>
/// Addresses and words in a delivery report. The report of an internationalised notification is UTF-8 (RFC 6533 section 3, utf-8-addr-unitext);
/// any other is ASCII, where a character outside it is written <c>\x{HEX}</c> (utf-8-addr-xtext), which loses nothing.
/// </summary>
internal static class DsnAddress
{
    /// <summary>"rfc822;bob@example.org" or "utf-8;..." as Final-Recipient wants it.</summary>
    public static string Typed(string address, bool utf8) =>
        System.Text.Ascii.IsValid(address) ? $"rfc822;{address}"
        : utf8 ? $"utf-8;{address}"
        : $"utf-8;{Escape(address, alsoXtext: true)}";

    /// <summary>ORCPT as kept, "type;address".</summary>
    public static string Original(string orcpt, bool utf8)
    {
        if (utf8 || System.Text.Ascii.IsValid(orcpt)) return orcpt;
        int at = orcpt.IndexOf(';', StringComparison.Ordinal) + 1;
        return orcpt[..at] + Escape(orcpt[at..], alsoXtext: true);
    }

    /// <summary>Words of others in an ASCII field.</summary>
    public static string Words(string text, bool utf8) => utf8 ? text : Escape(text, alsoXtext: false);

    private static string Escape(string text, bool alsoXtext)
    {
        if (!alsoXtext && System.Text.Ascii.IsValid(text)) return text;
        var escaped = new StringBuilder(text.Length + 16);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.IsAscii && !(alsoXtext && (char)rune.Value is '\\' or '+' or '=')) escaped.Append((char)rune.Value);
            else escaped.Append("\\x{").Append(rune.Value.ToString("X2", CultureInfo.InvariantCulture)).Append('}');
        }
        return escaped.ToString();
    }
}
