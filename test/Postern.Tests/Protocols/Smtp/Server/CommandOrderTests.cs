using Postern.Protocols.Smtp;
using Postern.Protocols.Tls;
using static Postern.Tests.Protocols.Smtp.Server.Wire;

namespace Postern.Tests.Protocols.Smtp.Server;

public class CommandOrderTests
{
    private const string Vrfy = "252 2.5.2 Cannot VRFY user, but will take mail for it and try to deliver\r\n";
    private const string Help = "214-2.0.0 HELO EHLO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT STARTTLS AUTH\r\n214 2.0.0 See RFC 5321\r\n";
    private const string NotHere = "502 5.5.1 Command not implemented\r\n";

    [Theory]
    [InlineData("MAIL FROM:<a@b.test>", HelloFirst)]
    [InlineData("RCPT TO:<a@b.test>", HelloFirst)]
    [InlineData("DATA", HelloFirst)]
    [InlineData("BDAT 0 LAST", HelloFirst)]
    [InlineData("STARTTLS", HelloFirst)]
    [InlineData("AUTH PLAIN AGFwcABwdw==", HelloFirst)]
    [InlineData("RSET", Ok)]
    [InlineData("NOOP", Ok)]
    [InlineData("NOOP with any words", Ok)]
    [InlineData("HELP", Help)]
    [InlineData("HELP MAIL", Help)]
    [InlineData("VRFY someone", Vrfy)]
    [InlineData("VRFY", "501 5.5.4 This command needs an argument\r\n")]
    [InlineData("EXPN list", NotHere)]
    [InlineData("ETRN example.org", NotHere)]
    [InlineData("TURN", NotHere)]
    [InlineData("LHLO c.test", "500 5.5.2 Command not recognised; HELP lists what is\r\n")]
    [InlineData("XCLIENT ADDR=192.0.2.1", "500 5.5.2 Command not recognised; HELP lists what is\r\n")]
    [InlineData("RSET now", "501 5.5.4 This command takes no argument\r\n")]
    [InlineData("QUIT now", "501 5.5.4 This command takes no argument\r\n")]
    public async Task What_may_be_said_before_a_hello(string command, string reply)
    {
        var options = WireRun.Options with { OfferAuth = true, AuthWithoutTls = true, OfferStartTls = true };
        await Check(command + "\r\n", Greeting + reply, [], options);
        await Check(command.ToLowerInvariant() + " \r\n", Greeting + reply, [], options);
    }

    [Fact]
    public Task Within_a_transaction_only_its_own_commands_move_it() => Check(
        "EHLO c.test\r\nMAIL FROM:<a@b.test>\r\nMAIL FROM:<x@b.test>\r\nSTARTTLS\r\nAUTH PLAIN AGFwcABwdw==\r\nNOOP\r\nRCPT TO:<c@d.test>\r\nMAIL FROM:<x@b.test>\r\nAUTH LOGIN\r\nVRFY x\r\nDATA\r\nx\r\n.\r\nRCPT TO:<c@d.test>\r\nQUIT\r\n",
        Greeting + Features.Replace("250 HELP", "250-STARTTLS\r\n250-AUTH PLAIN LOGIN\r\n250 HELP", StringComparison.Ordinal)
        + MailOk + Nested + InTransaction + InTransaction + Ok + RcptOk + Nested + InTransaction + Vrfy + Go + Kept + MailFirst + Bye,
        ["x\r\n"], WireRun.Options with { OfferAuth = true, AuthWithoutTls = true, OfferStartTls = true }, ["mail a@b.test", "rcpt c@d.test", "end"]);

    [Theory]
    [InlineData("DATA")]
    [InlineData("BDAT 0 LAST")]
    public async Task Without_a_recipient_there_is_no_message(string command)
    {
        const string open = "EHLO c.test\r\nMAIL FROM:<a@b.test>\r\n";
        await Check(open + command + "\r\n", Greeting + Features + MailOk + RcptFirst, []);
        await Check(open + "RCPT TO:<no@d.test>\r\n" + command + "\r\n", Greeting + Features + MailOk + "550 5.1.1 no\r\n554 5.5.1 No valid recipients\r\n", []);
        await Check(open + "RCPT TO:<no@d.test>\r\nRCPT TO:<c@d.test>\r\nBDAT 0 LAST\r\nQUIT\r\n", Greeting + Features + MailOk + "550 5.1.1 no\r\n" + RcptOk + Kept + Bye, [""]);
    }

