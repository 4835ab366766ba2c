using Postern.Protocols.Smtp;
using Postern.Tests.Delivery;
using static Postern.Tests.Protocols.Smtp.Client.ClientRig;

namespace Postern.Tests.Protocols.Smtp.Client;

/// <summary>The connection is lost at each stage: the stage is named, and only where the whole message was out is a duplicate possible (RFC 1047).</summary>
public sealed class LostConnectionTests
{
    private const string Mail1 = "C: MAIL *\nS: 250 ok\n", Rcpt = "C: RCPT *\nS: 250 ok\n", Data = "C: DATA\nS: 354 go\n";

    [Theory]
    [InlineData("C: MAIL *\n", "Mail")]
    [InlineData(Mail1 + "C: RCPT *\n", "Rcpt")]
    [InlineData(Mail1 + Rcpt + "C: DATA\n", "Data")]
    [InlineData(Mail1 + Rcpt + Data + "body\n", "EndOfData")]
    [InlineData(Mail1 + Rcpt + Data + "body\nS~ 250 take\n", "EndOfData")]
    public async Task The_stage_is_named(string lines, string stage)
    {
        foreach (var (end, kind) in ((string, string)[])[("cut\n", "ConnectionClosed"), ("reset\n", "ConnectionReset")])
        {
            await ForEachDeliveryAsync(Offering() + lines + end, async rig =>
            {
                var result = await rig.SendAsync(await rig.OpenAsync(), Message("x\r\n", "b@y.test"));
                Assert.Equal($"{stage} {kind}{(stage == "EndOfData" ? " maybe-duplicate" : "")}", Show(result));
                Assert.False(result.SessionUsable);
                Assert.Contains("while " + ClientStageTable.Of(result.StageReached).Phrase, result.SessionFailure!.Detail, StringComparison.Ordinal);
            });
        }
    }

    [Fact]
    public Task In_a_pipeline_the_answers_that_came_stand() => ForEachDeliveryAsync(
        Offering("PIPELINING") + "C: MAIL *\nC: RCPT *\nC: RCPT *\nC: RCPT *\nC: DATA\nS: 250 ok\\r\\n550 5.1.1 no\\r\\n250 ok\ncut\n", async rig =>
    {
        var result = await rig.SendAsync(await rig.OpenAsync(), Message("x\r\n", "1@y.test", "2@y.test", "3@y.test"));
        Assert.Equal("Rcpt Refused 550 5.1.1 no | Rcpt ConnectionClosed | Rcpt ConnectionClosed", Show(result));
    });

    [Theory]
    [InlineData("reset\n")]
    [InlineData("cut\n")]
    public async Task What_the_peer_said_before_it_hung_up_on_the_body_is_heard(string end)
    {
        await using var rig = new ClientRig(Plain, [Offering() + Mail1 + Rcpt + Data + "octets 1000\nS: 552 5.3.4 too big for us\n" + end]);
        var result = await rig.SendAsync(await rig.OpenAsync(), new ClientTransaction(new MailCommand(new MailPath("a@x.test")), [new RcptCommand(new MailPath("b@y.test"))], new MemoryContent(new byte[64 << 20])));
        Assert.Equal("552 5.3.4 too big for us", result.Recipients[0].Reply?.ToString());
        Assert.False(result.Recipients[0].Failure!.MayDuplicate);
    }

    [Fact]
    public async Task A_live_body_hears_it_too()
    {
        await using var rig = new ClientRig(Plain, [Offering() + Mail1 + Rcpt + Data + "octets 1000\nS: 552 5.3.4 too big for us\nreset\n"]);
        var session = await rig.OpenAsync();
        await session.MailAsync(new MailCommand(new MailPath("a@x.test")), null, rig.Recorder, default);
        await session.RcptAsync(new RcptCommand(new MailPath("b@y.test")), default);
        await session.DataAsync(default);
        StageFailure? failure = null;
        for (int i = 0; i < 1000 && failure is null; i++) failure = await session.WriteBodyAsync(new byte[64 << 10], default);
        Assert.Equal("552 5.3.4 too big for us", failure!.Reply?.ToString());
    }

    [Fact]
    public async Task A_stop_gives_up_at_once_and_says_so()
    {
        await using var rig = new ClientRig(Plain, [Offering() + Mail1 + "C: RCPT *\nhold\n"]);
        var session = await rig.OpenAsync();
        using var stop = new CancellationTokenSource();
        var sending = session.SendAsync(Message("x\r\n", "b@y.test"), rig.Recorder, stop.Token).AsTask();
        await DeliveryRig.Until(() => rig.Peer.Sessions[0].StepsPlayed >= 6, "RCPT");
        await stop.CancelAsync();
        Assert.Equal("Rcpt Cancelled", Show(await sending));
    }
}
