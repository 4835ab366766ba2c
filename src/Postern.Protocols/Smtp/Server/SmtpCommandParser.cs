using System.Text;

namespace Postern.Protocols.Smtp;

/// <summary>What the session offers at this moment, as far as it decides how a command reads.</summary>
[Flags]
internal enum ParserFeatures : byte { None = 0, Extended = 1, BinaryMime = 2, MtPriority = 4, SmtpUtf8 = 8 }

/// <summary>
/// Command lines by RFC 5321 section 4.1, without their CRLF. Never throws, allocates only the strings that are kept. A space after the colon of
/// MAIL FROM: and RCPT TO:, and an address without its angle brackets, are taken although the RFC forbids them, as Postfix and Exim do: old devices send
/// them and they are not ambiguous.
/// </summary>
internal static class SmtpCommandParser
{
    private static readonly (string Name, SmtpVerb Verb)[] Verbs =
    [
        ("MAIL", SmtpVerb.Mail), ("RCPT", SmtpVerb.Rcpt), ("DATA", SmtpVerb.Data), ("EHLO", SmtpVerb.Ehlo), ("QUIT", SmtpVerb.Quit), ("HELO", SmtpVerb.Helo),
        ("RSET", SmtpVerb.Rset), ("BDAT", SmtpVerb.Bdat), ("STARTTLS", SmtpVerb.StartTls), ("AUTH", SmtpVerb.Auth), ("NOOP", SmtpVerb.Noop), ("VRFY", SmtpVerb.Vrfy),
        ("EXPN", SmtpVerb.Expn), ("HELP", SmtpVerb.Help), ("ETRN", SmtpVerb.Etrn), ("TURN", SmtpVerb.Turn),
        ("GET", SmtpVerb.Http), ("POST", SmtpVerb.Http), ("PUT", SmtpVerb.Http), ("HEAD", SmtpVerb.Http), ("CONNECT", SmtpVerb.Http), ("OPTIONS", SmtpVerb.Http),
        ("DELETE", SmtpVerb.Http), ("PATCH", SmtpVerb.Http), ("TRACE", SmtpVerb.Http), ("PRI", SmtpVerb.Http),
    ];

    /// <summary>Splits the verb from its argument, which is without spaces at both ends.</summary>
    public static SmtpVerb ParseVerb(ReadOnlySpan<byte> line, out ReadOnlySpan<byte> argument)
    {
        int space = line.IndexOf((byte)' ');
        var word = space < 0 ? line : line[..space];
        argument = space < 0 ? default : line[space..].Trim((byte)' ');
        foreach (var (name, verb) in Verbs)
            if (word.Length == name.Length && Ascii.EqualsIgnoreCase(word, name)) return verb;
        return SmtpVerb.Unknown;
    }

    /// <summary>Neither control characters (those of Unicode's second block included) nor broken UTF-8 may stand in a command.</summary>
    public static bool IsText(ReadOnlySpan<byte> line) =>
        line.IndexOfAnyInRange((byte)0, (byte)31) < 0 && !line.Contains((byte)127) && (Ascii.IsValid(line) || (System.Text.Unicode.Utf8.IsValid(line) && !HasC1Control(line)));

    /// <summary>U+0080 to U+009F, which are C2 and a second byte below A0.</summary>
    private static bool HasC1Control(ReadOnlySpan<byte> utf8)
    {
        for (int at; (at = utf8.IndexOf((byte)0xC2)) >= 0; utf8 = utf8[(at + 1)..])
            if (at + 1 < utf8.Length && utf8[at + 1] < 0xA0) return true;
        return false;
    }

    /// <summary>The name of HELO or EHLO: RFC 5321 section 4.1.4 says not to refuse a wrong one, and printers have names with blanks. Who writes it into a Received line sees to what can stand there.</summary>
    public static RejectionReason ParseHello(ReadOnlySpan<byte> argument, out string name)
    {
        name = "";
        if (argument.IsEmpty || argument.Length > 255) return RejectionReason.HelloSyntax;
        name = Encoding.UTF8.GetString(argument);
        return RejectionReason.None;
    }

