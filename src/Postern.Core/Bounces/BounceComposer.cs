using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using MimeKit.Utils;
using Postern.Core.Queue;
using Postern.Core.Telemetry;
using Postern.Protocols.Mail;
using Postern.Protocols.Smtp;

namespace Postern.Core.Bounces;

/// <summary>
/// Makes delivery status notifications (RFC 3461, 3464, 6522; RFC 6533 for internationalised mail): one for all recipients that share a fate in one
/// settlement. Null reverse-path, so that no notification is ever answered by another; nothing at all for a message that has a null reverse-path itself.
/// Composed by hand, not through a MIME library's object model: the original must stand in it byte for byte, and the text is the same on every run.
/// Holds at most the returned part (64 KiB unless set otherwise) in memory. Thread safe.
/// </summary>
/// <param name="uniqueToken">Letters and digits that were never used before; for Message-ID and boundary. Null for 128 random bits.</param>
public sealed class BounceComposer(BounceSettings settings, TimeProvider time, ILogger logger, Func<string>? uniqueToken = null)
{
    private readonly Func<string> _uniqueToken = uniqueToken ?? (static () => RandomNumberGenerator.GetHexString(32, lowercase: true));

    /// <param name="recipients">All of the settlement; those whose NOTIFY does not ask for this kind are left out here.</param>
    /// <param name="content">The original; read up to the size cap only.</param>
    /// <param name="route">Gives the destination of a message from (first) to (second), null when the routes refuse it.</param>
    /// <exception cref="IOException">The original cannot be read back.</exception>
    public async ValueTask<DsnResult> ComposeAsync(DsnKind kind, QueuedEnvelope original, MessageId id, IReadOnlyList<DsnRecipient> recipients, MessageContent content, Func<MailPath, MailPath, string?> route, CancellationToken cancel)
    {
        if (original.From.IsNull) return Suppress(id, kind, DsnSuppression.NullSender);
        var wanted = recipients.Where(r => NotifyPolicy.Wants(kind, r.Recipient.Notify)).ToList();
        if (wanted.Count == 0) return Suppress(id, kind, DsnSuppression.NotAskedFor);
        // An internationalised domain alone does not need SMTPUTF8: its A-labels name the same mailbox.
        var to = new MailPath(Utf8Downgrade.ToAscii(original.From.Address) ?? original.From.Address);
        if (route(MailPath.Null, to) is not { } destination) return Suppress(id, kind, DsnSuppression.NoRoute);

        var headers = await OriginalHeaders.ReadAsync(content, settings.MaxReturnedHeaderBytes, cancel);
        var returned = await ReturnedPart.MakeAsync(kind, original, content, headers, settings, cancel);
        var bytes = Compose(kind, original, id, to, wanted, headers, returned);
        bool eightBit = !Ascii.IsValid(bytes.Span);
        var now = time.GetUtcNow();
        var envelope = new QueuedEnvelope
        {
            From = MailPath.Null,
            Recipients = [new QueuedRecipient(to, destination, DsnNotify.Never)],
            Origin = new MessageOrigin { Listener = "bounce" },
            AcceptedAt = now,
            ExpiresAt = now + settings.Expire,
            Body = eightBit ? BodyType.EightBitMime : BodyType.SevenBit,
            SmtpUtf8 = to.IsInternationalized,
            HasEightBit = eightBit,
        };
        return new DsnResult(new GeneratedMessage(envelope, bytes), DsnSuppression.None);
    }

    private ReadOnlyMemory<byte> Compose(DsnKind kind, QueuedEnvelope original, MessageId id, MailPath to, List<DsnRecipient> recipients, OriginalHeaders headers, ReturnedPart returned)
    {
        bool utf8 = to.IsInternationalized;
        var text = new DsnWriter();
        DsnText.Write(text, kind, settings, original, id, headers, recipients, returned.Explanation);
        var report = new DsnWriter();
        DsnReport.Write(report, kind, settings, original, recipients, utf8);
        bool textIsAscii = Ascii.IsValid(text.Written.Span);
        bool reportIsAscii = Ascii.IsValid(report.Written.Span);
        bool eightBit = returned.HasEightBit || !textIsAscii || !reportIsAscii;
        string boundary = Boundary(returned.Bytes.Span);

        var writer = new DsnWriter();
        WriteHeader(writer, kind, to, recipients, headers, boundary, eightBit);
        writer.Raw($"""

            This is a delivery report in MIME format.

            --{boundary}
            Content-Type: text/plain; charset={(textIsAscii ? "us-ascii" : "utf-8")}
            Content-Transfer-Encoding: {(textIsAscii ? "7bit" : "8bit")}

            """);
        writer.Bytes(text.Written.Span);
        writer.Raw($"""

            --{boundary}
            Content-Type: {(utf8 ? "message/global-delivery-status" : "message/delivery-status")}
            Content-Transfer-Encoding: {(reportIsAscii ? "7bit" : "8bit")}

            """);
        writer.Bytes(report.Written.Span);
        writer.Raw($"""

            --{boundary}
            Content-Type: {returned.ContentType}
            Content-Transfer-Encoding: {returned.TransferEncoding}

            """);
        writer.Bytes(returned.Bytes.Span);
        writer.Raw($"""

            --{boundary}--
            """);
        return writer.Written;
    }

    private void WriteHeader(DsnWriter writer, DsnKind kind, MailPath to, List<DsnRecipient> recipients, OriginalHeaders headers, string boundary, bool eightBit)
    {
        writer.Field("From", $"\"Mail relay {settings.Hostname}\" <MAILER-DAEMON@{settings.Hostname}>");
        writer.Field("To", $"<{to.Address}>");
        string subject = DsnText.Subject(kind, recipients);
        writer.Field("Subject", to.IsInternationalized || Ascii.IsValid(subject) ? subject : Encoding.ASCII.GetString(Rfc2047.EncodeText(Encoding.UTF8, subject)));
        writer.Field("Date", DsnReport.Date(time.GetUtcNow()));
        writer.Field("Message-ID", $"<{_uniqueToken()}@{settings.Hostname}>");
        // So that the report stands beside the message it speaks of (RFC 3834 section 3.1.5).
        if (headers.MessageId is { } about)
        {
            writer.Field("In-Reply-To", about);
            writer.Field("References", about);
        }
        writer.Raw("Auto-Submitted: auto-replied");
        writer.Raw("MIME-Version: 1.0");
        writer.Raw($"Content-Type: multipart/report; report-type=delivery-status;\n boundary=\"{boundary}\"");
        writer.Raw($"Content-Transfer-Encoding: {(eightBit ? "8bit" : "7bit")}");
    }

    /// <summary>The original was written before the token was drawn, so it cannot hold it; looked for all the same.</summary>
    private string Boundary(ReadOnlySpan<byte> returned)
    {
        while (true)
        {
            string boundary = "=_" + _uniqueToken();
            if (returned.IndexOf(Encoding.ASCII.GetBytes(boundary)) < 0) return boundary;
        }
    }

    private DsnResult Suppress(MessageId id, DsnKind kind, DsnSuppression why)
    {
        PosternLog.NotificationSuppressed(logger, id, kind, why);
        return new DsnResult(null, why);
    }
}
