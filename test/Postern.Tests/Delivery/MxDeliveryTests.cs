using System.Net;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Postern.Core.Configuration;
using Postern.Core.Queue;
using Postern.Lab.Peers;
using Postern.Protocols.Dns;

namespace Postern.Tests.Delivery;

/// <summary>Delivery by MX, on loopback addresses of their own that share one port.</summary>
public sealed class MxDeliveryTests
{
    private static PosternConfig Config(int port) => new()
    {
        Server = new() { Hostname = "relay.test" },
        Delivery = new() { MxPort = port, RetryJitterPercent = 0, MxTls = Postern.Protocols.Tls.TlsMode.None },
        Route = [new RouteConfig { Via = RouteVia.Mx }],
    };

    private static RecordingSink Second(RecordingSink first, string address)
    {
        try
        {
            return new RecordingSink(endPoint: new IPEndPoint(IPAddress.Parse(address), first.Port));
        }
        catch (System.Net.Sockets.SocketException)
        {
            Assert.Skip($"SKIPPED: {address} is not to be had here (only Linux has all of 127/8)");
            throw;
        }
    }

    [Fact]
    public async Task The_next_mx_is_tried_when_the_first_turns_us_away_and_refused_senders_are_asked_there_too()
    {
        await using var first = new RecordingSink();
        await using var second = Second(first, "127.0.0.2");
        first.Refuse(SinkStage.Connect, "554 5.7.1 go away", times: 1);
        first.Refuse(SinkStage.Mail, "550 5.7.1 not from you");
        var zone = new ZoneResolver().Mx("example.org", (10, "mx1.test"), (20, "mx2.test")).Address("mx1.test", "127.0.0.1").Address("mx2.test", "127.0.0.2");
        await using var rig = new DeliveryRig(Config(first.Port), zone);
        rig.Send();
        await second.WaitAsync(1);
        await DeliveryRig.Until(() => rig.Store.Count == 0, "the settlement");
        Assert.Equal(0, first.Accepted);
    }

    [Fact]
    public async Task The_last_mx_s_refusal_of_the_sender_bounces()
    {
        await using var sink = new RecordingSink();
        sink.Refuse(SinkStage.Mail, "550 5.7.1 not from you", "me@example.net");
        var zone = new ZoneResolver().Mx("example.org", (10, "mx1.test")).Address("mx1.test", "127.0.0.1").Mx("example.net", (10, "mx1.test"));
        await using var rig = new DeliveryRig(Config(sink.Port), zone);
        rig.Send();
        Assert.Equal(["me@example.net"], (await sink.WaitAsync(1))[0].Recipients);
    }

    [Fact]
    public async Task A_refused_recipient_is_not_asked_for_at_the_next_mx()
    {
        await using var first = new RecordingSink();
        await using var second = Second(first, "127.0.0.2");
        first.Refuse(SinkStage.Rcpt, "550 5.1.1 unknown", "you@example.org");
        var zone = new ZoneResolver().Mx("example.org", (10, "mx1.test"), (20, "mx2.test")).Address("mx1.test", "127.0.0.1").Address("mx2.test", "127.0.0.2");
        await using var rig = new DeliveryRig(Config(first.Port), zone);
        var id = rig.Send();
        await DeliveryRig.Until(() => rig.Store.Find(id) is null, "the bounce");
        Assert.Equal(0, second.Connections);
    }

    [Theory]
    [InlineData("null", "5.1.10")]
    [InlineData("nowhere", "5.1.2")]
    [InlineData("self", "5.4.6")]
    [InlineData("selfaddress", "5.4.6")]
    public async Task A_domain_that_takes_no_mail_bounces_at_once(string kind, string status)
    {
        var zone = new ZoneResolver().Mx("null.test", (0, "")).Mx("self.test", (10, "relay.test"), (20, "other.test")).Mx("selfaddress.test", (10, "alias.test")).Address("alias.test", "192.0.2.7");
        await using var rig = new DeliveryRig(Config(25), zone);
        rig.Own.Set("relay.test", [new IPEndPoint(IPAddress.Parse("192.0.2.7"), 25)]);
        var id = rig.Send($"you@{kind}.test");
        await DeliveryRig.Until(() => rig.Store.Find(id) is null, "the bounce");
        var settlement = rig.LastSettlement(id);
        Assert.Equal(RecipientStatus.Bounced, settlement.Recipients[0].Status);
        Assert.Contains($"Status: {status}", Encoding.Latin1.GetString(settlement.NewMessages[0].Content.Span), StringComparison.Ordinal);
        Assert.NotEmpty(settlement.Evidence!.Dns);
    }

