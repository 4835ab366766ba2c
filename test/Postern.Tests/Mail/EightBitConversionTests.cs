using System.Text;
using CsCheck;
using MimeKit;
using Postern.Lab.Messages;
using Postern.Protocols.Mail;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Mail;

public sealed class EightBitConversionTests
{
    private static readonly EightBitOptions Options = new(Path.GetTempPath());
    private const string Mime = "MIME-Version: 1.0\r\n";

    [Fact]
    public async Task Text_becomes_quoted_printable_and_only_its_label_changes()
    {
        string converted = await ConvertAsync(Mime + "Subject: x\r\ncontent-transfer-ENCODING:\r\n 8bit (yes)\r\nX-Last: y\r\n\r\nThe caf\xc3\xa9 = here, and this line is long enough to need a soft break in it \r\n.dot\t\r\n");
        Assert.Equal(Mime + "Subject: x\r\nContent-Transfer-Encoding: quoted-printable\r\nX-Last: y\r\n\r\nThe caf=C3=A9 =3D here, and this line is long enough to need a soft break i=\r\nn it=20\r\n.dot=09\r\n", converted);
    }

    [Fact]
    public async Task Mostly_eight_bit_and_binary_types_become_base64()
    {
        Assert.Equal(Mime + "Content-Type: image/x\r\nContent-Transfer-Encoding: base64\r\n\r\n4SB4DQo=\r\n", await ConvertAsync(Mime + "Content-Type: image/x\r\n\r\n\xe1 x\r\n"));
        Assert.Equal(Mime + "Content-Transfer-Encoding: base64\r\n\r\n4eHhDQo=\r\n", await ConvertAsync(Mime + "\r\n\xe1\xe1\xe1\r\n"));
    }

    [Fact]
    public async Task Nested_parts_are_converted_and_every_other_byte_stays()
    {
        const string before = Mime + """
            Content-Type: multipart/mixed; (comment) boundary="a b"
            Content-Transfer-Encoding: 8bit

            preamble
            --a b
            Content-Type: multipart/alternative; boundary=in/ner=
            Content-Transfer-Encoding: binary

            --in/ner=
            X-Odd:   kept   as it is
            Content-Transfer-Encoding: 8bit

            stays

            --in/ner=

            the cafX long enough to be quoted-printable here

            --in/ner=--
            epilogue
            --a b
            Content-Type: message/rfc822
            Content-Transfer-Encoding: 8bit

            MIME-Version: 1.0
            Subject: inner
            Content-Type: text/plain; charset=latin1
            Content-Transfer-Encoding: 8bit

            inner cafX that is long enough to be quoted
            --a b--

            """;
        string original = before.ReplaceLineEndings("\r\n").Replace('X', '\xe9').Replace("\xe9-Odd", "X-Odd", StringComparison.Ordinal);
        string expected = original
            .Replace("b\"\r\nContent-Transfer-Encoding: 8bit", "b\"\r\nContent-Transfer-Encoding: 7bit", StringComparison.Ordinal)
            .Replace("binary", "7bit", StringComparison.Ordinal)
            .Replace("--in/ner=\r\n\r\nthe caf\xe9", "--in/ner=\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nthe caf=E9", StringComparison.Ordinal)
            .Replace("rfc822\r\nContent-Transfer-Encoding: 8bit", "rfc822\r\nContent-Transfer-Encoding: 7bit", StringComparison.Ordinal)
            .Replace("latin1\r\nContent-Transfer-Encoding: 8bit\r\n\r\ninner caf\xe9", "latin1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ninner caf=E9", StringComparison.Ordinal);
        Assert.Equal(expected, await ConvertAsync(original));
        Assert.Equal(Leaves(original), Leaves(expected));
    }