    [Theory]
    [InlineData("RSET", Ok)]
    [InlineData("HELO d.test", "250 mx.test\r\n")]
    [InlineData("EHLO d.test", Features)]
    public Task A_reset_or_a_second_hello_drops_the_transaction(string command, string reply) => Check(
        OpenExtended + command + "\r\nRCPT TO:<c@d.test>\r\nMAIL FROM:<a@b.test>\r\nRSET\r\nRSET\r\nQUIT\r\n",
        OpenedExtended + reply + MailFirst + MailOk + Ok + Ok + Bye, [], calls: ["mail a@b.test", "rcpt c@d.test", "reset", "mail a@b.test", "reset", "end"]);

    [Fact]
    public Task A_refused_sender_opens_nothing() => Check(
        "HELO c.test\r\nMAIL FROM:<no@b.test>\r\nRCPT TO:<c@d.test>\r\nQUIT\r\n", Start + "550 5.1.1 no\r\n" + MailFirst + Bye);

    [Theory]
    [InlineData("c.test", true)]
    [InlineData("[192.0.2.1]", true)]
    [InlineData("[IPv6:2001:db8::1]", true)]
    [InlineData("my_pc", true)]
    [InlineData("-", true)]
    [InlineData("", false)]
    [InlineData("two words", true)]
    [InlineData("a(b;<c>@\"d\\", true)]
    [InlineData("\u00c3\u00bc-pc", true)]
    public async Task A_hello_is_refused_only_without_a_name(string name, bool good)
    {
        const string bad = "501 5.5.4 Give your host name or address literal, for example EHLO mail.example.com or EHLO [192.0.2.1]\r\n";
        await Check($"HELO {name}\r\nMAIL FROM:<a@b.test>\r\n", Greeting + (good ? "250 mx.test\r\n" + MailOk : bad + HelloFirst));
        await Check($"EHLO {name}\r\nMAIL FROM:<a@b.test>\r\n", Greeting + (good ? Features + MailOk : bad + HelloFirst));
    }

    [Fact]
    public async Task EHLO_names_what_is_offered_at_this_moment_and_nothing_else()
    {
        var all = WireRun.Options with { OfferStartTls = true, OfferAuth = true, AuthWithoutTls = true, OfferBinaryMime = true, OfferMtPriority = true, MaxMessagesPerSession = 9 };
        const string open = "EHLO c.test\r\n", head = Greeting + "250-mx.test\r\n250-PIPELINING\r\n";
        const string rest = "250-8BITMIME\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250-DSN\r\n250-ENHANCEDSTATUSCODES\r\n250-MT-PRIORITY MIXER\r\n250-LIMITS RCPTMAX=3 MAILMAX=9\r\n";
        await Check(open, head + "250-SIZE 1048576\r\n" + rest + "250-STARTTLS\r\n250-AUTH PLAIN LOGIN\r\n250 HELP\r\n", options: all);
        await Check(open, head + "250-SIZE 1048576\r\n" + rest + "250-STARTTLS\r\n250 HELP\r\n", options: all with { AuthWithoutTls = false });
        await Check(open, head + "250-SIZE 0\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n250-DSN\r\n250-ENHANCEDSTATUSCODES\r\n250 HELP\r\n",
            options: new SessionOptions { Hostname = "mx.test", MaxMessageBytes = 0, MaxRecipients = 0, MaxMessagesPerSession = 0 });
        var context = WireRun.Context();
        context.Tls = new TlsObservation("TLSv1.3", "x");
        string said = await WireRun.RunAsync([WireRun.Bytes(open)], new ScriptedHandler(), all with { AuthWithoutTls = false }, context);
        Assert.Equal(head + "250-SIZE 1048576\r\n" + rest + "250-AUTH PLAIN LOGIN\r\n250 HELP\r\n", said);
    }
}
