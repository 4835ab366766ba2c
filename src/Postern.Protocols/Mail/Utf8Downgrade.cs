using System.Globalization;
using System.Text;
using Postern.Protocols.Smtp;

namespace Postern.Protocols.Mail;

/// <summary>A transaction as a server without SMTPUTF8 can take it.</summary>
/// <param name="Mail">Null when the message as a whole needs SMTPUTF8.</param>
/// <param name="Recipients">One entry per recipient; null for one whose address cannot be written in ASCII.</param>
/// <param name="Refusal">Why <paramref name="Mail"/> is null: a clause for a person.</param>
public sealed record DowngradedEnvelope(MailCommand? Mail, IReadOnlyList<RcptCommand?> Recipients, string? Refusal);

/// <summary>
/// Which mail truly needs SMTPUTF8 (RFC 6531): one with a local part outside ASCII or with header bytes above 127. A domain outside ASCII alone does not:
/// its A-labels (RFC 5890) name the same mailbox, so that address is rewritten without loss.
/// </summary>
public static class Utf8Downgrade
{
    // Unassigned code points are let through: the DNS decides what exists, not our Unicode tables.
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
            var lowered = Rune.ToLowerInvariant(rune);
            // A capital without a simple lower case (U+0130) cannot stand in a domain name.
            if (!IsUnambiguous(rune) || Rune.IsUpper(lowered)) return null;
            lower.Append(rune.Value is 0x3002 ? "." : lowered.ToString());
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

    /// <summary>The transaction for a server without SMTPUTF8: each path in ASCII, or what stands against it. Looks into the content only when it has 8-bit bytes.</summary>
    /// <exception cref="IOException">The content cannot be read.</exception>
    public static async ValueTask<DowngradedEnvelope> ForAsync(MailCommand mail, IReadOnlyList<RcptCommand> recipients, MessageContent content, CancellationToken cancel)
    {
        var inAscii = new RcptCommand?[recipients.Count];
        for (int i = 0; i < inAscii.Length; i++)
            inAscii[i] = ToAscii(recipients[i].To.Address) is { } to ? recipients[i] with { To = new MailPath(to) } : null;
        if (ToAscii(mail.From.Address) is not { } from) return new(null, inAscii, "the sender's address has characters outside ASCII before the @");
        if (await HasEightBitHeaderAsync(content, cancel)) return new(null, inAscii, "the message has headers with characters outside ASCII");
        return new(mail with { From = new MailPath(from), SmtpUtf8 = false }, inAscii, null);
    }

    /// <summary>True when a header, of the message or of a part in it, has bytes above 127; also when that cannot be made out.</summary>
    public static async ValueTask<bool> HasEightBitHeaderAsync(MessageContent content, CancellationToken cancel)
    {
        if (!content.HasEightBit) return false;
        var outline = await MimeOutline.ReadAsync(content, cancel);
        if (outline.Problem is not null) return true;
        foreach (var entity in outline.Entities)
            if (entity.Headers.HasEightBit) return true;
        return false;
    }

    /// <summary>
    /// Characters for which the Unicode normalisation that IDNA asks for could change something are not guessed at: combining marks that have composed
    /// forms, compatibility and full-width forms, the replacement character.
    /// </summary>
    private static bool IsUnambiguous(Rune rune) => rune.Value is not (>= 0x0300 and <= 0x036F or >= 0xF900 and <= 0xFAFF or >= 0xFB00 and <= 0xFB4F or >= 0xFF00 and <= 0xFFFF)
        && !Rune.IsControl(rune) && !Rune.IsWhiteSpace(rune);
}
