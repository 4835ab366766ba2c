using Postern.Protocols.Smtp;

namespace Postern.Tests.Protocols.Smtp.Server;

/// <summary>What a client says and hears in most tests, and the check of a whole session, byte for byte, fed in three ways.</summary>
internal static class Wire
{
    public const string Greeting = "220 mx.test ESMTP Postern\r\n";
    public const string Start = Greeting + "250 mx.test\r\n";
    public const string Open = "HELO c.test\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\n";
    public const string Opened = Start + MailOk + RcptOk;
    public const string Features = "250-mx.test\r\n250-PIPELINING\r\n250-SIZE 1048576\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n250-DSN\r\n250-ENHANCEDSTATUSCODES\r\n250-LIMITS RCPTMAX=3\r\n250 HELP\r\n";
    public const string OpenExtended = "EHLO c.test\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\n";
    public const string OpenedExtended = Greeting + Features + MailOk + RcptOk;
    public const string MailOk = "250 2.1.0 mail\r\n", RcptOk = "250 2.1.0 rcpt\r\n", Ok = "250 2.0.0 Ok\r\n";
    public const string Go = "354 End data with <CR><LF>.<CR><LF>\r\n", ChunkOk = "250 2.0.0 Chunk taken\r\n";
    public const string Kept = "250 2.0.0 kept\r\n", Bye = "221 2.0.0 mx.test closing\r\n";
    public const string Bare = "550 5.6.0 The message has a bare CR or LF; lines must end with CRLF (RFC 5321 section 2.3.8)\r\n";
    public const string HelloFirst = "503 5.5.1 Send EHLO or HELO first\r\n", MailFirst = "503 5.5.1 Send MAIL FROM first\r\n";
    public const string RcptFirst = "503 5.5.1 Send RCPT TO first\r\n", Nested = "503 5.5.1 A transaction is open already: finish it or send RSET\r\n";
    public const string InTransaction = "503 5.5.1 Not allowed during a transaction: finish it or send RSET\r\n";
    public const string ChunksOpen = "503 5.5.1 A message is being sent by BDAT: only BDAT or RSET may follow\r\n";
    public const string BdatSyntax = "501 5.5.4 Write BDAT <number of bytes> or BDAT <number of bytes> LAST; closing, as the chunk's end is unknown\r\n";
    public const string TooEarly = "554 5.5.0 Message data was sent before it was asked for; closing\r\n";

    public static async Task Check(string wire, string expected, string[]? bodies = null, SessionOptions? options = null, string[]? calls = null)
    {
        foreach (var (how, pieces) in WireRun.Feeds(WireRun.Bytes(wire))) await CheckOne(how, pieces, expected, bodies, options, calls);
    }

    /// <summary>For what depends on the pieces in which it comes.</summary>
    public static Task CheckPieces(string[] pieces, string expected, string[]? bodies = null, SessionOptions? options = null) =>
        CheckOne("in pieces", [.. pieces.Select(WireRun.Bytes)], expected, bodies, options, null);

    private static async Task CheckOne(string how, byte[][] pieces, string expected, string[]? bodies, SessionOptions? options, string[]? calls)
    {
        var handler = new ScriptedHandler();
        string said = await WireRun.RunAsync(pieces, handler, options);
        Assert.True(expected == said, $"{how}: expected\n{expected}\nbut was\n{said}");
        if (bodies is not null) Assert.Equal(bodies, handler.Bodies.Select(System.Text.Encoding.Latin1.GetString));
        if (calls is not null) Assert.Equal(calls, handler.Calls);
        Assert.Equal(1, handler.Calls.Count(c => c == "end"));
    }
}
