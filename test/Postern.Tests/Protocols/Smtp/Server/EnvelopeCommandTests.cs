using static Postern.Tests.Protocols.Smtp.Server.Wire;

namespace Postern.Tests.Protocols.Smtp.Server;

public class EnvelopeCommandTests
{
    private const string BadSender = "553 5.1.7 The sender's address is not one by RFC 5321\r\n", BadSenderDomain = "553 5.1.7 The sender's domain is missing or not valid\r\n";
    private const string BadRcpt = "553 5.1.3 The recipient's address is not one by RFC 5321\r\n", BadRcptDomain = "553 5.1.3 The recipient's domain is missing or not valid\r\n";
    private const string MailSyntax = "501 5.5.4 Write MAIL FROM:<address>\r\n", RcptSyntax = "501 5.5.4 Write RCPT TO:<address>\r\n";
    private const string Parameters = "501 5.5.4 Parameters are KEYWORD or KEYWORD=value, with one space between them\r\n", Twice = "501 5.5.4 A parameter is given twice\r\n";
    private const string Unknown = "555 5.5.4 Parameter not recognised or not offered\r\n";
    private const string Size = "501 5.5.4 SIZE= takes a number of bytes of at most 20 digits\r\n", TooBig = "552 5.3.4 The message is larger than the SIZE that EHLO announces\r\n";
    private const string Body = "501 5.5.4 BODY= is 7BIT or 8BITMIME\r\n", Ret = "501 5.5.4 RET= is FULL or HDRS\r\n";
    private const string EnvId = "501 5.5.4 ENVID= takes at most 100 characters of xtext (RFC 3461)\r\n", AuthParameter = "501 5.5.4 AUTH= takes an address in xtext or <> (RFC 4954)\r\n";
    private const string Notify = "501 5.5.4 NOTIFY= is NEVER, or of SUCCESS, FAILURE and DELAY, with commas\r\n";
    private const string Orcpt = "501 5.5.4 ORCPT= is type;address in at most 500 characters of xtext (RFC 3461)\r\n";
    private const string L64 = "1234567890123456789012345678901234567890123456789012345678901234";

    [Theory]
    [InlineData("<>", "")]
    [InlineData("<a@b.test>", "a@b.test")]
    [InlineData(" <a@b.test>", "a@b.test")]
    [InlineData("<A.b+c=d/e@B.test>", "A.b+c=d/e@B.test")]
    [InlineData("<\"a b\"@c.test>", "\"a b\"@c.test")]
    [InlineData("<\"a>b\"@c.test>", "\"a>b\"@c.test")]
    [InlineData("<\"a@b\"@c.test>", "\"a@b\"@c.test")]
    [InlineData("<\"a\\\"b\\\\\"@c.test>", "\"a\\\"b\\\\\"@c.test")]
    [InlineData("<\"\"@c.test>", "\"\"@c.test")]
    [InlineData("<a@[192.0.2.1]>", "a@[192.0.2.1]")]
    [InlineData("<a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]")]
    [InlineData("<@x.test:a@b.test>", "a@b.test")]
    [InlineData("<@x.test,@y.test:a@b.test>", "a@b.test")]
    [InlineData("<a@b>", "a@b")]
    [InlineData("a@b.test", "a@b.test")]
    [InlineData(" a@[192.0.2.1]", "a@[192.0.2.1]")]
    [InlineData("<root@app_web_1>", "root@app_web_1")]
    [InlineData("<" + L64 + "@b.test>", L64 + "@b.test")]
    public async Task Good_senders_are_kept_exactly(string path, string address)
    {
        await Check($"HELO c\r\nMAIL FROM:{path}\r\n", Start + MailOk, calls: [$"mail {address}", "reset", "end"]);
        await Check($"EHLO c\r\nmail from:{path} BODY=7BIT\r\n", Greeting + Features + MailOk, calls: [$"mail {address}", "reset", "end"]);
    }