    [Theory]
    [InlineData("Subject: x\r\n\r\ncaf\xe9\r\n", "it is not MIME (no MIME-Version header), so its bytes above 127 cannot be encoded")]
    [InlineData("caf\xe9\r\n", "it has bytes above 127 in a header")]
    [InlineData("Subject: caf\xe9\r\nMIME-Version: 1.0\r\n\r\nx\r\n", "it has bytes above 127 in a header")]
    [InlineData("MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nX: \xe9\r\n\r\n--b--\r\n", "it has bytes above 127 in a header")]
    [InlineData("MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\npre\xe9\r\n--b\r\n\r\n--b--\r\n", "it has bytes above 127 outside the parts of a multipart")]
    [InlineData("MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n--b--\r\npost\xe9", "it has bytes above 127 outside the parts of a multipart")]
    [InlineData("MIME-Version: 1.0\r\nContent-Type: multipart/mixed\r\n\r\n\xe9\r\n", "a multipart in it has no usable boundary")]
    [InlineData("MIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\n\r\n\xe9\r\n", "a part has bytes above 127 though it says that it is encoded as base64")]
    [InlineData("MIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n\xe9\r\n--b--\r\n", "it is signed (multipart/signed), and the signature would break")]
    [InlineData("MIME-Version: 1.0\r\nContent-Type: multipart/encrypted; boundary=b\r\n\r\n--b\r\n\r\n\xe9\r\n--b--\r\n", "it is encrypted (multipart/encrypted), and must not be changed")]
    [InlineData("DKIM-Signature: v=1\r\nMIME-Version: 1.0\r\n\r\n\xe9\r\n", "it is signed with DKIM, and the signature would break")]
    [InlineData("MIME-Version: 1.0\r\nContent-Transfer-Encoding: 8bit\r\nContent-Transfer-Encoding: 7bit\r\n\r\n\xe9\r\n", "it has two Content-Transfer-Encoding headers")]
    [InlineData("MIME-Version: 1.0\r\nno header at all\r\n\r\n\xe9\r\n", "a line of its headers is no header")]
    [InlineData("MIME-Version: 1.0\r\nX: a\nContent-Type: text/html\r\n\r\n\xe9\r\n", "CR or LF stands alone in its headers")]
    [InlineData("MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n\xe9\n--b\r\n--b--\r\n", "LF stands alone in a multipart")]
    [InlineData("MIME-Version: 1.0\r\nContent-Type: message/partial; id=x\r\n\r\n\xe9\r\n", "a part of type message/partial must not be encoded")]
    [InlineData("MIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\nSubject: old\r\n\r\n\xe9\r\n", "it is not MIME (no MIME-Version header), so its bytes above 127 cannot be encoded")]
    public async Task Says_why_it_cannot(string original, string reason)
    {
        using var result = await EightBitConversion.ConvertAsync(new MemoryContent(original), Options, default);
        Assert.Null(result.Content);
        Assert.Equal(reason, result.Refusal);
    }

    [Fact]
    public async Task Seven_bit_message_is_itself()
    {
        var original = new MemoryContent("Subject: x\r\n\r\nplain\r\n");
        using var result = await EightBitConversion.ConvertAsync(original, Options, default);
        Assert.Same(original, result.Content);
    }

