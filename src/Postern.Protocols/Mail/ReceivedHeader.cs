using System.Net;
using System.Net.Sockets;
using System.Text;
using Postern.Protocols.Tls;

namespace Postern.Protocols.Mail;

/// <summary>What a Received line tells (RFC 5321 section 4.4).</summary>
/// <param name="Hello">What the client called itself; null or empty when it said nothing.</param>
/// <param name="Client">Its address; null for mail that did not come by SMTP.</param>
/// <param name="By">Our name.</param>
/// <param name="Protocol">The "with" word (RFC 3848); empty for mail that came by no protocol.</param>
/// <param name="Id">Queue id.</param>
/// <param name="SingleRecipient">The recipient when there is only one, else null: with several, each would learn of the others (RFC 5321 section 7.2).</param>
public readonly record struct ReceivedFacts(string? Hello, IPAddress? Client, string By, string Protocol, string Id, TlsObservation? Tls, string? SingleRecipient, DateTimeOffset At);

/// <summary>
/// Writes one Received field: folded, every line below 998 bytes, ended by CRLF. Whatever the client said is reduced to characters that can
/// stand there, so that nobody can end the field early or open a comment.
/// </summary>
public static class ReceivedHeader
{
    /// <summary>Room that is always enough.</summary>
    public const int MaxBytes = 4096;

    private const int MaxNameBytes = 255;
    private const int MaxPathBytes = 900;

    /// <summary>Returns the number of bytes written; <paramref name="target"/> must have <see cref="MaxBytes"/>.</summary>
    public static int Write(Span<byte> target, in ReceivedFacts facts)
    {
        var writer = new Writer(target);
        writer.Raw("Received: "u8);
        WriteFrom(ref writer, facts);
        writer.Raw("by "u8);
        writer.Name(facts.By);
        writer.Raw(" (Postern)"u8);
        if (facts.Protocol.Length > 0)
        {
            writer.Raw(" with "u8);
            writer.Name(facts.Protocol);
        }
        writer.Raw(" id "u8);
        writer.Name(facts.Id);
        if (facts.SingleRecipient is { Length: > 0 } recipient) WriteFor(ref writer, recipient);
        if (facts.Tls is { } tls)
        {
            // The registered clause of RFC 8314 section 7.4 names the cipher suite; the version has no clause, so it is a comment.
            writer.Raw("\r\n\ttls "u8);
            writer.Name(tls.CipherSuite);
            writer.Raw(" ("u8);
            writer.Name(tls.Protocol);
            writer.Raw(")"u8);
        }
        writer.Raw(";\r\n\t"u8);
        writer.Date(facts.At);
        writer.Raw("\r\n"u8);
        return writer.Length;
    }

    private static void WriteFrom(ref Writer writer, in ReceivedFacts facts)
    {
        if (facts.Client is null) return;
        writer.Raw("from "u8);
        if (string.IsNullOrEmpty(facts.Hello)) writer.Address(facts.Client);
        else writer.Name(facts.Hello);
        writer.Raw(" ("u8);
        writer.Address(facts.Client);
        writer.Raw(")\r\n\t"u8);
    }

    private static void WriteFor(ref Writer writer, string recipient)
    {
        if (Encoding.UTF8.GetByteCount(recipient) > MaxPathBytes) return;
        foreach (char c in recipient)
        {
            // The parser of the forward-path let none of these through; a pickup file's might have.
            if (c < ' ' || c == 127) return;
        }
        writer.Raw("\r\n\tfor <"u8);
        writer.Text(recipient);
        writer.Raw(">"u8);
    }

    private ref struct Writer(Span<byte> target)
    {
        private readonly Span<byte> _target = target;

        public int Length { get; private set; }

        public void Raw(scoped ReadOnlySpan<byte> bytes)
        {
            bytes.CopyTo(_target[Length..]);
            Length += bytes.Length;
        }

        public void Text(string text) => Length += Encoding.UTF8.GetBytes(text, _target[Length..]);

        public void Date(DateTimeOffset at) => Length += MailDate.Write(_target[Length..], at);

        /// <summary>A domain, an address literal or a word: letters, digits and a few marks; all else becomes '?'.</summary>
        public void Name(string text)
        {
            int count = Math.Min(text.Length, MaxNameBytes);
            for (int i = 0; i < count; i++)
            {
                char c = text[i];
                _target[Length++] = char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or ':' or '[' or ']' or '+' or '=' or '/' ? (byte)c : (byte)'?';
            }
        }

        /// <summary>An address literal (RFC 5321 section 4.1.3).</summary>
        public void Address(IPAddress address)
        {
            if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
            Raw(address.AddressFamily == AddressFamily.InterNetworkV6 ? "[IPv6:"u8 : "["u8);
            Span<byte> text = stackalloc byte[64];
            if (address.TryFormat(text, out int written))
            {
                // A zone ("%eth0") means nothing elsewhere.
                int zone = text[..written].IndexOf((byte)'%');
                Raw(text[..(zone >= 0 ? zone : written)]);
            }
            Raw("]"u8);
        }
    }
}
