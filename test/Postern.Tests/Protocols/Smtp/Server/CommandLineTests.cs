using Postern.Protocols.Smtp;
using static Postern.Tests.Protocols.Smtp.Server.Wire;

namespace Postern.Tests.Protocols.Smtp.Server;

public class CommandLineTests
{
    private const string Unknown = "500 5.5.2 Command not recognised; HELP lists what is\r\n", TooLong = "500 5.5.2 Command line too long\r\n";
    private const string BareLf = "500 5.5.2 A command must end with CRLF, not with a bare LF\r\n";
    private const string NotText = "501 5.5.2 Control characters, or bytes that are not UTF-8, are not allowed in a command\r\n";
    private const string Binary = "554 5.5.0 That is no SMTP command but binary data; closing\r\n";
    private const string TooMany = "421 4.7.0 Too many errors; closing\r\n";

    [Theory]
    [InlineData(512)]
    [InlineData(2048)]
    public async Task A_line_may_have_just_as_many_bytes_as_the_limit(int limit)
    {
        var options = WireRun.Options with { MaxCommandBytes = limit };
        string fits = "NOOP " + new string('x', limit - 7) + "\r\n";
        await Check(fits + "NOOP x" + fits[5..] + "NOOP\r\n", Greeting + Ok + TooLong + Ok, options: options);
    }

    [Theory]
    [InlineData(12_287)]
    [InlineData(12_289)]
    [InlineData(100_000)]
    public Task A_line_of_any_length_is_one_error_and_the_next_one_is_read(int length) =>
        Check(new string('x', length) + "\r\nNOOP\r\n", Greeting + TooLong + Ok);

    [Fact]
    public Task A_bare_LF_ends_a_command_only_when_it_is_normalised() => Check(
        "HELO c.test\nNOOP\r\n\nNOOP\n", Greeting + BareLf + Ok + BareLf + BareLf);

    [Fact]
    public Task Old_devices_may_end_commands_with_LF() => Check(
        "HELO c.test\nNOOP\r\nQUIT\n", Start + Ok + Bye, options: WireRun.Options with { NormaliseBareNewlines = true });

    [Theory]
    [InlineData("NOOP\rNOOP\r\n", NotText)]
    [InlineData("NOOP\0\r\n", NotText)]
    [InlineData("NOOP\tx\r\n", NotText)]
    [InlineData("\tNOOP\r\n", NotText)]
    [InlineData("NOOP \u007f\r\n", NotText)]
    [InlineData("NOOP \u00e9\r\n", NotText)]
    [InlineData("NOOP \u00c2\u0085\r\n", NotText)]
    [InlineData("NOOP \u00c3\u00a9\r\n", Ok)]
    [InlineData("\r\n", Unknown)]
    [InlineData(" NOOP\r\n", Unknown)]
    [InlineData("NOOPS\r\n", Unknown)]
    [InlineData("NOO\r\n", Unknown)]
    [InlineData("MAIL\r\n", "501 5.5.4 Write MAIL FROM:<address>\r\n")]
    public Task Odd_lines_have_one_reply_and_leave_the_session_whole(string line, string reply) =>
        Check("HELO c.test\r\n" + line + "NOOP\r\nQUIT\r\n", Start + reply + Ok + Bye);

    [Theory]
    [InlineData("\0\0\0\u0008HELO")]
    [InlineData("\u0080\u0001")]
    public Task Binary_protocols_are_told_and_closed(string bytes) => Check(bytes, Greeting + Binary);

    [Theory]
    [InlineData("GET / HTTP/1.1")]
    [InlineData("post /api HTTP/1.0")]
    [InlineData("PUT / HTTP/1.1")]
    [InlineData("CONNECT mx.test:25 HTTP/1.1")]
    public Task Http_is_told_and_closed(string line) => Check(
        line + "\r\nHost: mx.test\r\n\r\nMAIL FROM:<a@b.test>\r\n", Greeting + "554 5.5.0 This is a mail server and speaks SMTP, not HTTP; closing\r\n");

    [Fact]
    public Task Too_many_errors_end_the_session() => Check(
        "X\r\nX\r\nX\r\nNOOP\r\n", Greeting + Unknown + Unknown + Unknown + TooMany, options: WireRun.Options with { MaxErrors = 3 });

    [Fact]
    public Task Every_kind_of_5xx_counts_and_an_accepted_message_sets_the_count_back() => Check(
        "X\r\nHELO\r\n" + Open + "DATA\r\n.\r\nDATA\r\n", Greeting + Unknown + "501 5.5.4 Give your host name or address literal, for example EHLO mail.example.com or EHLO [192.0.2.1]\r\n"
        + "250 mx.test\r\n" + MailOk + RcptOk + Go + Kept + MailFirst, [""], WireRun.Options with { MaxErrors = 3 });

    [Fact]
    public Task Refused_recipients_count_as_errors() => Check(
        "HELO c.test\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<no@d.test>\r\nRCPT TO:<no2@d.test>\r\nRCPT TO:<c@d.test>\r\n",
        Start + MailOk + "550 5.1.1 no\r\n550 5.1.1 no\r\n" + TooMany, [], WireRun.Options with { MaxErrors = 2 });

    [Fact]
    public Task Recipients_above_the_limit_wait_for_another_transaction() => Check(
        Open + "RCPT TO:<no@d.test>\r\nRCPT TO:<2@d.test>\r\nRCPT TO:<3@d.test>\r\nRCPT TO:<4@d.test>\r\nDATA\r\n.\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<4@d.test>\r\nQUIT\r\n",
        Opened + "550 5.1.1 no\r\n" + RcptOk + RcptOk + "452 4.5.3 Too many recipients for one message; send the others in another transaction\r\n" + Go + Kept + MailOk + RcptOk + Bye, [""]);

    [Fact]
    public Task Messages_above_the_limit_of_a_session_wait_for_another_session() => Check(
        Open + "DATA\r\n.\r\n" + "MAIL FROM:<a@b.test>\r\nNOOP\r\n",
        Opened + Go + Kept + "421 4.7.0 Too many messages in one session; connect again\r\n", [""], WireRun.Options with { MaxMessagesPerSession = 1 });

    [Fact]
    public async Task Replies_are_gathered_and_go_out_when_the_input_is_empty()
    {
        var stream = new ScriptStream([WireRun.Bytes(OpenExtended + "RCPT TO:<e@d.test>\r\nDA"), WireRun.Bytes("TA\r\n"), WireRun.Bytes("x\r\n.\r\nNOOP\r\nQUIT\r\nNOOP\r\n")]);
        await new SmtpServerSession(stream, WireRun.Context(), WireRun.Options, new ScriptedHandler(), TimeProvider.System).RunAsync(default);
        Assert.Equal([Greeting, Features + MailOk + RcptOk + RcptOk, Go, Kept + Ok + Bye], stream.Writes);
    }
}
