using Postern.Protocols.Smtp;
using static Postern.Tests.Protocols.Smtp.Server.Wire;

namespace Postern.Tests.Protocols.Smtp.Server;

/// <summary>BDAT (RFC 3030).</summary>
public class ChunkTests
{
    private const string TooBig = "552 5.3.4 The message is larger than the SIZE that EHLO announces\r\n";

    [Theory]
    [InlineData("BDAT 0 LAST\r\n", Kept, "")]
    [InlineData("bdat 3  last \r\nabc", Kept, "abc")]
    [InlineData("BDAT 0\r\nBDAT 4\r\n.\r\n.BDAT 0\r\nBDAT 3\r\n\r\n.BDAT 0 LAST\r\n", ChunkOk + ChunkOk + ChunkOk + ChunkOk + Kept, ".\r\n.\r\n.")]
    [InlineData("BDAT 2\r\na\rBDAT 2 LAST\r\n\nb", ChunkOk + Kept, "a\r\nb")]
    [InlineData("BDAT 9 LAST\r\n\0\u00ff..QUIT\r", Bare, null)]
    [InlineData("BDAT 00005 LAST\r\nQUIT\r", Bare, null)]
    [InlineData("BDAT 6 LAST\r\nQUIT\r\n", Kept, "QUIT\r\n")]
    public Task Chunks_are_joined_as_they_are(string chunks, string replies, string? body) => Check(
        OpenExtended + chunks + "QUIT\r\n", OpenedExtended + replies + Bye, body is null ? [] : [body]);

    [Theory]
    [InlineData("BDAT 3\r\na\nbBDAT 1 LAST\r\nc", Bare + MailFirst)]
    [InlineData("BDAT 2\r\na\rBDAT 1 LAST\r\nb", ChunkOk + Bare)]
    [InlineData("BDAT 2 LAST\r\na\r", Bare)]
    [InlineData("BDAT 1\r\n\rBDAT 0 LAST\r\n", ChunkOk + Bare)]
    public Task A_bare_newline_in_chunks_is_refused_also_at_their_very_end(string chunks, string replies) => Check(
        OpenExtended + chunks + "QUIT\r\n", OpenedExtended + replies + Bye, [], calls: ["mail a@b.test", "rcpt c@d.test", "abandon", "reset", "end"]);

    [Fact]
    public Task A_bare_newline_in_chunks_is_normalised_where_configured() => Check(
        OpenExtended + "BDAT 4\r\na\n\rbBDAT 2 LAST\r\nc\rQUIT\r\n", OpenedExtended + ChunkOk + Kept + Bye, ["a\r\n\r\nbc\r\n"], WireRun.Options with { NormaliseBareNewlines = true });

    [Fact]
    public async Task Chunks_count_together_towards_the_size()
    {
        var options = WireRun.Options with { MaxMessageBytes = 5 };
        string opened = OpenedExtended.Replace("1048576", "5", StringComparison.Ordinal);
        await Check(OpenExtended + "BDAT 3\r\nabcBDAT 2 LAST\r\ndeQUIT\r\n", opened + ChunkOk + Kept + Bye, ["abcde"], options);
        await Check(OpenExtended + "BDAT 3\r\nabcBDAT 3 LAST\r\ndefQUIT\r\n", opened + ChunkOk + TooBig + Bye, [], options);
        await Check(OpenExtended + "BDAT 6\r\nQUIT\r\nBDAT 1 LAST\r\nxQUIT\r\n", opened + TooBig + MailFirst + Bye, [], options);
        await Check(OpenExtended + "BDAT 999999999999999999\r\n" + new string('x', 5000), opened, [], options);
    }

    [Theory]
    [InlineData("BDAT 6\r\nQUIT\r\n", MailFirst)]
    [InlineData("MAIL FROM:<a@b.test>\r\nBDAT 6 LAST\r\nQUIT\r\n", MailOk + RcptFirst)]
    [InlineData("MAIL FROM:<a@b.test>\r\nRCPT TO:<no@d.test>\r\nBDAT 6\r\nQUIT\r\nBDAT 6 LAST\r\nQUIT\r\n", MailOk + "550 5.1.1 no\r\n554 5.5.1 No valid recipients\r\n554 5.5.1 No valid recipients\r\n")]
    public Task The_octets_of_a_refused_chunk_are_never_commands(string wire, string replies) =>
        Check("EHLO c.test\r\n" + wire + "NOOP\r\n", Greeting + Features + replies + Ok, []);

