using Postern.Protocols.Smtp;
using static Postern.Tests.Protocols.Smtp.Server.Wire;

namespace Postern.Tests.Protocols.Smtp.Server;

public class SmtpServerSessionTests
{
    [Fact]
    public Task A_message_is_taken_without_its_stuffing() => Check(
        Open + "DATA\r\nSubject: x\r\n\r\n..dot\r\n.a\r\n...\r\n.\r\nQUIT\r\n", Opened + Go + Kept + Bye, ["Subject: x\r\n\r\n.dot\r\na\r\n..\r\n"]);

    [Fact]
    public Task An_empty_message_ends_at_once() => Check(Open + "DATA\r\n.\r\nQUIT\r\n", Opened + Go + Kept + Bye, [""]);

    [Theory]
    [InlineData("\n.\n")]
    [InlineData("\n.\r\n")]
    [InlineData("\r\n.\n")]
    [InlineData("\r.\r")]
    [InlineData("\r\n.\r")]
    [InlineData("\r.\r\n")]
    [InlineData("\r.\n")]
    [InlineData("\n.\r")]
    [InlineData("\r\n\0.\n")]
    [InlineData("\r\n.\0\n")]
    [InlineData("\r\r\n.\r\r\n")]
    public async Task Smuggled_ends_of_data_are_one_refused_message(string form)
    {
        string wire = Open + "DATA\r\na" + form + "MAIL FROM:<evil@e.test>\r\nRCPT TO:<v@d.test>\r\n\r\n.\r\nQUIT\r\n";
        await Check(wire, Opened + Go + Bare + Bye, []);
    }

    [Theory]
    [InlineData("a\n.\nb", "a\r\n.\r\nb\r\n")]
    [InlineData("a\n.\r\nb", "a\r\n.\r\nb\r\n")]
    [InlineData("a\r\n.\nb", "a\r\n.\r\nb\r\n")]
    [InlineData("a\r.\rb", "a\r\n.\r\nb\r\n")]
    [InlineData("a\r\n.\rb", "a\r\n.\r\nb\r\n")]
    [InlineData("a\rb\nc\r\r\nd", "a\r\nb\r\nc\r\n\r\nd\r\n")]
    public Task Normalised_newlines_never_end_the_data(string body, string kept) => Check(
        Open + "DATA\r\n" + body + "\r\n.\r\nQUIT\r\n", Opened + Go + Kept + Bye, [kept], WireRun.Options with { NormaliseBareNewlines = true });

    [Fact]
    public Task A_command_out_of_order_is_503() => Check(
        "MAIL FROM:<a@b.test>\r\nHELO c.test\r\nRCPT TO:<x@y.test>\r\nDATA\r\n",
        "220 mx.test ESMTP Postern\r\n503 5.5.1 Send EHLO or HELO first\r\n250 mx.test\r\n503 5.5.1 Send MAIL FROM first\r\n503 5.5.1 Send MAIL FROM first\r\n");

    [Fact]
    public Task Http_ends_the_session() => Check(
        "POST / HTTP/1.1\r\nHELO x\r\n", "220 mx.test ESMTP Postern\r\n554 5.5.0 This is a mail server and speaks SMTP, not HTTP; closing\r\n");

    [Fact]
    public Task A_tls_hello_needs_no_line_to_be_seen() => Check(
        "\u0016\u0003\u0001\u0002", "220 mx.test ESMTP Postern\r\n554 5.5.0 TLS before STARTTLS on a plaintext port: use STARTTLS, or the port with implicit TLS; closing\r\n");

    [Fact]
    public async Task Chunks_make_a_message_and_a_refused_chunk_keeps_step()
    {
        string ehlo = "220 mx.test ESMTP Postern\r\n250-mx.test\r\n250-PIPELINING\r\n250-SIZE 1048576\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n250-DSN\r\n250-ENHANCEDSTATUSCODES\r\n250-LIMITS RCPTMAX=3\r\n250 HELP\r\n";
        string open = "EHLO c.test\r\nBDAT 6 LAST\r\nQUIT\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\n";
        await Check(open + "BDAT 3\r\n.\r\nBDAT 4 LAST\r\n.\r\nxBDAT 0 LAST\r\nQUIT\r\n",
            ehlo + "503 5.5.1 Send MAIL FROM first\r\n250 2.1.0 mail\r\n250 2.1.0 rcpt\r\n250 2.0.0 Chunk taken\r\n" + Kept + "503 5.5.1 Send MAIL FROM first\r\n" + Bye, [".\r\n.\r\nx"]);
    }

    [Fact]
    public Task A_message_above_the_limit_is_swallowed_then_refused() => Check(
        Open + "DATA\r\n" + new string('a', 50) + "\r\n.\r\nQUIT\r\n", Opened + Go + "552 5.3.4 The message is larger than the SIZE that EHLO announces\r\n" + Bye, [],
        WireRun.Options with { MaxMessageBytes = 50 });

    [Fact]
    public Task Plain_with_and_without_an_initial_response() => Check(
        "HELO c\r\nAUTH PLAIN\r\n*\r\nAUTH PLAIN =\r\nAUTH PLAIN AGFwcABwdw==\r\nAUTH LOGIN\r\nQUIT\r\n",
        "220 mx.test ESMTP Postern\r\n250 mx.test\r\n334 \r\n501 5.7.0 Authentication cancelled\r\n501 5.5.2 The response is not base64, or not what the mechanism defines\r\n235 2.7.0 ok\r\n503 5.5.1 Authenticated already\r\n" + Bye,
        options: WireRun.Options with { OfferAuth = true, AuthWithoutTls = true });
}
