using System.Text;
using CsCheck;
using Postern.Protocols.Mail;

namespace Postern.Tests.Protocols.Mail;

public sealed class HeaderScannerTests
{
    private static readonly HeaderLimits Wide = new(1 << 20, 1000, 100);

    [Theory]
    [InlineData("Subject: x\r\nReceived: a\r\n\tb\r\nreceived : c\r\n\r\nReceived: no\r\n", 3, 2, "Subject: x\r\nReceived: a\r\n\tb\r\nreceived : c\r\n")]
    [InlineData("MESSAGE-ID: <a@b>\r\nDate: now\r\n\r\n", 2, 0, "MESSAGE-ID: <a@b>\r\nDate: now\r\n")]
    [InlineData("\r\nbody\r\n", 0, 0, "")]
    [InlineData("hello world\r\nSubject: no\r\n", 0, 0, "")]
    [InlineData("Subject: x\r\nno field here\r\nTo: y\r\n", 1, 0, "Subject: x\r\n")]
    [InlineData("From me Mon Jan  1 00:00:00 2026\r\nReceived: x\r\n\r\n", 0, 0, "")]
    [InlineData(" leading space\r\n\r\n", 0, 0, "")]
    [InlineData(": no name\r\n\r\n", 0, 0, "")]
    [InlineData("Subject: x\r\n\rnot empty\r\n", 1, 0, "Subject: x\r\n")]
    [InlineData("A:\r\nReceivedX: a\r\nReceive: b\r\nX-Received: c\r\n\r\n", 4, 0, "A:\r\nReceivedX: a\r\nReceive: b\r\nX-Received: c\r\n")]
    public void Finds_fields_and_the_end_however_the_bytes_are_cut(string message, int fields, int received, string section)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(message);
        for (int size = 1; size <= bytes.Length; size++)
        {
            var (scanner, end) = Scan(bytes, size);
            Assert.Equal(fields, scanner.Fields);
            Assert.Equal(received, scanner.Received);
            Assert.Equal(section.Length, end);
            Assert.Equal(section.Length, scanner.Bytes);
        }
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("Subject: x\r\n", true)]
    [InlineData("Subject: x", false)]
    [InlineData("Subje", false)]
    public void A_message_that_ends_within_its_header_is_told_apart(string message, bool endsWithLine)
    {
        var (scanner, end) = Scan(Encoding.Latin1.GetBytes(message), 3);
        Assert.Equal(-1, end);
        Assert.False(scanner.HasEnded);
        Assert.Equal(endsWithLine, scanner.EndsWithLine);
    }

    [Fact]
    public void Any_cutting_gives_the_same_result()
    {
        string[] parts = ["Received: x\r\n", "Subject:", "a", ":", " ", "\t", "\r\n", "\r", "\n", "Date:", "message-id: <>\r\n", "é", new string('n', 255), new string('m', 300)];
        var piece = Gen.Int[0, parts.Length - 1].Select(i => parts[i]);
        Gen.Select(piece.List[0, 12], Gen.Int[1, 40]).Sample((pieces, size) =>
        {
            byte[] bytes = Encoding.Latin1.GetBytes(string.Concat(pieces));
            var (whole, wholeEnd) = Scan(bytes, Math.Max(bytes.Length, 1));
            var (cut, cutEnd) = Scan(bytes, size);
            return (whole.Fields, whole.Received, whole.HasDate, whole.HasMessageId, whole.Bytes, whole.HasEnded, wholeEnd)
                == (cut.Fields, cut.Received, cut.HasDate, cut.HasMessageId, cut.Bytes, cut.HasEnded, cutEnd);
        });
    }

    [Fact]
    public void Limits_are_told_apart()
    {
        Assert.Equal(HeaderProblem.TooManyReceived, Scan(Repeat("Received: x\r\n", 6), 7, new HeaderLimits(1000, 100, 5)).Scanner.Problem);
        Assert.Equal(HeaderProblem.None, Scan(Repeat("Received: x\r\n", 5), 7, new HeaderLimits(1000, 100, 5)).Scanner.Problem);
        Assert.Equal(HeaderProblem.TooManyFields, Scan(Repeat("A: x\r\n", 11), 7, new HeaderLimits(1000, 10, 5)).Scanner.Problem);
        Assert.Equal(HeaderProblem.TooLarge, Scan(Repeat("A: " + new string('x', 100) + "\r\n", 10), 7, new HeaderLimits(1000, 100, 5)).Scanner.Problem);
        Assert.Equal(HeaderProblem.None, Scan(Encoding.ASCII.GetBytes("A: b\r\n\r\n" + new string('x', 5000)), 5008, new HeaderLimits(1000, 100, 5)).Scanner.Problem);
    }

    [Fact]
    public void The_first_of_two_problems_is_told_however_it_is_cut()
    {
        byte[] bytes = [.. Encoding.ASCII.GetBytes("A: " + new string('x', 1000) + "\r\n"), .. Repeat("Received: x\r\n", 6)];
        for (int size = 1; size <= bytes.Length; size++)
            Assert.Equal(HeaderProblem.TooLarge, Scan(bytes, size, new HeaderLimits(1000, 100, 5)).Scanner.Problem);
        byte[] other = [.. Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("Received: x\r\n", 6))), .. Repeat("A: " + new string('x', 1000) + "\r\n", 1)];
        for (int size = 1; size <= other.Length; size++)
            Assert.Equal(HeaderProblem.TooManyReceived, Scan(other, size, new HeaderLimits(1000, 100, 5)).Scanner.Problem);
    }

    private static byte[] Repeat(string field, int times) => Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(field, times)) + "\r\n");

    private static (HeaderScanner Scanner, int End) Scan(byte[] bytes, int size, HeaderLimits? limits = null)
    {
        var scanner = new HeaderScanner(limits ?? Wide);
        int end = -1;
        for (int at = 0; at < bytes.Length; at += size)
        {
            int undecided = scanner.UndecidedBytes;
            int found = scanner.Scan(bytes.AsSpan(at, Math.Min(size, bytes.Length - at)));
            if (found == int.MinValue) continue;
            Assert.Equal(-1, end);
            Assert.True(found >= 0 || -found == undecided);
            end = at + found;
        }
        return (scanner, end);
    }
}
