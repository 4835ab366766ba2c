using Postern.Lab.Messages;
using Postern.Protocols.Mail;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Mail;

public sealed class Utf8DowngradeTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("bob@example.org", "bob@example.org")]
    [InlineData("Bob@Bücher.example", "Bob@xn--bcher-kva.example")]
    [InlineData("a@straße.example", "a@xn--strae-oqa.example")]
    [InlineData("a@BÜCHER.example", "a@xn--bcher-kva.example")]
    [InlineData("a@例え。test", "a@xn--r8jz45g.test")]
    [InlineData("a@παράδειγμα.test", "a@xn--hxajbheg2az3al.test")]
    [InlineData("élise@example.org", null)]          // local part: only SMTPUTF8 can carry it
    [InlineData("a@bu\u0308cher.example", null)]     // not normalised: not guessed at
    [InlineData("a@ｅxample.org", null)]             // full-width
    [InlineData("a@b ü.example", null)]
    public void Domain_alone_is_written_with_a_labels(string address, string? expected) => Assert.Equal(expected, Utf8Downgrade.ToAscii(address));

    [Fact]
    public async Task Envelope_is_downgraded_where_nothing_is_lost_and_says_what_stands_against_it()
    {
        var mail = new MailCommand(new MailPath("a@bücher.example"), BodyType.EightBitMime, SmtpUtf8: true);
        RcptCommand[] recipients = [new(new MailPath("ok@bücher.example")), new(new MailPath("用户@example.org"))];
        var plain = await Utf8Downgrade.ForAsync(mail, recipients, new MemoryContent("Subject: x\r\n\r\n\xc3\xa9\r\n"), default);
        Assert.Equal(mail with { From = new MailPath("a@xn--bcher-kva.example"), SmtpUtf8 = false }, plain.Mail);
        Assert.Equal("ok@xn--bcher-kva.example", plain.Recipients[0]!.To.Address);
        Assert.Null(plain.Recipients[1]);
        Assert.Equal("the message has headers with characters outside ASCII", (await Utf8Downgrade.ForAsync(mail, recipients, new MemoryContent("Subject: \xc3\xa9\r\n\r\nx"), default)).Refusal);
        Assert.Equal("the sender's address has characters outside ASCII before the @", (await Utf8Downgrade.ForAsync(mail with { From = new MailPath("é@example.org") }, recipients, new MemoryContent("x"), default)).Refusal);
    }
}
