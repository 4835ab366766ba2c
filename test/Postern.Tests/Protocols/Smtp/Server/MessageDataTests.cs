using Postern.Protocols.Smtp;
using static Postern.Tests.Protocols.Smtp.Server.Wire;

namespace Postern.Tests.Protocols.Smtp.Server;

public class MessageDataTests
{
    private const string TooBig = "552 5.3.4 The message is larger than the SIZE that EHLO announces\r\n", LongLine = "554 5.6.0 A line of the message is too long\r\n";
    private const string NoArgument = "501 5.5.4 This command takes no argument\r\n";

    [Fact]
    public async Task Every_byte_value_but_bare_newlines_passes()
    {
        string all = string.Concat(Enumerable.Range(0, 256).Select(i => (char)i).Where(c => c is not ('\r' or '\n'))) + "\r\n\r\n\r\n";
        await Check(Open + "DATA\r\n" + all + ".\r\nQUIT\r\n", Opened + Go + Kept + Bye, [all]);
    }

    [Theory]
    [InlineData("..\r\n", ".\r\n")]
    [InlineData("...\r\n", "..\r\n")]
    [InlineData(".a\r\n..b\r\na.\r\n", "a\r\n.b\r\na.\r\n")]
    [InlineData("a\r\n..\r\n\r\n..", "a\r\n.\r\n\r\n.\r\n")]
    [InlineData("\r\n.. \r\n. \r\n", "\r\n. \r\n \r\n")]
    public Task Dots_are_unstuffed_at_line_starts_only(string sent, string kept) => Check(
        Open + "DATA\r\n" + sent + (sent.EndsWith('\n') ? "" : "\r\n") + ".\r\nQUIT\r\n", Opened + Go + Kept + Bye, [kept]);

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public async Task Size_and_lines_are_limited_to_the_byte(int more, bool good)
    {
        string line = new('a', 1998 + more), body = new string('a', 98 + more) + "\r\n";
        await Check(Open + "DATA\r\nx\r\n" + line + "\r\nx\r\n.\r\nQUIT\r\n", Opened + Go + (good ? Kept : LongLine) + Bye, good ? ["x\r\n" + line + "\r\nx\r\n"] : []);
        await Check(Open + "DATA\r\n" + body + ".\r\nQUIT\r\n", Opened + Go + (good ? Kept : TooBig) + Bye, good ? [body] : [], WireRun.Options with { MaxMessageBytes = 100 });
    }

    [Fact]
    public Task A_message_broken_off_is_abandoned() => Check(
        Open + "DATA\r\nSubject: x\r\n\r\nbody\r\n.", Opened + Go, [], calls: ["mail a@b.test", "rcpt c@d.test", "abandon", "reset", "end"]);

    [Fact]
    public Task A_refused_message_leaves_the_session_good_for_the_next() => Check(
        Open + "DATA\r\na\nb\r\n.\r\nDATA\r\n", Opened + Go + Bare + MailFirst, [], calls: ["mail a@b.test", "rcpt c@d.test", "abandon", "reset", "end"]);

    [Theory]
    [InlineData("HELO c.test\r\nDATA\r\n", Start + MailFirst)]
    [InlineData("HELO c.test\r\nMAIL FROM:<a@b.test>\r\nDATA\r\n", Start + MailOk + RcptFirst)]
    [InlineData("HELO c.test\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<no@d.test>\r\nDATA\r\n", Start + MailOk + "550 5.1.1 no\r\n554 5.5.1 No valid recipients\r\n")]
    [InlineData(Open + "DATA now\r\n", Opened + NoArgument)]
    [InlineData("DATA\r\n", Greeting + HelloFirst)]
    public async Task Data_sent_without_waiting_for_354_are_never_read_as_commands(string open, string expected)
    {
        await CheckPieces([open + "Subject: x\r\n\r\nMAIL FROM:<evil@e.test>\r\nRCPT TO:<v@d.test>\r\n.\r\nQUIT\r\n"], expected + TooEarly, []);
        await CheckPieces([open, "NOOP\r\n"], expected + Ok, []);
    }

    [Fact]
    public async Task Data_behind_a_refusal_by_the_relay_are_never_read_as_commands()
    {
        var handler = new ScriptedHandler { DataRefusal = SmtpReply.Of(452, "4.3.1", "full") };
        string said = await WireRun.RunAsync([WireRun.Bytes(Open + "DATA\r\nx\r\nNOOP\r\n.\r\n")], handler);
        Assert.Equal(Opened + "452 4.3.1 full\r\n" + TooEarly, said);
        said = await WireRun.RunAsync([WireRun.Bytes(Open + "DATA\r\n"), WireRun.Bytes("NOOP\r\nRCPT TO:<x@y.test>\r\n")], handler);
        Assert.Equal(Opened + "452 4.3.1 full\r\n" + Ok + MailFirst, said);
    }
}