    [Fact]
    public Task A_client_that_said_HELO_has_no_chunks() => Check(Open + "BDAT 6\r\nQUIT\r\nNOOP\r\n", Opened + HelloFirst + Ok, []);

    [Theory]
    [InlineData("BDAT")]
    [InlineData("BDAT LAST")]
    [InlineData("BDAT x LAST")]
    [InlineData("BDAT -1")]
    [InlineData("BDAT +1")]
    [InlineData("BDAT 1.5")]
    [InlineData("BDAT 0x10")]
    [InlineData("BDAT 6 FIRST")]
    [InlineData("BDAT 6 LAST LAST")]
    [InlineData("BDAT 1000000000000000000")]
    [InlineData("BDAT 6\u0001")]
    [InlineData("BDAT 6 \u00e9")]
    public async Task Where_a_chunk_of_unknown_length_begins_the_session_ends(string command)
    {
        await Check(OpenExtended + command + "\r\nQUIT\r\n", OpenedExtended + BdatSyntax, []);
        await Check("EHLO c.test\r\n" + command + "\r\nQUIT\r\n", Greeting + Features + BdatSyntax, []);
    }

    [Fact]
    public async Task A_BDAT_whose_line_is_refused_ends_the_session_too()
    {
        await Check(OpenExtended + "BDAT 6 LAST\nQUIT\r\n", OpenedExtended + BdatSyntax, []);
        await Check(OpenExtended + "BDAT 6 " + new string(' ', 3000) + "LAST\r\nQUIT\r\n", OpenedExtended + BdatSyntax, []);
    }

    [Fact]
    public Task Between_chunks_only_BDAT_or_the_end_of_it_may_come() => Check(
        OpenExtended + "BDAT 1\r\nxMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nNOOP\r\nSTARTTLS\r\nBDAT 1\r\nyRSET\r\nBDAT 1 LAST\r\nzDATA\r\n",
        OpenedExtended + ChunkOk + ChunksOpen + ChunksOpen + Ok + InTransaction + ChunkOk + Ok + MailFirst + MailFirst, [],
        calls: ["mail a@b.test", "rcpt c@d.test", "abandon", "reset", "end"]);

    [Fact]
    public Task DATA_cannot_end_what_BDAT_began() => Check(OpenExtended + "BDAT 1\r\nxDATA\r\n", OpenedExtended + ChunkOk + ChunksOpen, []);

    [Fact]
    public Task DATA_and_BDAT_may_alternate_between_messages() => Check(
        OpenExtended + "DATA\r\nx\r\n.\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nBDAT 1 LAST\r\nyMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n.\r\n",
        OpenedExtended + Go + Kept + MailOk + RcptOk + Kept + MailOk + RcptOk + Go + Kept, ["x\r\n", "y", ""]);

    [Fact]
    public async Task Binary_bodies_have_no_rules_for_lines_and_need_BDAT()
    {
        var options = WireRun.Options with { OfferBinaryMime = true };
        string features = Features.Replace("250-DSN", "250-BINARYMIME\r\n250-DSN", StringComparison.Ordinal);
        const string open = "EHLO c.test\r\nMAIL FROM:<a@b.test> BODY=BINARYMIME\r\nRCPT TO:<c@d.test>\r\n";
        string body = "\0\r\n.\r\n\n\r" + new string('x', 3000) + "\r";
        await Check(open + $"BDAT {body.Length} LAST\r\n{body}MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nBDAT 1 LAST\r\n\n",
            Greeting + features + MailOk + RcptOk + Kept + MailOk + RcptOk + Bare, [body], options);
        await Check(open + "DATA\r\n", Greeting + features + MailOk + RcptOk + "503 5.5.1 BODY=BINARYMIME needs BDAT, not DATA\r\n", [], options);
    }

    [Fact]
    public async Task A_chunk_refused_by_the_relay_is_swallowed_and_the_rest_of_its_message_too()
    {
        foreach (var (how, pieces) in WireRun.Feeds(WireRun.Bytes(OpenExtended + "BDAT 6\r\nQUIT\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n")))
        {
            string said = await WireRun.RunAsync(pieces, new ScriptedHandler { DataRefusal = SmtpReply.Of(452, "4.3.1", "full") });
            Assert.True(OpenedExtended + "452 4.3.1 full\r\n" + MailFirst + Ok == said, how + said);
        }
    }
}
