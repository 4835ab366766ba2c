using System.Buffers;
using System.Text;
using MimeKit;
using MimeKit.Utils;
using Postern.Protocols.Smtp;

namespace Postern.Core.Bounces;

/// <summary>
/// The beginning of the original message as far as a notification needs it: its header section, bounded, and the two fields a person knows it by.
/// </summary>
/// <param name="Bytes">The header section up to and without the empty line, whole lines only.</param>
/// <param name="Subject">Decoded, at most 200 characters; null when there is none.</param>
/// <param name="MessageId">As it stood; null when there is none or it is no plain message id.</param>
internal sealed record OriginalHeaders(ReadOnlyMemory<byte> Bytes, bool IsCut, string? Subject, string? MessageId)
{
    /// <summary>Reads at most <paramref name="maxBytes"/> of the message.</summary>
    public static async ValueTask<OriginalHeaders> ReadAsync(MessageContent content, int maxBytes, CancellationToken cancel)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(maxBytes);
        try
        {
            int length = 0;
            while (length < maxBytes && await content.ReadAsync(length, buffer.AsMemory(length, maxBytes - length), cancel) is > 0 and var got) length += got;
            return Of(buffer.AsSpan(0, length), isCut: length < content.Length);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <param name="beginning">The message, or as much of it as was read.</param>
    /// <param name="isCut">True when the message goes on after it.</param>
    public static OriginalHeaders Of(ReadOnlySpan<byte> beginning, bool isCut)
    {
        int end = EndOfHeaders(beginning);
        isCut &= end < 0;
        if (end < 0) end = isCut ? beginning.LastIndexOf((byte)'\n') + 1 : beginning.Length;
        byte[] headers = beginning[..end].ToArray();
        return new OriginalHeaders(headers, isCut, Decode(Find(headers, "subject:"u8)), PlainId(Find(headers, "message-id:"u8)));
    }

    /// <summary>Where the empty line begins; -1 when there is none.</summary>
    public static int EndOfHeaders(ReadOnlySpan<byte> message)
    {
        if (message.StartsWith("\r\n"u8)) return 0;
        int at = message.IndexOf("\r\n\r\n"u8);
        return at < 0 ? -1 : at + 2;
    }

    private static byte[]? Find(ReadOnlySpan<byte> headers, ReadOnlySpan<byte> nameAndColon)
    {
        for (int at = 0; at < headers.Length;)
        {
            int end = EndOfField(headers, at);
            var field = headers[at..end];
            if (field.Length > nameAndColon.Length && Ascii.EqualsIgnoreCase(field[..nameAndColon.Length], nameAndColon))
                return field[nameAndColon.Length..].ToArray();
            at = end;
        }
        return null;
    }

    /// <summary>After the field's last line: a line that begins with a space or tab belongs to it.</summary>
    private static int EndOfField(ReadOnlySpan<byte> headers, int at)
    {
        while (at < headers.Length)
        {
            int newline = headers[at..].IndexOf((byte)'\n');
            if (newline < 0) return headers.Length;
            at += newline + 1;
            if (at < headers.Length && headers[at] is not ((byte)' ' or (byte)'\t')) break;
        }
        return at;
    }

    private static string? Decode(byte[]? value)
    {
        if (value is null) return null;
        string text = DsnWriter.Clean(Rfc2047.DecodeText(ParserOptions.Default, value)).Trim();
        if (text.Length == 0) return null;
        return text.Length <= 200 ? text : string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[199]) ? 199 : 200), "...");
    }

    private static string? PlainId(byte[]? value)
    {
        if (value is null) return null;
        string text = Encoding.Latin1.GetString(value).Trim();
        bool plain = text.Length is > 2 and <= 250 && text[0] == '<' && text[^1] == '>' && Ascii.IsValid(text);
        foreach (char c in text.AsSpan()) plain &= c is > ' ' and < '\x7f';
        return plain ? text : null;
    }
}