    [Fact]
    public async Task Signed_part_stays_byte_for_byte_when_the_8_bit_bytes_are_elsewhere()
    {
        const string signed = "Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\nContent-Type: multipart/mixed; boundary=t\r\nContent-Transfer-Encoding: 8bit\r\n\r\n--t\r\nContent-Transfer-Encoding: 8bit\r\n\r\nascii\r\n--t--\r\n--s--\r\n";
        string converted = await ConvertAsync(Mime + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + signed + "--b\r\n\r\ncaf\xe9 with enough around it\r\n--b--\r\n");
        Assert.Contains(signed, converted, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reports_are_converted_whatever_they_hold()
    {
        const string report = Mime + "Content-Type: multipart/report; boundary=b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n--b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\nDKIM-Signature: x\r\nSubject: old\r\n\r\ncaf\xe9 old and plain\r\n--b\r\nContent-Type: message/global-headers\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSubject: \xc3\xa9 and more\r\n--b--\r\n";
        using var result = await EightBitConversion.ConvertAsync(new MemoryContent(report), EightBitOptions.ForReports(Path.GetTempPath()), default);
        string converted = await TextAsync(result.Content!);
        Assert.Contains("Subject: old\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=unknown-8bit\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ncaf=E9 old and plain\r\n--b\r\n", converted, StringComparison.Ordinal);
        Assert.Contains("global-headers\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nSubject: =C3=A9 and more\r\n--b--\r\n", converted, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Large_message_waits_in_a_file_that_goes_away()
    {
        string folder = Directory.CreateTempSubdirectory("postern-convert").FullName;
        try
        {
            string line = "a line with \xe9 in it, over and over again\r\n";
            string body = string.Concat(Enumerable.Repeat(line, 100_000));
            var result = await EightBitConversion.ConvertAsync(new MemoryContent(Encoding.Latin1.GetBytes(Mime + "\r\n" + body), maxRead: 10_007), new EightBitOptions(folder), default);
            Assert.Single(Directory.GetFiles(folder));
            Assert.Equal(Mime + "Content-Transfer-Encoding: quoted-printable\r\n\r\n" + body.Replace("\xe9", "=E9", StringComparison.Ordinal), await TextAsync(result.Content!));
            result.Dispose();
            Assert.Empty(Directory.GetFiles(folder));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Any_message_decodes_to_the_same_bytes_or_is_refused()
    {
        var piece = Gen.OneOf(
            One("\r\n", "\r\n\r\n", "--b\r\n", "--b--\r\n", "--c\r\n", "--c--\r\n", "\r\n--b\r\n", "\r\n--c\r\n", "\r\n--b--\r\n"),
            One("Content-Type: text/plain\r\n", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", "Content-Type: multipart/digest; boundary=c\r\n\r\n--c\r\n", "Content-Type: message/rfc822\r\n\r\nMIME-Version: 1.0\r\n", "Content-Type: application/x\r\n"),
            One("Content-Transfer-Encoding: 8bit\r\n", "Content-Transfer-Encoding: base64\r\n", "Subject: x\r\n", "\xe9", "caf\xe9 or so\r\n", "plain text = \t\r\n", "\r", ".\r\n", "--", " "));
        piece.List[0, 25].Sample(pieces =>
        {
            string original = Mime + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + string.Concat(pieces);
            using var result = EightBitConversion.ConvertAsync(new MemoryContent(Encoding.Latin1.GetBytes(original), maxRead: 7), Options, default).AsTask().GetAwaiter().GetResult();
            if (result.Content is null) return result.Refusal is { Length: > 0 };
            string converted = TextAsync(result.Content).GetAwaiter().GetResult();
            Assert.True(Ascii.IsValid(Encoding.Latin1.GetBytes(converted)));
            Assert.True(Leaves(original).SequenceEqual(Leaves(converted)), $"{string.Join(" | ", Leaves(original))}\nbecame {string.Join(" | ", Leaves(converted))}\nin {original}\nas {converted}");
            return true;
        }, iter: 10_000);
    }

    [Fact]
    public void Quoted_printable_gives_any_bytes_back()
    {
        Gen.OneOf(Gen.Byte, Gen.Byte[97, 122], Gen.Byte[97, 122], One((byte)'\r', (byte)'\n', (byte)' ', (byte)'\t', (byte)'=')).Array[0, 300].Sample(bytes =>
        {
            var output = new System.Buffers.ArrayBufferWriter<byte>();
            var encoder = new QuotedPrintableEncoder(output);
            foreach (byte b in bytes) encoder.Encode([b]);
            encoder.Finish();
            var atOnce = new System.Buffers.ArrayBufferWriter<byte>();
            var second = new QuotedPrintableEncoder(atOnce);
            second.Encode(bytes);
            second.Finish();
            if (!output.WrittenSpan.SequenceEqual(atOnce.WrittenSpan)) return false;
            string text = Encoding.ASCII.GetString(output.WrittenSpan);
            if (text.Split("\r\n").Any(l => l.Length > 76 || l.EndsWith(' ') || l.EndsWith('\t'))) return false;
            var decoder = new MimeKit.Encodings.QuotedPrintableDecoder();
            byte[] decoded = new byte[decoder.EstimateOutputLength(output.WrittenCount)];
            int length = decoder.Decode(output.WrittenSpan.ToArray(), 0, output.WrittenCount, decoded);
            return decoded.AsSpan(0, length).SequenceEqual(bytes);
        }, iter: 5_000);
    }

    private static Gen<T> One<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static async Task<string> ConvertAsync(string original)
    {
        using var result = await EightBitConversion.ConvertAsync(new MemoryContent(original), Options, default);
        Assert.Null(result.Refusal);
        Assert.False(result.Content!.HasEightBit);
        return await TextAsync(result.Content);
    }

    private static async Task<string> TextAsync(MessageContent content)
    {
        byte[] bytes = new byte[content.Length];
        for (int at = 0; at < bytes.Length;) at += await content.ReadAsync(at, bytes.AsMemory(at), default) is > 0 and var got ? got : throw new IOException("short");
        return Encoding.Latin1.GetString(bytes);
    }

    /// <summary>What an independent reader sees: each leaf's type and decoded bytes, in order.</summary>
    private static List<string> Leaves(string message)
    {
        var leaves = new List<string>();
        using var stream = new MemoryStream(Encoding.Latin1.GetBytes(message));
        Walk(MimeMessage.Load(stream).Body, leaves);
        return leaves;
    }

    private static void Walk(MimeEntity? entity, List<string> leaves)
    {
        switch (entity)
        {
            case Multipart multipart:
                foreach (var part in multipart) Walk(part, leaves);
                break;
            case MessagePart nested:
                leaves.Add("message " + nested.Message?.Subject);
                Walk(nested.Message?.Body, leaves);
                break;
            case MimePart part:
                using (var decoded = new MemoryStream())
                {
                    part.Content?.DecodeTo(decoded);
                    leaves.Add(part.ContentType.MimeType + " " + Encoding.Latin1.GetString(decoded.ToArray()));
                }
                break;
        }
    }
}
