using System.Buffers;
using System.Text;
using System.Text.Unicode;
using Postern.Core.Queue;
using Postern.Protocols.Mail;
using Postern.Protocols.Smtp;

namespace Postern.Core.Bounces;

/// <summary>
/// The third part: the original or its headers, as RET asks and safety allows, in a form that is legal on the wire.
/// Whole and untouched, it is message/rfc822 or message/global (which must not be encoded by us: RFC 2046 section 5.2.1, RFC 6532 section 3.7). Where its
/// lines, bytes or size forbid that, the headers alone are returned, and what is illegal in them is made legal by quoted-printable (RFC 6522 section 4).
/// </summary>
/// <param name="Explanation">The sentence for the person.</param>
internal sealed record ReturnedPart(string ContentType, string TransferEncoding, ReadOnlyMemory<byte> Bytes, string Explanation)
{
    private const int MaxLineBytes = 998;

    public bool HasEightBit => TransferEncoding == "8bit";

    public static async ValueTask<ReturnedPart> MakeAsync(DsnKind kind, QueuedEnvelope envelope, MessageContent content, OriginalHeaders headers, BounceSettings settings, CancellationToken cancel)
    {
        // RET speaks of failures only; other notifications return headers (RFC 3461 section 4.3).
        if (kind != DsnKind.Failure || envelope.Return == DsnReturn.Headers) return OfHeaders(headers, "After it come the headers of your message.");
        if (content.Length > settings.MaxReturnedBytes)
            return OfHeaders(headers, "After it come the headers of your message, which is too large to be returned whole.");
        byte[] whole = new byte[content.Length];
        int length = 0;
        while (length < whole.Length && await content.ReadAsync(length, whole.AsMemory(length), cancel) is > 0 and var got) length += got;
        var returned = OfWhole(whole.AsMemory(0, length), headers);
        // The report must reach servers without 8BITMIME too, and nothing would return it: what could not be converted on the way is left out now.
        bool travels = returned is not { ContentType: "message/rfc822", HasEightBit: true } || await EightBitConversion.CanConvertAsync(content, EightBitOptions.ForReports(""), cancel);
        return returned is not null && travels
            ? returned
            : OfHeaders(headers, "After it come the headers of your message; the rest cannot be returned as it is, because mail does not allow its bytes or the length of its lines.");
    }

    private static ReturnedPart? OfWhole(ReadOnlyMemory<byte> whole, OriginalHeaders headers)
    {
        if (!IsLegal(whole.Span)) return null;
        const string explanation = "After it comes your message.";
        if (Ascii.IsValid(headers.Bytes.Span))
            return new ReturnedPart("message/rfc822", Ascii.IsValid(whole.Span) ? "7bit" : "8bit", whole, explanation);
        // Bytes above 127 in headers are legal only as UTF-8, and only in message/global.
        return Utf8.IsValid(headers.Bytes.Span) ? new ReturnedPart("message/global", "8bit", whole, explanation) : null;
    }

    private static ReturnedPart OfHeaders(OriginalHeaders headers, string explanation)
    {
        var bytes = headers.Bytes.Span;
        if (IsLegal(bytes))
        {
            if (Ascii.IsValid(bytes)) return new ReturnedPart("text/rfc822-headers", "7bit", headers.Bytes, explanation);
            if (Utf8.IsValid(bytes)) return new ReturnedPart("message/global-headers", "8bit", headers.Bytes, explanation);
        }
        return new ReturnedPart("text/rfc822-headers", "quoted-printable", QuotedPrintable(bytes), explanation);
    }

    /// <summary>No NUL, no CR or LF alone, no line above 998 bytes: what 7bit and 8bit ask for (RFC 2045 sections 2.7 and 2.8).</summary>
    private static bool IsLegal(ReadOnlySpan<byte> bytes)
    {
        int line = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            byte b = bytes[i];
            if (b == 0) return false;
            if (b == '\n') return false;
            if (b == '\r')
            {
                if (i + 1 == bytes.Length || bytes[i + 1] != '\n') return false;
                i++;
                line = 0;
                continue;
            }
            if (++line > MaxLineBytes) return false;
        }
        return true;
    }

    /// <summary>The headers are bounded (64 KiB), so this need not stream.</summary>
    private static ReadOnlyMemory<byte> QuotedPrintable(ReadOnlySpan<byte> bytes)
    {
        var output = new ArrayBufferWriter<byte>(bytes.Length + 1024);
        var encoder = new QuotedPrintableEncoder(output);
        encoder.Encode(bytes);
        encoder.Finish();
        return output.WrittenMemory;
    }
}