    [Theory]
    [InlineData("", MailSyntax)]
    [InlineData("a@b.test>", BadSenderDomain)]
    [InlineData("\"a b\"@c.test", Parameters)]
    [InlineData("@x.test:a@b.test", BadSender)]
    [InlineData("BODY=7BIT", BadSenderDomain)]
    [InlineData("<a@b.test", MailSyntax)]
    [InlineData("<\"a@b.test>", MailSyntax)]
    [InlineData("<a>", BadSenderDomain)]
    [InlineData("<postmaster>", BadSenderDomain)]
    [InlineData("<a@>", BadSenderDomain)]
    [InlineData("<a@b..test>", BadSenderDomain)]
    [InlineData("<a@b.test.>", BadSenderDomain)]
    [InlineData("<a@-b.test>", BadSenderDomain)]
    [InlineData("<a@b@c.test>", BadSenderDomain)]
    [InlineData("<a@b.test c>", BadSenderDomain)]
    [InlineData("<a@[300.0.2.1]>", BadSenderDomain)]
    [InlineData("<a@[192.0.2]>", BadSenderDomain)]
    [InlineData("<a@[IPv6:192.0.2.1]>", BadSenderDomain)]
    [InlineData("<a@[]>", BadSenderDomain)]
    [InlineData("<@b.test>", BadSender)]
    [InlineData("<@x.test:>", BadSender)]
    [InlineData("<@x.test,y.test:a@b.test>", BadSender)]
    [InlineData("< >", BadSender)]
    [InlineData("<.a@b.test>", BadSender)]
    [InlineData("<a..b@b.test>", BadSender)]
    [InlineData("<a.@b.test>", BadSender)]
    [InlineData("<a b@c.test>", BadSender)]
    [InlineData("<\"a\"b@c.test>", BadSender)]
    [InlineData("<a@b.test>>", Parameters)]
    [InlineData("<a@b.test>SIZE=1", Parameters)]
    [InlineData("<" + L64 + "5@b.test>", "553 5.1.7 The sender's local part is longer than 64 bytes\r\n")]
    [InlineData("<\u00c3\u00bc@b.test>", "553 5.6.7 A sender outside ASCII needs the SMTPUTF8 parameter and valid UTF-8\r\n")]
    public Task Bad_senders_are_told_what_is_wrong(string path, string reply) =>
        Check($"EHLO c\r\nMAIL FROM:{path}\r\nMAIL FROM:<a@b.test>\r\n", Greeting + Features + reply + MailOk, calls: ["mail a@b.test", "reset", "end"]);

    [Theory]
    [InlineData("SIZE=0 BODY=8BITMIME RET=HDRS ENVID=a+2Bb+3Dc AUTH=<>", MailOk)]
    [InlineData("  size=1048576   body=7bit ", MailOk)]
    [InlineData("SIZE=1048577", TooBig)]
    [InlineData("SIZE=99999999999999999999", TooBig)]
    [InlineData("SIZE=100000000000000000000", Size)]
    [InlineData("SIZE", Size)]
    [InlineData("SIZE=-1", Size)]
    [InlineData("SIZE=1k", Size)]
    [InlineData("SIZE=", Parameters)]
    [InlineData("SIZE=1=1", Parameters)]
    [InlineData("=1", Parameters)]
    [InlineData("-X=1", Parameters)]
    [InlineData("SIZE=1 SIZE=1", Twice)]
    [InlineData("BODY=7BIT body=7BIT", Twice)]
    [InlineData("BODY=QUOTED", Body)]
    [InlineData("BODY", Body)]
    [InlineData("BODY=BINARYMIME", "555 5.6.1 BODY=BINARYMIME is not offered here\r\n")]
    [InlineData("SMTPUTF8", MailOk)]
    [InlineData("SMTPUTF8=yes", "501 5.5.4 SMTPUTF8 takes no value\r\n")]
    [InlineData("SMTPUTF8 SMTPUTF8", Twice)]
    [InlineData("RET=full", MailOk)]
    [InlineData("RET=BODY", Ret)]
    [InlineData("RET", Ret)]
    [InlineData("RET=FULL RET=FULL", Twice)]
    [InlineData("ENVID=", Parameters)]
    [InlineData("ENVID", EnvId)]
    [InlineData("ENVID=a+0Ab", EnvId)]
    [InlineData("ENVID=a+2", EnvId)]
    [InlineData("ENVID=a+2b", EnvId)]
    [InlineData("ENVID=\u00c3\u00bc", EnvId)]
    [InlineData("ENVID=" + L64 + "12345678901234567890123456789012345", MailOk)]
    [InlineData("ENVID=" + L64 + "123456789012345678901234567890123456x", EnvId)]
    [InlineData("ENVID=a ENVID=a", Twice)]
    [InlineData("AUTH=a+40b.test", MailOk)]
    [InlineData("AUTH", AuthParameter)]
    [InlineData("MT-PRIORITY=1", Unknown)]
    [InlineData("NOTIFY=NEVER", Unknown)]
    [InlineData("XFOO=bar", Unknown)]
    [InlineData("XFOO", Unknown)]
    public async Task Parameters_of_MAIL(string parameters, string reply)
    {
        await Check($"EHLO c\r\nMAIL FROM:<> {parameters}\r\n", Greeting + Features + reply);
        if (reply != Parameters) await Check($"HELO c\r\nMAIL FROM:<> {parameters}\r\n", Start + "555 5.5.4 Parameters need EHLO instead of HELO\r\n");
    }

