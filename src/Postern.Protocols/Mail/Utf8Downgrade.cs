using System.Globalization;
using System.Text;
using Postern.Protocols.Smtp;

namespace Postern.Protocols.Mail;

/// <summary>
/// Which mail truly needs SMTPUTF8 (RFC 6531): one with a local part outside ASCII or with header bytes above 127. A domain outside ASCII alone does not:
/// its A-labels (RFC 5890) name the same mailbox, so that address is rewritten without loss.
/// </summary>
public static class Utf8Downgrade
{
    private static readonly IdnMapping Mapping = new() { UseStd3AsciiRules = true, AllowUnassigned = true };

    /// <summary>The address in ASCII: unchanged when it is ASCII, with A-labels when only its domain is not; null when it cannot be written in ASCII without loss.</summary>
    public static string? ToAscii(string address)
    {
        if (Ascii.IsValid(address)) return address;
        int at = address.LastIndexOf('@');
        if (at <= 0 || !Ascii.IsValid(address.AsSpan(0, at))) return null;
        return DomainToAscii(address[(at + 1)..]) is { } domain ? string.Concat(address.AsSpan(0, at + 1), domain) : null;
    }

    /// <summary>The domain's A-labels; null when it is no valid internationalised domain name.</summary>
    public static string? DomainToAscii(string domain)
    {
        if (Ascii.IsValid(domain)) return domain;
        var lower = new StringBuilder(domain.Length);
        foreach (var rune in domain.EnumerateRunes())
        {
            if (!IsUnambiguous(rune)) return null;
            lower.Append(rune.Value is 0x3002 ? "." : Rune.ToLowerInvariant(rune).ToString());
        }
        try
        {
            string name = lower.ToString();
            string ascii = Mapping.GetAscii(name);
            return Mapping.GetUnicode(ascii) == name ? ascii : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    /// <summary>True when the message needs SMTPUTF8 for its envelope: a path that cannot be written in ASCII.</summary>
    public static bool NeedsSmtpUtf8(MailPath from, IReadOnlyList<RcptCommand> recipients)
    {
        if (ToAscii(from.Address) is null) return true;
        foreach (var recipient in recipients)
            if (ToAscii(recipient.To.Address) is null) return true;
        return false;
    }

    /// <summary>
    /// Characters for which the Unicode normalisation that IDNA asks for could change something are not guessed at: combining marks that have composed
    /// forms, compatibility and full-width forms, the replacement character.
    /// </summary>
    private static bool IsUnambiguous(Rune rune) => rune.Value is not (>= 0x0300 and <= 0x036F or >= 0xF900 and <= 0xFAFF or >= 0xFB00 and <= 0xFB4F or >= 0xFF00 and <= 0xFFFF)
        && !Rune.IsControl(rune) && !Rune.IsWhiteSpace(rune);
}
