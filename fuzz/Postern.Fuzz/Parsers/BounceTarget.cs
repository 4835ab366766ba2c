using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using MimeKit;
using Postern.Core.Bounces;
using Postern.Core.Queue;
using Postern.Lab.Messages;
using Postern.Protocols.Smtp;

namespace Postern.Fuzz.Parsers;

/// <summary>Whatever an upstream says and whatever the message is, the notification is well-formed: CRLF lines of bearable length, three parts that another parser sees.</summary>
internal static class BounceTarget
{
    public static readonly FuzzTarget Target = new("bounce", Run, "\0", "550 5.1.1 no", "@example.test", "\"quoted local\"@example.test", "rfc822;a@b", "ü@example.test", "--", "Content-Type: text/plain\r\n", "Subject: x\r\n", "\r\n\r\n");

    private static readonly BounceComposer Composer = new(
        new BounceSettings("relay.test", TimeSpan.FromDays(5)), TimeProvider.System, NullLogger.Instance, () => "fuzz");

    /// <summary>The input is sender, recipient, reply and message, with zero bytes between.</summary>
    private static void Run(ReadOnlyMemory<byte> input)
    {
        string[] parts = Encoding.UTF8.GetString(input.Span).Split('\0', 4);
        byte[] message = parts.Length > 3 ? MessageOf(parts[3]) : [];
        string sender = AddressOf(parts[0]), recipient = AddressOf(parts.Length > 1 ? parts[1] : "");
        var reply = new SmtpReply(550, new EnhancedStatusCode(5, 1, 1), (parts.Length > 2 ? parts[2] : "no").Split('\n'));
        var rcpt = new QueuedRecipient(new MailPath(recipient), "pool:up");
        var original = new QueuedEnvelope
        {
            From = new MailPath(sender), Recipients = [rcpt], Origin = new MessageOrigin { Listener = "x" }, AcceptedAt = DateTimeOffset.UnixEpoch, ExpiresAt = DateTimeOffset.UnixEpoch.AddDays(5),
            SmtpUtf8 = true, HasEightBit = !Ascii.IsValid(message),
        };
        var failed = new DsnRecipient(rcpt) { Failure = new StageFailure(ClientStage.Rcpt, Speaker.Peer, FailureKind.Refused, "refused", reply), RemoteHost = "mx.example.test", RemoteAddress = "192.0.2.1" };
        var result = Must.Now(Composer.ComposeAsync(DsnKind.Failure, original, default, [failed], new MemoryContent(message), (_, _) => "pool:up", CancellationToken.None));
        Must.Hold(result.Message is not null, "no notification");
        Check(result.Message!.Content.Span);
    }

    private static void Check(ReadOnlySpan<byte> bytes)
    {
        int line = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            line++;
            if (bytes[i] == '\r') Must.Hold(i + 1 < bytes.Length && bytes[i + 1] == '\n', $"a bare CR at {i}");
            if (bytes[i] != '\n') continue;
            Must.Hold(i > 0 && bytes[i - 1] == '\r', $"a bare LF at {i}");
            Must.Hold(line <= 1000, $"a line of {line} bytes ends at {i}");
            line = 0;
        }
        using var parsed = new MimeParser(new MemoryStream(bytes.ToArray()), MimeFormat.Entity).ParseMessage();
        Must.Hold(parsed.Body is MultipartReport { Count: 3 } report && report[0] is TextPart && report[1] is MessageDeliveryStatus,
            $"not a report of three parts: {parsed.Body} with {(parsed.Body as Multipart)?.Count} parts");
    }

    /// <summary>As it would have been accepted: no line end that is not CRLF; its own lines short enough that a long one is ours.</summary>
    private static byte[] MessageOf(string text) =>
        Encoding.UTF8.GetBytes(string.Join("\r\n", text.Replace("\r", "", StringComparison.Ordinal).Split('\n').Select(l => l.Length > 200 ? l[..200] : l)) + "\r\n");

    private static string AddressOf(string text)
    {
        string clean = string.Concat(text.Where(c => c is > ' ' and not '<' and not '>' and not '\u007f')).Trim('@');
        return clean.Length is > 0 and < 250 && clean.Contains('@', StringComparison.Ordinal) ? clean : "someone@example.test";
    }
}
