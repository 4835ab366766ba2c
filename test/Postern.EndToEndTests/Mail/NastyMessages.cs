using System.Text;

namespace Postern.EndToEndTests.Mail;

/// <summary>Messages that relays have been known to damage. CRLF line ends; each has a Subject that says what it is.</summary>
internal static class NastyMessages
{
    public const string EightBit = "eight-bit", LongLines = "long-lines", Dots = "dots", OddHeaders = "odd-headers", NoBody = "no-body", OnlyLineEnds = "only-line-ends", TrailingSpace = "trailing-space";

    /// <summary>Those that every client program can be made to send.</summary>
    public static readonly string[] ForPrograms = [EightBit, LongLines, Dots, OddHeaders, TrailingSpace];

    public static readonly string[] All = [EightBit, LongLines, Dots, OddHeaders, TrailingSpace, NoBody, OnlyLineEnds];

    public static byte[] Make(string name) => [.. Header(name), .. Body(name)];

    private static byte[] Header(string name) =>
        Encoding.ASCII.GetBytes($"From: <a@example.test>\r\nTo: <b@example.test>\r\nSubject: {name}\r\nMessage-ID: <{name}@example.test>\r\nDate: Tue, 01 Jan 2030 00:00:00 +0000\r\n");

    private static byte[] Body(string name) => name switch
    {
        EightBit => [.. "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"u8, .. AllHighBytes()],
        LongLines => Encoding.ASCII.GetBytes($"\r\n{new string('x', 998)}\r\n{new string('y', 999)}\r\n{new string('z', 4096)}\r\nend\r\n"),
        Dots => "\r\n.\r\n..\r\n...\r\n.a\r\na.\r\n. \r\n..b\r\n\r\n.\r\n\r\n.\r\nend\r\n"u8.ToArray(),
        OddHeaders => "X-Folded: one\r\n\ttwo\r\n  three\r\nX-Empty:\r\nx-lower:no space\r\nReceived: from an.earlier.hop.test by b.test; Tue, 01 Jan 2030 00:00:00 +0000\r\nReceived: from a.test by an.earlier.hop.test;\r\n Tue, 01 Jan 2030 00:00:00 +0000\r\n\r\nbody\r\n"u8.ToArray(),
        TrailingSpace => "\r\nends in a space \r\nends in a tab\t\r\n   \r\n\t\r\nlast \r\n"u8.ToArray(),
        NoBody => [],
        OnlyLineEnds => "\r\n\r\n\r\n\r\n"u8.ToArray(),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, null),
    };

    /// <summary>Text in UTF-8, then every byte from 128 on by itself, which is no UTF-8.</summary>
    private static byte[] AllHighBytes() => [.. "Grüße, 你好, здравствуйте\r\n"u8, .. Enumerable.Range(128, 128).Select(b => (byte)b), (byte)'\r', (byte)'\n'];

    /// <summary>Text of that many bytes that compresses badly and has dots at line beginnings; without what swaks would take for a token of its own (\n, %DATE%).</summary>
    public static byte[] Large(int bytes)
    {
        var random = new Random(25);
        byte[] message = new byte[bytes];
        byte[] header = [.. Header("large"), (byte)'\r', (byte)'\n'];
        random.NextBytes(message);
        for (int i = 0; i < message.Length; i++)
        {
            message[i] = (byte)(33 + message[i] % 94);
            if (message[i] is (byte)'\\' or (byte)'%') message[i] = (byte)'x';
        }
        for (int i = header.Length; i + 78 < message.Length; i += 78)
        {
            message[i + 76] = (byte)'\r';
            message[i + 77] = (byte)'\n';
            if (random.Next(20) == 0) message[i] = (byte)'.';
        }
        header.CopyTo(message, 0);
        message[^2] = (byte)'\r';
        message[^1] = (byte)'\n';
        return message;
    }

    /// <summary>As a server keeps it that has lines end in LF.</summary>
    public static byte[] WithLf(ReadOnlySpan<byte> message) => Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(message).Replace("\r\n", "\n", StringComparison.Ordinal));
}
