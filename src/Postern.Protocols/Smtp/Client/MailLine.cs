using System.Globalization;
using System.Text;

namespace Postern.Protocols.Smtp;

/// <summary>MAIL and RCPT as sent: only with the parameters that the peer offers to understand.</summary>
internal static class MailLine
{
    public static string Of(MailCommand mail, MessageContent content, EhloExtensions peer) => Of(mail, peer, content.Length, content.HasEightBit);

    /// <param name="size">Bytes of the content, null when they are not known.</param>
    public static string Of(MailCommand mail, EhloExtensions peer, long? size, bool hasEightBit)
    {
        var line = new StringBuilder("MAIL FROM:<", 96).Append(mail.From.Address).Append('>');
        if (peer.HasSize && size is { } bytes) line.Append(CultureInfo.InvariantCulture, $" SIZE={bytes}");
        if (peer.EightBitMime && (mail.Body == BodyType.EightBitMime || hasEightBit)) line.Append(" BODY=8BITMIME");
        if (peer.SmtpUtf8 && mail.SmtpUtf8) line.Append(" SMTPUTF8");
        if (peer.Dsn && mail.Return != DsnReturn.Unspecified) line.Append(mail.Return == DsnReturn.Full ? " RET=FULL" : " RET=HDRS");
        if (peer.Dsn && mail.EnvId is not null) line.Append(" ENVID=").Append(XText(mail.EnvId));
        if (peer.MtPriority && mail.MtPriority is { } priority) line.Append(CultureInfo.InvariantCulture, $" MT-PRIORITY={priority}");
        return line.Append("\r\n").ToString();
    }

    public static string Of(RcptCommand rcpt, EhloExtensions peer)
    {
        if (!peer.Dsn || (rcpt.Notify == DsnNotify.Unspecified && rcpt.OriginalRecipient is null)) return $"RCPT TO:<{rcpt.To.Address}>\r\n";
        var line = new StringBuilder("RCPT TO:<").Append(rcpt.To.Address).Append('>');
        if (rcpt.Notify != DsnNotify.Unspecified) line.Append(" NOTIFY=").Append(Words(rcpt.Notify));
        if (rcpt.OriginalRecipient is { } original) line.Append(" ORCPT=").Append(TypedXText(original));
        return line.Append("\r\n").ToString();
    }

    private static string Words(DsnNotify notify)
    {
        if (notify.HasFlag(DsnNotify.Never)) return "NEVER";
        var words = new List<string>(3);
        if (notify.HasFlag(DsnNotify.Success)) words.Add("SUCCESS");
        if (notify.HasFlag(DsnNotify.Failure)) words.Add("FAILURE");
        if (notify.HasFlag(DsnNotify.Delay)) words.Add("DELAY");
        return string.Join(',', words);
    }

    private static string TypedXText(string typed)
    {
        int semicolon = typed.IndexOf(';');
        if (semicolon < 0) return "rfc822;" + XText(typed);
        string type = typed[..(semicolon + 1)], address = typed[(semicolon + 1)..];
        return type + XText(type.Equals("utf-8;", StringComparison.OrdinalIgnoreCase) ? Embedded(address) : address);
    }

    /// <summary>RFC 6533 section 3, utf-8-addr-xtext: what is outside US-ASCII as \x{HEX}, which peers with and without SMTPUTF8 take.</summary>
    private static string Embedded(string address)
    {
        if (Ascii.IsValid(address)) return address;
        var embedded = new StringBuilder(address.Length + 16);
        foreach (var rune in address.EnumerateRunes())
        {
            if (rune.IsAscii) embedded.Append((char)rune.Value);
            else embedded.Append("\\x{").Append(rune.Value.ToString("X2", CultureInfo.InvariantCulture)).Append('}');
        }

        return embedded.ToString();
    }

    /// <summary>RFC 3461 section 4: printable US-ASCII but "+" and "="; the rest as +HH.</summary>
    internal static string XText(string text)
    {
        var encoded = new StringBuilder(text.Length);
        foreach (byte b in Encoding.UTF8.GetBytes(text))
        {
            if (b is > 32 and < 127 and not (byte)'+' and not (byte)'=') encoded.Append((char)b);
            else encoded.Append(CultureInfo.InvariantCulture, $"+{b:X2}");
        }

        return encoded.ToString();
    }
}
