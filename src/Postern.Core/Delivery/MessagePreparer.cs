using System.Globalization;
using System.Text;
using Postern.Core.Bounces;
using Postern.Core.Queue;
using Postern.Protocols.Mail;
using Postern.Protocols.Smtp;

namespace Postern.Core.Delivery;

/// <summary>A message as one session can carry it, or why it cannot. Dispose when it has been sent.</summary>
/// <param name="AsciiAddresses">Internationalised domains are to be written as A-labels.</param>
/// <param name="Converted">Holds the converted content; null when the message goes as it is.</param>
internal readonly record struct PreparedMessage(MailCommand? Mail, MessageContent? Content, bool AsciiAddresses, StageFailure? Failure, IDisposable? Converted = null) : IDisposable
{
    public void Dispose() => Converted?.Dispose();

    public static PreparedMessage Failed(FailureKind kind, string detail) => new(null, null, false, new StageFailure(ClientStage.Mail, Speaker.Us, kind, detail));

    public RcptCommand Rcpt(QueuedRecipient recipient) =>
        new(AsciiAddresses ? new MailPath(Utf8Downgrade.ToAscii(recipient.Address.Address)!) : recipient.Address, recipient.Notify, recipient.OriginalRecipient);
}

/// <summary>
/// Fits a kept message to what a peer offers: SIZE, 8BITMIME, BINARYMIME, SMTPUTF8. Converts where nothing is lost by it and it is allowed,
/// refuses with the reason otherwise; never corrupts. Costs nothing for a message that needs nothing.
/// </summary>
internal static class MessagePreparer
{
    /// <summary>Headers are looked at up to here; longer ones are taken to need SMTPUTF8 when the body has 8-bit bytes.</summary>
    private const int HeaderBytes = 64 << 10;

    /// <param name="spool">Folder for large converted messages.</param>
    public static ValueTask<PreparedMessage> PrepareAsync(Lease lease, PeerOffers offers, bool convertEightBit, string spool, CancellationToken cancel)
    {
        var envelope = lease.Envelope;
        var content = lease.Content;
        if (offers.Size is > 0 and var limit && content.Length > limit)
        {
            string detail = string.Create(CultureInfo.InvariantCulture, $"the message has {content.Length} bytes, the server takes {limit}");
            return ValueTask.FromResult(PreparedMessage.Failed(FailureKind.TooLarge, detail));
        }
        bool eightBit = envelope.HasEightBit;
        bool plain = !envelope.SmtpUtf8 && envelope.Body != BodyType.BinaryMime && (!eightBit || offers.EightBitMime);
        return plain
            ? ValueTask.FromResult(new PreparedMessage(Mail(envelope, envelope.From, Body(envelope, offers), smtpUtf8: false, content.Length), content, false, null))
            : FitAsync(lease, offers, convertEightBit, spool, cancel);
    }

    private static async ValueTask<PreparedMessage> FitAsync(Lease lease, PeerOffers offers, bool convertEightBit, string spool, CancellationToken cancel)
    {
        var envelope = lease.Envelope;
        var content = lease.Content;
        bool ascii = envelope.SmtpUtf8 && !offers.SmtpUtf8;
        if (ascii && await WhyUtf8IsNeededAsync(lease, cancel) is { } why)
            return PreparedMessage.Failed(FailureKind.Unsupported, $"{why}, and the server does not offer SMTPUTF8");
        if (envelope.Body == BodyType.BinaryMime && !offers.BinaryMime)
            return PreparedMessage.Failed(FailureKind.Unsupported, "the message has a binary body (BINARYMIME), which the server does not offer");

        var body = Body(envelope, offers);
        EightBitResult? converted = null;
        if (envelope.HasEightBit && !offers.EightBitMime)
        {
            if (!convertEightBit)
                return PreparedMessage.Failed(FailureKind.Unsupported, "the message has 8-bit text, the server does not offer 8BITMIME, and conversion is turned off");
            converted = await EightBitConversion.ConvertAsync(content, Options(envelope, spool), cancel);
            if (converted.Content is null)
                return PreparedMessage.Failed(FailureKind.Unsupported, $"the server does not offer 8BITMIME, and the message cannot be made 7-bit: {converted.Refusal}");
            content = converted.Content;
            body = BodyType.SevenBit;
        }
        var from = ascii ? new MailPath(Utf8Downgrade.ToAscii(envelope.From.Address)!) : envelope.From;
        return new PreparedMessage(Mail(envelope, from, body, envelope.SmtpUtf8 && offers.SmtpUtf8, content.Length), content, ascii, null, converted);
    }

    private static EightBitOptions Options(QueuedEnvelope envelope, string spool) =>
        envelope.From.IsNull && envelope.Origin.Listener == "bounce" ? EightBitOptions.ForReports(spool) : new EightBitOptions(spool);

    /// <summary>Null when the message can go without SMTPUTF8.</summary>
    private static async ValueTask<string?> WhyUtf8IsNeededAsync(Lease lease, CancellationToken cancel)
    {
        var envelope = lease.Envelope;
        if (Utf8Downgrade.ToAscii(envelope.From.Address) is null) return "the sender's address is not ASCII";
        foreach (int index in lease.Pending)
        {
            if (Utf8Downgrade.ToAscii(envelope.Recipients[index].Address.Address) is null) return "a recipient's address is not ASCII";
        }
        if (!envelope.HasEightBit) return null;
        var headers = await OriginalHeaders.ReadAsync(lease.Content, HeaderBytes, cancel);
        return headers.IsCut || !Ascii.IsValid(headers.Bytes.Span) ? "a header field is not ASCII" : null;
    }

    /// <summary>What was declared stays declared; 8-bit text that was not declared is, where that can be said.</summary>
    private static BodyType Body(QueuedEnvelope envelope, PeerOffers offers) => envelope.Body switch
    {
        BodyType.BinaryMime => BodyType.BinaryMime,
        _ when !offers.EightBitMime => BodyType.SevenBit,
        BodyType.EightBitMime => BodyType.EightBitMime,
        _ => envelope.HasEightBit ? BodyType.EightBitMime : BodyType.SevenBit,
    };

    private static MailCommand Mail(QueuedEnvelope envelope, MailPath from, BodyType body, bool smtpUtf8, long length) =>
        new(from, body, smtpUtf8, length, envelope.Return, envelope.EnvId, MtPriority: envelope.Priority == 0 ? null : envelope.Priority);
}

/// <summary>What of a peer's extensions the message must be fitted to.</summary>
/// <param name="Size">Largest message it takes; null or 0 for no limit (RFC 1870).</param>
internal readonly record struct PeerOffers(long? Size, bool EightBitMime, bool BinaryMime, bool SmtpUtf8);