    [Theory]
    [InlineData("<a@b.test>", RcptOk)]
    [InlineData("<postmaster>", RcptOk)]
    [InlineData("<PostMaster>", RcptOk)]
    [InlineData("<@x.test:a@b.test>", RcptOk)]
    [InlineData("<\"a b\"@c.test>", RcptOk)]
    [InlineData("<a@[IPv6:::1]>", RcptOk)]
    [InlineData("<>", "553 5.1.3 The null address <> cannot be a recipient\r\n")]
    [InlineData("", RcptSyntax)]
    [InlineData("<a@b.test", RcptSyntax)]
    [InlineData("a@b.test", RcptOk)]
    [InlineData("a@b.test NOTIFY=NEVER", RcptOk)]
    [InlineData("<a>", BadRcptDomain)]
    [InlineData("<a..b@c.test>", BadRcpt)]
    [InlineData("<" + L64 + "5@b.test>", "553 5.1.3 The recipient's local part is longer than 64 bytes\r\n")]
    [InlineData("<\u00c3\u00bc@b.test>", "553 5.6.7 A recipient outside ASCII needs SMTPUTF8 at MAIL and valid UTF-8\r\n")]
    [InlineData("<a@b.test> NOTIFY=NEVER", RcptOk)]
    [InlineData("<a@b.test> NOTIFY=success,FAILURE,Delay ORCPT=rfc822;a+2Bx@b.test", RcptOk)]
    [InlineData("<a@b.test> NOTIFY=NEVER,SUCCESS", Notify)]
    [InlineData("<a@b.test> NOTIFY=SUCCESS,", Notify)]
    [InlineData("<a@b.test> NOTIFY=ALWAYS", Notify)]
    [InlineData("<a@b.test> NOTIFY", Notify)]
    [InlineData("<a@b.test> NOTIFY=DELAY NOTIFY=DELAY", Twice)]
    [InlineData("<a@b.test> ORCPT=a@b.test", Orcpt)]
    [InlineData("<a@b.test> ORCPT=rfc822;", Orcpt)]
    [InlineData("<a@b.test> ORCPT=;a@b.test", Orcpt)]
    [InlineData("<a@b.test> ORCPT=rfc822;a+0D+0Ab", Orcpt)]
    [InlineData("<a@b.test> ORCPT=rfc822;a ORCPT=rfc822;a", Twice)]
    [InlineData("<a@b.test> SIZE=1", Unknown)]
    public Task Recipients_and_their_parameters(string argument, string reply) =>
        Check($"EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:{argument}\r\nNOOP\r\n", Greeting + Features + MailOk + reply + Ok);

    [Fact]
    public Task Addresses_outside_ASCII_need_SMTPUTF8() => Check(
        "EHLO c\r\nMAIL FROM:<\u00c3\u00bc@b\u00c3\u00bc.test> SMTPUTF8\r\nRCPT TO:<\u00c3\u00bc@d.test> ORCPT=utf-8;\u00c3\u00bc@d.test\r\n", Greeting + Features + MailOk + RcptOk,
        calls: ["mail ü@bü.test", "rcpt ü@d.test", "reset", "end"]);

    [Fact]
    public Task Recipients_of_a_HELO_client_have_no_parameters() => Check(
        "HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.test> NOTIFY=NEVER\r\n", Start + MailOk + "555 5.5.4 Parameters need EHLO instead of HELO\r\n");
}
