using System.Net;
using System.Text;
using Postern.Core.Configuration;
using Postern.Core.Queue;
using Postern.Lab.Peers;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Delivery;

/// <summary>Who hears what of a delivery (RFC 3461), through the whole engine.</summary>
public sealed class NotificationTests
{
    private static Func<QueuedEnvelope, QueuedEnvelope> Asking(DsnNotify notify, DsnReturn returned = DsnReturn.Unspecified) => e => e with
    {
        Recipients = [.. e.Recipients.Select(r => r with { Notify = notify, OriginalRecipient = "rfc822;asked@example.org" })],
        Return = returned,
        EnvId = "env1",
    };

    private static async Task<IReadOnlyList<GeneratedMessage>> RunAsync(string[] extensions, bool refuse, DsnNotify notify, DsnReturn returned = DsnReturn.Unspecified, string from = "me@example.net", Action<RecordingSink>? look = null)
    {
        await using var sink = new RecordingSink(new SinkSettings { Extensions = extensions });
        if (refuse) sink.Refuse(SinkStage.Rcpt, "550 5.1.1 no such user", "you@example.org");
        await using var rig = new DeliveryRig(DeliveryRig.Config(sink.EndPoint));
        var id = rig.Send(from: from, with: Asking(notify, returned));
        await DeliveryRig.Until(() => rig.Store.Find(id) is null, "the settlement");
        look?.Invoke(sink);
        return rig.LastSettlement(id).NewMessages;
    }

    private static string Text(GeneratedMessage message) => Encoding.Latin1.GetString(message.Content.Span);

    [Fact]
    public async Task Success_is_told_as_relayed_where_the_server_sends_no_notifications()
    {
        var message = Assert.Single(await RunAsync(["PIPELINING"], refuse: false, DsnNotify.Success));
        Assert.Equal(("", "me@example.net", DsnNotify.Never), (message.Envelope.From.Address, message.Envelope.Recipients[0].Address.Address, message.Envelope.Recipients[0].Notify));
        Assert.Contains("\r\nOriginal-Envelope-Id: env1\r\n", Text(message), StringComparison.Ordinal);
        Assert.Contains("\r\nOriginal-Recipient: rfc822;asked@example.org\r\nFinal-Recipient: rfc822;you@example.org\r\nAction: relayed\r\n", Text(message), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Success_is_left_to_a_server_that_sends_notifications_which_hears_all_that_was_asked() =>
        Assert.Empty(await RunAsync(["DSN"], refuse: false, DsnNotify.Success | DsnNotify.Failure, DsnReturn.Headers, look: sink =>
        {
            var taken = Assert.Single(sink.Messages);
            Assert.Equal("RET=HDRS ENVID=env1", taken.MailParameters);
            Assert.Equal(["NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;asked@example.org"], taken.RecipientParameters);
        }));

    [Theory]
    [InlineData(DsnNotify.Never)]
    [InlineData(DsnNotify.Success)]
    [InlineData(DsnNotify.Delay)]
    public async Task A_failure_is_not_told_to_who_did_not_ask(DsnNotify notify) => Assert.Empty(await RunAsync(["DSN"], refuse: true, notify));

    [Theory]
    [InlineData(DsnNotify.Unspecified)]
    [InlineData(DsnNotify.Failure)]
    public async Task A_failure_is_never_told_to_the_null_sender(DsnNotify notify) => Assert.Empty(await RunAsync(["DSN"], refuse: true, notify, from: ""));

    [Theory]
    [InlineData(DsnReturn.Headers, "text/rfc822-headers", false)]
    [InlineData(DsnReturn.Full, "message/rfc822", true)]
    public async Task RET_decides_what_comes_back(DsnReturn returned, string type, bool whole)
    {
        string text = Text(Assert.Single(await RunAsync(["DSN"], refuse: true, DsnNotify.Failure, returned)));
        Assert.Contains($"Content-Type: {type}\r\n", text, StringComparison.Ordinal);
        Assert.Equal(whole, text.Contains("\r\nhello\r\n", StringComparison.Ordinal));
        Assert.Contains("Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n", text, StringComparison.Ordinal);
        Assert.Contains($"Remote-MTA: dns;{IPAddress.Loopback}\r\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_an_upstream_cannot_carry_is_converted_or_bounced_and_never_corrupted()
    {
        await using var sink = new RecordingSink(new SinkSettings { Extensions = [] });
        await using var rig = new DeliveryRig(DeliveryRig.Config(sink.EndPoint));
        rig.Send("converted@example.org", text: "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\nMost of this line is plain, and then gr\xfc\xdf\r\n");
        var converted = (await sink.WaitAsync(1))[0];
        Assert.EndsWith("Content-Transfer-Encoding: quoted-printable\r\n\r\nMost of this line is plain, and then gr=FC=DF\r\n", converted.Text, StringComparison.Ordinal);

        var id = rig.Send("j\u00f6rg@example.org", with: e => e with { SmtpUtf8 = true });
        await DeliveryRig.Until(() => rig.Store.Find(id) is null, "the bounce");
        string bounce = Text(Assert.Single(rig.LastSettlement(id).NewMessages));
        Assert.Contains("Status: 5.6.7\r\n", bounce, StringComparison.Ordinal);
        Assert.Contains("the server does not offer SMTPUTF8", bounce.Replace("\r\n ", " ", StringComparison.Ordinal), StringComparison.Ordinal);
    }
}
