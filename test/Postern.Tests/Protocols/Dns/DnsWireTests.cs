using System.Buffers.Binary;
using System.Text;
using CsCheck;
using Postern.Protocols.Dns;

namespace Postern.Tests.Protocols.Dns;

public sealed class DnsWireTests
{
    private static readonly byte[] Query = DnsWire.Query(0x1234, "a.test", 15, checkingDisabled: true);

    [Fact]
    public void A_question_is_these_bytes()
    {
        Assert.Equal("1234 0110 0001 0000 0000 0001 0161 0474657374 00 000f 0001 00 0029 04d0 00000000 0000".Replace(" ", "", StringComparison.Ordinal), Convert.ToHexStringLower(Query));
        Assert.Equal("0100", Convert.ToHexStringLower(DnsWire.Query(1, "a.test", 15, checkingDisabled: false).AsSpan(2, 2)));
        Assert.Equal("0161047465737400000f0001", Convert.ToHexStringLower(DnsWire.QuestionOf(Query).Span));
    }

    /// <summary>A reply to <see cref="Query"/> with one MX record by a compressed name, and OPT with the errors given.</summary>
    internal static byte[] Reply(byte[] query, int code, int answers, params (int Code, string Text)[] errors)
    {
        var reply = new List<byte>(query[..2]);
        reply.AddRange([0x81, (byte)(0x80 | code), 0, 1, 0, (byte)answers, 0, 0, 0, 1]);
        reply.AddRange(DnsWire.QuestionOf(query).ToArray());
        for (int i = 0; i < answers; i++) reply.AddRange([0xc0, 0x0c, 0, 15, 0, 1, 0, 0, 1, 0x2c, 0, 4, 0, 10, 0xc0, 0x0c]);
        byte[] options = [.. errors.SelectMany(e => (byte[])[0, 15, .. Two(2 + e.Text.Length), .. Two(e.Code), .. Encoding.UTF8.GetBytes(e.Text)])];
        reply.AddRange([0, 0, 41, 4, 0xd0, 0, 0, 0, 0, .. Two(options.Length), .. options]);
        return [.. reply];
    }

    private static byte[] Two(int value)
    {
        byte[] bytes = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)value);
        return bytes;
    }

    [Fact]
    public void A_reply_gives_its_code_and_its_extended_errors()
    {
        var reply = DnsWire.Parse(Reply(Query, 2, 1, (7, "signature of a.test\tover"), (22, "")))!;
        Assert.Equal((0x1234, 2, 1, false), (reply.Id, reply.Code, reply.Answers, reply.IsTruncated));
        Assert.Equal("EDE 7 signature expired: signature of a.test?over; EDE 22 no reachable authority", string.Join("; ", reply.Errors));
        Assert.Equal([true, false], reply.Errors.Select(e => e.IsBogus));
        Assert.True(DnsExchange.IsAnswer(reply, Query));
        Assert.False(DnsExchange.IsAnswer(reply, DnsWire.Query(0x1235, "a.test", 15, true)));
        Assert.False(DnsExchange.IsAnswer(reply, DnsWire.Query(0x1234, "b.test", 15, true)));
        Assert.True(DnsExchange.IsAnswer(reply, DnsWire.Query(0x1234, "A.TEST", 15, true)));
        Assert.False(DnsExchange.IsAnswer(reply, DnsWire.Query(0x1234, "a.test", 1, true)));
    }

    [Fact]
    public void The_upper_bits_of_the_code_are_in_the_options()
    {
        byte[] bytes = Reply(Query, 0, 0);
        bytes[^6] = 1; // BADVERS is 16
        Assert.Equal(16, DnsWire.Parse(bytes)!.Code);
    }

    [Fact]
    public void A_reply_cut_off_anywhere_is_none()
    {
        byte[] whole = Reply(Query, 2, 1, (6, "bogus"));
        for (int length = 0; length < whole.Length; length++) Assert.Null(DnsWire.Parse(whole.AsMemory(0, length)));
        whole[2] |= 0x02; // TC: then what is there counts
        Assert.Equal(2, DnsWire.Parse(whole.AsMemory(0, whole.Length - 1))!.Code);
    }

    [Fact]
    public void Any_bytes_are_read_without_an_exception() =>
        Gen.Byte.Array[0, 200].Sample(bytes =>
        {
            byte[] message = [0x12, 0x34, 0x81, 0x82, 0, 1, 0, 2, 0, 0, 0, 1, .. bytes];
            var reply = DnsWire.Parse(message);
            if (reply is not null) Assert.True(reply.Errors.Count <= 4 && reply.Errors.All(e => e.Text.Length <= 200));
        });
}
