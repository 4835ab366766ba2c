using System.Text;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Protocols.Smtp.Client;

public sealed class SmtpReplyParserTests
{
    /// <summary>Fed whole, and byte by byte: then every shorter piece must ask for more.</summary>
    private static SmtpReply Parse(string wire)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(wire);
        var parser = new SmtpReplyParser();
        for (int length = 0; length < bytes.Length; length++)
            Assert.Equal(ReplyParse.NeedMore, parser.TryParse(bytes.AsSpan(0, length), out _, out _));
        Assert.Equal(ReplyParse.Complete, parser.TryParse(bytes, out var reply, out int consumed));
        Assert.Equal(bytes.Length, consumed);
        Assert.Equal(ReplyParse.Complete, new SmtpReplyParser().TryParse([.. bytes, .. "250 next\r\n"u8], out var again, out int first));
        Assert.Equal(bytes.Length, first);
        Assert.Equal(reply, again);
        return reply!;
    }

    [Theory]
    [InlineData("250 Ok\r\n", "250 Ok")]
    [InlineData("250 Ok\n", "250 Ok")]
    [InlineData("250\r\n", "250 ")]
    [InlineData("250 \r\n", "250 ")]
    [InlineData("354 go on\r\n", "354 go on")]
    [InlineData("250-a\r\n250-b\r\n250 c\r\n", "250 a b c")]
    [InlineData("250-a\n250 b\r\n", "250 a b")]
    [InlineData("250-\r\n250 \r\n", "250  ")]
    [InlineData("250-a\r\n550 b\r\n", "550 a b")]
    [InlineData("550 5.1.1 no such user\r\n", "550 5.1.1 no such user")]
    [InlineData("550-5.7.1 one\r\n550 5.7.1 two\r\n", "550 5.7.1 one two")]
    [InlineData("550-5.7.1 one\r\n550 two\r\n", "550 5.7.1 one two")]
    [InlineData("550 #5.1.1 no such user\r\n", "550 5.1.1 no such user")]
    [InlineData("550 5.1.1\r\n", "550 5.1.1 ")]
    public void A_reply_is_read_as_real_servers_write_it(string wire, string shown) => Assert.Equal(shown, Parse(wire).ToString());

    [Theory]
    [InlineData("550 2.1.0 what\r\n")]
    [InlineData("550 5.1 what\r\n")]
    [InlineData("550 5.1.1.1 what\r\n")]
    [InlineData("550 5.1.1000 what\r\n")]
    [InlineData("550 3.1.1 what\r\n")]
    [InlineData("354 5.1.1 what\r\n")]
    public void An_enhanced_code_that_does_not_agree_is_only_text(string wire)
    {
        var reply = Parse(wire);
        Assert.Null(reply.Enhanced);
        Assert.Equal(wire[4..^2], reply.Text);
    }

    [Fact]
    public void Eight_bit_text_is_UTF_8_or_else_Latin_1()
    {
        Assert.Equal("gr\u00fcezi", Parse(Encoding.Latin1.GetString(Encoding.UTF8.GetBytes("250 gr\u00fcezi\r\n"))).Text);
        Assert.Equal("gr\u00fcezi", Parse("250 gr\u00fcezi\r\n").Text);
    }

    [Fact]
    public void A_bare_CR_inside_a_line_becomes_a_space() => Assert.Equal("550 a b", Parse("550 a\rb\r\n").ToString());

    [Theory]
    [InlineData("HTTP/1.1 400 Bad Request\r\n")]
    [InlineData("SSH-2.0-x\r\n")]
    [InlineData("\x15\x03\x01\0\x02\x02\x32")]
    [InlineData("* OK IMAP4rev1\r\n")]
    [InlineData("\r\n")]
    [InlineData("\n")]
    [InlineData("25\r\n")]
    [InlineData("2500 x\r\n")]
    [InlineData("250x\r\n")]
    [InlineData("199 x\r\n")]
    [InlineData("600 x\r\n")]
    [InlineData("250-a\r\ngarbage\r\n")]
    [InlineData(" 250 x\r\n")]
    public void What_is_no_reply_is_not_SMTP(string wire) =>
        Assert.Equal(ReplyParse.NotSmtp, new SmtpReplyParser().TryParse(Encoding.Latin1.GetBytes(wire), out _, out _));

    [Theory]
    [InlineData("H")]
    [InlineData("2H")]
    [InlineData("25H")]
    [InlineData("\x16")]
    public void What_cannot_become_a_reply_is_known_without_its_line_end(string wire) =>
        Assert.Equal(ReplyParse.NotSmtp, new SmtpReplyParser().TryParse(Encoding.Latin1.GetBytes(wire), out _, out _));

    [Fact]
    public void A_reply_may_be_long_but_not_endless()
    {
        string line = "250-" + new string('x', 506) + "\r\n";
        Assert.Equal(30, Parse(string.Concat(Enumerable.Repeat(line, 29)) + "250 x\r\n").Lines.Count);
        foreach (string endless in (string[])[string.Concat(Enumerable.Repeat(line, 33)), "250 " + new string('x', 20_000)])
            Assert.Equal(ReplyParse.NotSmtp, new SmtpReplyParser().TryParse(Encoding.Latin1.GetBytes(endless), out _, out _));
    }
}
