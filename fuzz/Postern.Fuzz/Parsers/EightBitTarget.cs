using MimeKit;
using Postern.Lab.Messages;
using Postern.Protocols.Mail;

namespace Postern.Fuzz.Parsers;

/// <summary>A converted message is 7-bit, the same however the original is read, and another MIME parser decodes the same bytes from it.</summary>
internal static class EightBitTarget
{
    public static readonly FuzzTarget Target = new("eightbit", Run,
        "MIME-Version: 1.0\r\n", "Content-Type: text/plain; charset=utf-8\r\n", "Content-Type: multipart/mixed; boundary=x\r\n", "Content-Type: multipart/alternative; boundary=\"a b\"\r\n",
        "Content-Type: message/rfc822\r\n", "Content-Transfer-Encoding: 8bit\r\n", "Content-Transfer-Encoding: base64\r\n", "Content-Transfer-Encoding: quoted-printable\r\n", "--x\r\n", "--x--\r\n", "\r\n--", "é", "\u00ff\u00fe", "=3D", " \r\n");

    private static readonly EightBitOptions Options = new(Path.GetTempPath());

    private static void Run(ReadOnlyMemory<byte> raw)
    {
        ReadOnlyMemory<byte> input = AsAccepted(raw.Span);
        byte[]? whole = Convert(input, int.MaxValue);
        byte[]? cut = Convert(input, 7);
        Must.Hold(whole is null == cut is null && whole.AsSpan().SequenceEqual(cut), "the result depends on how the original is read");
        if (whole is null) return;
        Must.Hold(System.Text.Ascii.IsValid(whole), "the result has bytes above 127");
        if (System.Text.Ascii.IsValid(input.Span))
        {
            Must.Hold(whole.AsSpan().SequenceEqual(input.Span), "a 7-bit message was changed");
            return;
        }
        if (Leaves(input.ToArray()) is not { } before) return;
        var after = Leaves(whole);
        Must.Hold(after is not null, "another parser reads the message before the conversion but not after it");
        Must.Hold(before.Count == after!.Count, $"another parser sees {before.Count} parts before and {after.Count} after");
        for (int i = 0; i < before.Count; i++)
            Must.Hold(before[i].AsSpan().SequenceEqual(after[i]), $"part {i} decodes to other bytes: {System.Convert.ToHexString(before[i])} before, {System.Convert.ToHexString(after[i])} after");
    }

    /// <summary>A relay's own messages have no CR or LF that stands alone.</summary>
    internal static byte[] AsAccepted(ReadOnlySpan<byte> raw)
    {
        var message = new List<byte>(raw.Length + 16);
        foreach (byte b in raw)
        {
            if (b == '\n') message.Add((byte)'\r');
            if (b != '\r') message.Add(b);
        }
        return [.. message];
    }

    private static byte[]? Convert(ReadOnlyMemory<byte> input, int maxRead)
    {
        using var result = Must.Now(EightBitConversion.ConvertAsync(new MemoryContent(input, maxRead), Options, CancellationToken.None));
        if (result.Content is not { } content)
        {
            Must.Hold(!string.IsNullOrEmpty(result.Refusal), "refused without a reason");
            return null;
        }
        byte[] bytes = new byte[content.Length];
        for (int at = 0; at < bytes.Length;)
        {
            int read = Must.Now(content.ReadAsync(at, bytes.AsMemory(at), CancellationToken.None));
            Must.Hold(read > 0, "the result ends before its length");
            at += read;
        }
        return bytes;
    }

    /// <summary>Null when the other parser finds no message in it.</summary>
    private static List<byte[]>? Leaves(byte[] message)
    {
        var leaves = new List<byte[]>();
        try
        {
            using var parsed = new MimeParser(new MemoryStream(message), MimeFormat.Entity).ParseMessage();
            Collect(parsed.Body, leaves);
            return leaves;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static void Collect(MimeEntity? entity, List<byte[]> leaves)
    {
        switch (entity)
        {
            case Multipart multipart:
                foreach (var part in multipart) Collect(part, leaves);
                break;
            case MessagePart { Message: { } message }:
                Collect(message.Body, leaves);
                break;
            case MimePart part:
                using (var decoded = new MemoryStream())
                {
                    part.Content?.DecodeTo(decoded);
                    leaves.Add(decoded.ToArray());
                }
                break;
        }
    }
}
