using Postern.Protocols.Smtp;
using Postern.Tests.Delivery;
using static Postern.Tests.Protocols.Smtp.Client.ClientRig;

namespace Postern.Tests.Protocols.Smtp.Client;

/// <summary>MAIL and RCPT with what the peer offers to understand, and nothing else.</summary>
public sealed class EnvelopeTests
{
    private const string Rest = "C: RCPT *\nS: 250 ok\nC: DATA\nS: 354 go\nbody\nS: 250 taken\n";

    private static readonly MailCommand Everything = new(new MailPath("a@x.test"), BodyType.EightBitMime, SmtpUtf8: true, 99, DsnReturn.Headers, "id+1=2", MtPriority: -3);

    private static async Task CheckAsync(IReadOnlyList<string> offered, MailCommand mail, RcptCommand rcpt, string text, string said)
    {
        await ForEachDeliveryAsync(Offering(offered) + "C: MAIL *\nS: 250 ok\n" + Rest, async rig =>
        {
            var session = await rig.OpenAsync();
            var result = await rig.SendAsync(session, new ClientTransaction(mail, [rcpt], new MemoryContent(System.Text.Encoding.Latin1.GetBytes(text))));
            Assert.Equal("ok 250 taken", Show(result));
            Assert.Equal($"{Hello}{said}DATA\r\n{text}.\r\n", await rig.HeardAsync());
        });
    }

    private static RcptCommand Rcpt(DsnNotify notify = DsnNotify.Unspecified, string? orcpt = null) => new(new MailPath("b@y.test"), notify, orcpt);

    [Fact]
    public Task Nothing_is_said_that_was_not_offered() => CheckAsync([], Everything, Rcpt(DsnNotify.Success, "rfc822;b@y.test"), "h\xe9\r\n", "MAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\n");

    [Fact]
    public Task Everything_is_said_that_was_offered() => CheckAsync(["SIZE 1000", "8BITMIME", "SMTPUTF8", "DSN", "MT-PRIORITY MIXER"], Everything, Rcpt(DsnNotify.Success | DsnNotify.Failure | DsnNotify.Delay, "rfc822;b+c@y.test"), "h\xe9\r\n",
        "MAIL FROM:<a@x.test> SIZE=4 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=id+2B1+3D2 MT-PRIORITY=-3\r\nRCPT TO:<b@y.test> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;b+2Bc@y.test\r\n");

    [Theory]
    [InlineData("SIZE", " SIZE=4")]
    [InlineData("8BITMIME", " BODY=8BITMIME")]
    [InlineData("SMTPUTF8", " SMTPUTF8")]
    [InlineData("DSN", " RET=HDRS ENVID=id+2B1+3D2")]
    [InlineData("mt-priority", " MT-PRIORITY=-3")]
    public Task Each_parameter_hangs_on_its_own_extension(string offered, string parameters) =>
        CheckAsync([offered], Everything, Rcpt(), "h\xe9\r\n", $"MAIL FROM:<a@x.test>{parameters}\r\nRCPT TO:<b@y.test>\r\n");

    [Theory]
    [InlineData(DsnNotify.Never, " NOTIFY=NEVER")]
    [InlineData(DsnNotify.Failure, " NOTIFY=FAILURE")]
    [InlineData(DsnNotify.Delay, " NOTIFY=DELAY")]
    [InlineData(DsnNotify.Unspecified, "")]
    public Task NOTIFY_goes_on_as_it_came(DsnNotify notify, string said) =>
        CheckAsync(["DSN"], new MailCommand(MailPath.Null, Return: DsnReturn.Full), Rcpt(notify), "x\r\n", $"MAIL FROM:<> RET=FULL\r\nRCPT TO:<b@y.test>{said}\r\n");

    [Theory]
    [InlineData("utf-8;j\\x{F6}rg@y.test", "utf-8;j\\x{F6}rg@y.test")]
    [InlineData("utf-8;j\u00f6rg@y.test", "utf-8;j\\x{F6}rg@y.test")]
    [InlineData("UTF-8;\U0001F4E7+=@y.test", "UTF-8;\\x{1F4E7}+2B+3D@y.test")]
    [InlineData("x400;/c=de/", "x400;/c+3Dde/")]
    public Task ORCPT_keeps_its_type_and_is_legal_in_it(string orcpt, string said) =>
        CheckAsync(["DSN"], new MailCommand(MailPath.Null), Rcpt(orcpt: orcpt), "x\r\n", $"MAIL FROM:<>\r\nRCPT TO:<b@y.test> ORCPT={said}\r\n");

    [Fact]
    public Task A_7_bit_message_is_not_declared_8_bit() => CheckAsync(["8BITMIME"], new MailCommand(MailPath.Null), Rcpt(), "x\r\n", "MAIL FROM:<>\r\nRCPT TO:<b@y.test>\r\n");

    [Fact]
    public Task Internationalised_addresses_are_UTF_8_on_the_wire() => ForEachDeliveryAsync(Offering("SMTPUTF8") + "C: MAIL FROM:<j\u00f6rg@x.test> SMTPUTF8\nS: 250 ok\nC: RCPT TO:<\u4f8b@y.test>\nS: 250 ok\nC: DATA\nS: 354 go\nbody\nS: 250 taken\n", async rig =>
    {
        var session = await rig.OpenAsync();
        Assert.Equal("ok 250 taken", Show(await rig.SendAsync(session, Message(new MailCommand(new MailPath("j\u00f6rg@x.test"), SmtpUtf8: true), "x\r\n", "\u4f8b@y.test"))));
        await rig.HeardAsync();
    });
}
