using System.Text;
using Postern.Protocols.Smtp;

namespace Postern.Fuzz.Parsers;

/// <summary>Command lines: what is understood, written again in its plainest form, is understood the same; nothing accepted could break out of a header, a reply or a command of ours.</summary>
internal static class CommandTarget
{
    public static readonly FuzzTarget Target = new("command", Run,
        "MAIL FROM:<a@b.test>", "RCPT TO:<a@b.test>", "RCPT TO:<postmaster>", "MAIL FROM:<>", "<@a.test,@b.test:c@d.test>", "\"q q\"@b.test", "<a@[192.0.2.1]>", "<a@[IPv6:2001:db8::1]>", " SIZE=1000", " BODY=8BITMIME", " SMTPUTF8", " RET=HDRS", " ENVID=a+2Bb",
        " NOTIFY=SUCCESS,FAILURE,DELAY", " NOTIFY=NEVER", " ORCPT=rfc822;a+40b", " ORCPT=utf-8;\\x{FC}@b", " AUTH=<>", " AUTH=a@b", " MT-PRIORITY=-3", "EHLO c.test", "BDAT 12 LAST", "BDAT 12", "AUTH PLAIN ", "ü@ü.test", "xn--", "+3D", "\\", "\"", "@", "<", ">", ":", " ");

    private const ParserFeatures Features = ParserFeatures.Extended | ParserFeatures.SmtpUtf8 | ParserFeatures.MtPriority;

    private static void Run(ReadOnlyMemory<byte> input)
    {
        // Each line is one command, as the session cuts them; it asks for text before it parses.
        foreach (var range in Lines(input))
        {
            var line = input.Span[range];
            if (!SmtpCommandParser.IsText(line)) continue;
            switch (SmtpCommandParser.ParseVerb(line, out var argument))
            {
                case SmtpVerb.Mail: Mail(argument); break;
                case SmtpVerb.Rcpt: Rcpt(argument); break;
                case SmtpVerb.Helo or SmtpVerb.Ehlo: Hello(argument); break;
                case SmtpVerb.Bdat: Bdat(argument); break;
            }
        }
    }

    private static List<Range> Lines(ReadOnlyMemory<byte> input)
    {
        var lines = new List<Range>();
        for (int from = 0; from <= input.Length;)
        {
            int length = input.Span[from..].IndexOf("\r\n"u8);
            int to = length < 0 ? input.Length : from + length;
            lines.Add(from..to);
            from = to + 2;
        }
        return lines;
    }

    private static void Mail(ReadOnlySpan<byte> argument)
    {
        var reason = SmtpCommandParser.ParseMail(argument, Features, out var mail);
        Must.Hold(mail is null == (reason != RejectionReason.None), $"{reason} with {mail}");
        if (mail is null) return;
        Plain(mail.From.Address, mail.EnvId, mail.AuthParameter);
        Must.Hold(mail.SmtpUtf8 || !mail.From.IsInternationalized, "an international sender without SMTPUTF8");
        Must.Hold(mail.DeclaredSize is null or >= 0, $"a size of {mail.DeclaredSize}");
        string plain = $"FROM:<{mail.From.Address}>" + (mail.SmtpUtf8 ? " SMTPUTF8" : "");
        Must.Hold(SmtpCommandParser.ParseMail(Encoding.UTF8.GetBytes(plain), Features, out var again) == RejectionReason.None, $"its own form is refused: {plain}");
        Must.Hold(again!.From == mail.From, $"{plain} is read as {again.From}");
    }

    private static void Rcpt(ReadOnlySpan<byte> argument)
    {
        var reason = SmtpCommandParser.ParseRcpt(argument, Features, out var rcpt);
        Must.Hold(rcpt is null == (reason != RejectionReason.None), $"{reason} with {rcpt}");
        if (rcpt is null) return;
        Plain(rcpt.To.Address, rcpt.OriginalRecipient, null);
        Must.Hold(rcpt.To.Address.Length > 0, "an empty recipient");
        Must.Hold((rcpt.Notify & DsnNotify.Never) == 0 || rcpt.Notify == DsnNotify.Never, $"NEVER stands with others: {rcpt.Notify}");
        string plain = $"TO:<{rcpt.To.Address}>";
        Must.Hold(SmtpCommandParser.ParseRcpt(Encoding.UTF8.GetBytes(plain), Features, out var again) == RejectionReason.None, $"its own form is refused: {plain}");
        Must.Hold(again!.To == rcpt.To, $"{plain} is read as {again.To}");
    }

    private static void Hello(ReadOnlySpan<byte> argument)
    {
        if (SmtpCommandParser.ParseHello(argument, out string name) == RejectionReason.None) Plain(name, null, null);
    }

    private static void Bdat(ReadOnlySpan<byte> argument)
    {
        if (SmtpCommandParser.TryParseBdat(argument, out long size, out _)) Must.Hold(size >= 0, $"a chunk of {size}");
    }

    /// <summary>What is kept later stands in commands, headers and logs of ours: no line end may be in it.</summary>
    private static void Plain(string address, params ReadOnlySpan<string?> texts)
    {
        Must.Hold(!address.Any(c => c is '\r' or '\n' or '\0'), $"an address with a line end: {address}");
        foreach (string? text in texts) Must.Hold(text is null || !text.Any(c => c is '\r' or '\n' or '\0'), $"a parameter with a line end: {text}");
    }
}
