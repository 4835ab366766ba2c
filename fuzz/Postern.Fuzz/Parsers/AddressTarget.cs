using System.Text;
using Postern.Protocols.Mail;
using Postern.Protocols.Smtp;

namespace Postern.Fuzz.Parsers;

/// <summary>Mailboxes: an accepted one has both its parts, survives the way into a path and back, and is refused as soon as it could end that path early.</summary>
internal static class AddressTarget
{
    public static readonly FuzzTarget Target = new("address", Run,
        "a@b.test", "\"q\\\"q\"@b.test", "\"a@b\"@c.test", "a@[192.0.2.1]", "a@[IPv6:::1]", "a@[IPv6:2001:db8::192.0.2.1]", "ü@bücher.test", "a@xn--bcher-kva.test", "..", "-", "@", "\"", "\\", "[", "]", "<", ">", "+", "%", "!", "　", ".");

    private static void Run(ReadOnlyMemory<byte> input)
    {
        // A session parses only what is text.
        if (!SmtpCommandParser.IsText(input.Span)) return;
        if (AddressGrammar.CheckMailbox(input.Span) != AddressProblem.None) return;
        string text = Encoding.UTF8.GetString(input.Span);
        Must.Hold(Encoding.UTF8.GetBytes(text).AsSpan().SequenceEqual(input.Span), "an accepted address is not UTF-8");
        var path = new MailPath(text);
        Must.Hold(path.LocalPart.Length > 0 && path.Domain.Length > 0, $"a part is empty: {text}");
        Must.Hold(path.LocalPart + "@" + path.Domain == text, $"its parts are not the whole: {text}");
        Must.Hold(!text.Any(char.IsControl), "a control character in an address");
        byte[] angled = [(byte)'<', .. input.Span, (byte)'>', .. " X=<y>"u8];
        Must.Hold(AddressGrammar.ReadPath(angled, out var mailbox, out int length) == AddressProblem.None, $"refused in a path: {text}");
        Must.Hold(mailbox.SequenceEqual(input.Span) && length == input.Length + 2, $"in a path it ends early: {Encoding.UTF8.GetString(mailbox)} of {text}");
        if (Utf8Downgrade.ToAscii(text) is not { } ascii) return;
        Must.Hold(Ascii.IsValid(ascii), $"not ASCII: {ascii}");
        Must.Hold(Utf8Downgrade.ToAscii(ascii) == ascii, $"twice is not once: {ascii}");
    }
}
