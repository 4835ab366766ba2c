using System.Text;
using Postern.Core.Queue;
using Postern.Protocols.Smtp;

namespace Postern.Benchmarks;

/// <summary>The mail that everything is measured with: what an application sends, a dozen header fields and lines of text, some with a leading dot.</summary>
internal static class Samples
{
    private const string Header =
        "From: Shop <orders@shop.example>\r\nTo: Customer <customer@example.org>\r\nSubject: Your order 4711 has been sent\r\nDate: Thu, 01 Jan 2026 12:00:00 +0000\r\n" +
        "Message-ID: <20260101120000.4711@shop.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n" +
        "List-Unsubscribe: <https://shop.example/u/4711>,\r\n <mailto:unsubscribe@shop.example>\r\nX-Mailer: shop 2.1\r\nAuto-Submitted: auto-generated\r\n\r\n";

    /// <summary>Exactly so many bytes; every line ends with CRLF. Too short for a header, it has none.</summary>
    public static byte[] Message(int bytes)
    {
        var text = new StringBuilder(bytes + 80);
        if (bytes > Header.Length) text.Append(Header);
        for (int line = 0; text.Length < bytes; line++)
            text.Append(line % 10 == 9 ? ".and so on, a line that begins with a dot and is stuffed on its way\r\n" : "The quick brown fox jumps over the lazy dog, and the dog does not mind it\r\n");
        text.Length = bytes;
        if (bytes >= 2) text.Remove(bytes - 2, 2).Append("\r\n");
        return Encoding.ASCII.GetBytes(text.ToString());
    }

    /// <summary>As it goes over the wire after 354, with the dots stuffed and the lone dot.</summary>
    public static byte[] Stuffed(string message) => Encoding.ASCII.GetBytes(message.Replace("\r\n.", "\r\n..", StringComparison.Ordinal) + ".\r\n");

    public static readonly MessageOrigin Origin = new() { ClientAddress = "127.0.0.1", ClientHello = "app.shop.example", Listener = "127.0.0.1:2525" };

    /// <summary>An envelope as the submission side makes it for each message.</summary>
    public static QueuedEnvelope Envelope(string destination, DateTimeOffset now) => new()
    {
        From = new MailPath("orders@shop.example"),
        Recipients = [new QueuedRecipient(new MailPath("customer@example.org"), destination)],
        Origin = Origin,
        AcceptedAt = now,
        ExpiresAt = now + TimeSpan.FromDays(5),
    };
}