    [Fact]
    public async Task A_domain_whose_dns_fails_waits_and_is_not_asked_for_once_per_message()
    {
        await using var sink = new RecordingSink();
        var zone = new ZoneResolver().Mx("example.org", (10, "mx1.test")).Address("mx1.test", "127.0.0.1").Trouble("example.org", DnsStatus.ServFail);
        await using var rig = new DeliveryRig(Config(sink.Port), zone, new FakeTimeProvider(DeliveryRig.Start));
        for (int i = 0; i < 100; i++) rig.Send();
        await DeliveryRig.Until(() => rig.Engine.Scheduler.Workers == 0 && !rig.Store.Settlements.IsEmpty, "the first failure");
        Assert.InRange(zone.Queries, 1, 40);
        zone.NoTrouble("example.org");
        await rig.Advance(() => sink.Accepted == 100, TimeSpan.FromSeconds(10), 30, "delivery");
    }

    [Fact]
    public async Task A_dead_mx_is_tried_soon_and_then_less_and_less_often()
    {
        await using var sink = new RecordingSink();
        sink.Refuse(SinkStage.Connect, "421 4.3.2 not now");
        var zone = new ZoneResolver().Mx("example.org", (10, "mx1.test")).Address("mx1.test", "127.0.0.1");
        await using var rig = new DeliveryRig(Config(sink.Port), zone, new FakeTimeProvider(DeliveryRig.Start));
        rig.Send();
        await DeliveryRig.Until(() => rig.Engine.Scheduler.Workers == 0 && !rig.Store.Settlements.IsEmpty, "the first failure");
        for (int i = 0; i < 30; i++)
        {
            rig.Clock.Advance(TimeSpan.FromMinutes(1));
            await Task.Delay(20);
        }
        // After 5, 15, 30 and 60 s, then 2, 4, 8 and 16 minutes, each at the next full minute.
        Assert.InRange(sink.Connections, 7, 9);
    }

    [Fact]
    public async Task One_session_serves_the_next_message_of_the_domain_without_a_look_up()
    {
        await using var sink = new RecordingSink();
        var zone = new ZoneResolver().Mx("example.org", (10, "mx1.test")).Address("mx1.test", "127.0.0.1");
        var config = Config(sink.Port);
        await using var rig = new DeliveryRig(config with { Delivery = config.Delivery with { MaxSessionsPerDestination = 1 } }, zone);
        for (int i = 0; i < 50; i++) rig.Send();
        await sink.WaitAsync(50);
        Assert.Equal(1, sink.Connections);
        Assert.InRange(zone.Queries, 3, 30);
    }

    [Fact]
    public async Task An_address_literal_is_connected_to_without_a_look_up()
    {
        await using var sink = new RecordingSink();
        await using var rig = new DeliveryRig(Config(sink.Port));
        rig.Send("you@[127.0.0.1]");
        Assert.Equal(["you@[127.0.0.1]"], (await sink.WaitAsync(1))[0].Recipients);
        Assert.Equal(0, rig.Zone.Queries);
    }

    [Fact]
    public async Task The_record_of_an_attempt_has_every_host_that_was_tried()
    {
        await using var first = new RecordingSink();
        await using var second = Second(first, "127.0.0.2");
        first.Refuse(SinkStage.Connect, "421 4.3.2 too busy");
        second.Refuse(SinkStage.Rcpt, "450 4.2.0 greylisted");
        var zone = new ZoneResolver().Mx("example.org", (10, "mx1.test"), (20, "mx2.test")).Address("mx1.test", "127.0.0.1").Address("mx2.test", "127.0.0.2");
        await using var rig = new DeliveryRig(Config(first.Port), zone);
        var id = rig.Send();
        await DeliveryRig.Until(() => !rig.Store.Settlements.IsEmpty, "the settlement");
        var last = rig.LastSettlement(id).Evidence!;
        Assert.Equal("450 4.2.0 greylisted", last.Failure!.Detail);
        var earlier = Assert.Single(last.Earlier!);
        Assert.Equal(($"mx1.test:{first.Port}", "421 4.3.2 too busy"), (earlier.Target, earlier.Failure!.Detail));
        Assert.Contains(earlier.Transcript, l => l is { FromPeer: true, Text: "421 4.3.2 too busy" });
    }

    [Fact]
    public async Task Hosts_that_are_not_preferred_to_ourselves_are_never_tried()
    {
        await using var worse = new RecordingSink();
        await using var better = Second(worse, "127.0.0.2");
        await better.GoDownAsync();
        var zone = new ZoneResolver().Mx("example.org", (10, "better.test"), (20, "relay.test"), (20, "equal.test"), (30, "worse.test"))
            .Address("better.test", "127.0.0.2").Address("equal.test", "127.0.0.1").Address("worse.test", "127.0.0.1").Address("relay.test", "127.0.0.1");
        await using var rig = new DeliveryRig(Config(worse.Port), zone);
        var id = rig.Send();
        await DeliveryRig.Until(() => !rig.Store.Settlements.IsEmpty, "the settlement");
        Assert.Equal(RecipientStatus.Waiting, rig.LastSettlement(id).Recipients[0].Status);
        Assert.Equal(0, worse.Connections);
    }
}