    public static RejectionReason ParseMail(ReadOnlySpan<byte> argument, ParserFeatures features, out MailCommand? mail)
    {
        mail = null;
        if (!TakePrefix(ref argument, "FROM:")) return RejectionReason.SenderSyntax;
        if (AddressGrammar.ReadPath(argument, out var mailbox, out int length) is not AddressProblem.None and var problem) return Sender(problem);
        var parameters = new MailParameters();
        if (parameters.Read(argument[length..], features) is not RejectionReason.None and var reason) return reason;
        if (!mailbox.IsEmpty)
        {
            if (AddressGrammar.CheckMailbox(mailbox) is not AddressProblem.None and var wrong) return Sender(wrong);
            if (!parameters.SmtpUtf8 && !Ascii.IsValid(mailbox)) return RejectionReason.SenderNeedsUtf8;
        }
        mail = parameters.ToCommand(new MailPath(Encoding.UTF8.GetString(mailbox)));
        return RejectionReason.None;
    }

    public static RejectionReason ParseRcpt(ReadOnlySpan<byte> argument, ParserFeatures features, out RcptCommand? rcpt)
    {
        rcpt = null;
        if (!TakePrefix(ref argument, "TO:")) return RejectionReason.RecipientSyntax;
        if (AddressGrammar.ReadPath(argument, out var mailbox, out int length) is not AddressProblem.None and var problem) return Recipient(problem);
        if (mailbox.IsEmpty) return RejectionReason.RecipientNull;
        if (!Ascii.EqualsIgnoreCase(mailbox, "postmaster"))
        {
            if (AddressGrammar.CheckMailbox(mailbox) is not AddressProblem.None and var wrong) return Recipient(wrong);
            if ((features & ParserFeatures.SmtpUtf8) == 0 && !Ascii.IsValid(mailbox)) return RejectionReason.RecipientNeedsUtf8;
        }
        var parameters = new RcptParameters();
        if (parameters.Read(argument[length..], features) is not RejectionReason.None and var reason) return reason;
        rcpt = new RcptCommand(new MailPath(Encoding.UTF8.GetString(mailbox)), parameters.Notify, parameters.OriginalRecipient);
        return RejectionReason.None;
    }

    /// <summary>BDAT size [LAST]. False when the size cannot be known, so that the session cannot stay in step.</summary>
    public static bool TryParseBdat(ReadOnlySpan<byte> argument, out long size, out bool isLast)
    {
        isLast = false;
        int space = argument.IndexOf((byte)' ');
        var digits = space < 0 ? argument : argument[..space];
        if (!EsmtpParameters.TryNumber(digits, 18, out size)) return false;
        if (space < 0) return true;
        isLast = Ascii.EqualsIgnoreCase(argument[space..].Trim((byte)' '), "LAST");
        return isLast;
    }

    private static bool TakePrefix(ref ReadOnlySpan<byte> argument, string prefix)
    {
        if (argument.Length < prefix.Length || !Ascii.EqualsIgnoreCase(argument[..prefix.Length], prefix)) return false;
        argument = argument[prefix.Length..].TrimStart((byte)' ');
        return true;
    }

    private static RejectionReason Sender(AddressProblem problem) => problem switch
    {
        AddressProblem.Syntax => RejectionReason.SenderSyntax,
        AddressProblem.LocalPartTooLong => RejectionReason.SenderLocalPartTooLong,
        AddressProblem.Domain => RejectionReason.SenderDomain,
        AddressProblem.TooLong => RejectionReason.SenderTooLong,
        AddressProblem.NotUtf8 => RejectionReason.SenderNeedsUtf8,
        _ => RejectionReason.SenderAddress,
    };

    private static RejectionReason Recipient(AddressProblem problem) => problem switch
    {
        AddressProblem.Syntax => RejectionReason.RecipientSyntax,
        AddressProblem.LocalPartTooLong => RejectionReason.RecipientLocalPartTooLong,
        AddressProblem.Domain => RejectionReason.RecipientDomain,
        AddressProblem.TooLong => RejectionReason.RecipientTooLong,
        AddressProblem.NotUtf8 => RejectionReason.RecipientNeedsUtf8,
        _ => RejectionReason.RecipientAddress,
    };
}
