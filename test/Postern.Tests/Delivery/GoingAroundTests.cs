using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using Postern.Core.Configuration;
using Postern.Core.Diagnoses;
using Postern.Core.Queue;
using Postern.Core.Upstreams;
using Postern.Diagnosis.Checks;
using Postern.Diagnosis.Probes.Blocklists;
using Postern.Lab.Peers;
using Postern.Protocols.Tls;
using Postern.Tests.Diagnosis.Checks;

namespace Postern.Tests.Delivery;

/// <summary>Mail goes around what is blocked: addresses of ours that are refused, hosts and ports that do not answer. On real sockets.</summary>
public sealed class GoingAroundTests
{
    private const string Listed = "554 5.7.1 Service unavailable; Client host [192.0.2.10] blocked using zen.spamhaus.org";
    private static readonly IPAddress First = IPAddress.Parse("127.0.0.21"), Second = IPAddress.Parse("127.0.0.22");

    private static PosternConfig From(PosternConfig config)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "SKIPPED: only Linux has all of 127/8");
        return config with
        {
            Egress = [new() { Name = "x", Address = First.ToString() }, new() { Name = "y", Address = Second.ToString() }],
            Route = [new RouteConfig { Upstreams = [.. config.Upstream.Select(u => u.Name)], Via = config.Upstream.Count == 0 ? RouteVia.Mx : RouteVia.Upstreams, Egress = ["x", "y"] }],
        };
    }

    private static PosternConfig Mx(int port) => new()
    {
        Server = new() { Hostname = "relay.test" },
        Delivery = new() { MxPort = port, RetryJitterPercent = 0, MxTls = TlsMode.None },
        Route = [new RouteConfig { Via = RouteVia.Mx }],
    };

    private static RecordingSink At(string address, int port)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "SKIPPED: only Linux has all of 127/8");
        return new RecordingSink(endPoint: new IPEndPoint(IPAddress.Parse(address), port));
    }

    [Theory]
    [InlineData(SinkStage.Connect)]
    [InlineData(SinkStage.Rcpt)]
    public async Task An_address_of_ours_that_is_refused_rests_and_the_other_carries_on(SinkStage stage)
    {
        await using var sink = new RecordingSink();
        int refused = 0;
        sink.Misbehave(new SinkRule(stage, SinkFault.Reply, Listed) { When = v => v.Client.Equals(First) && Interlocked.Increment(ref refused) > 0 });
        var config = From(DeliveryRig.Config(sink.EndPoint));
        await using var rig = new DeliveryRig(config with { Delivery = config.Delivery with { MaxSessionsPerDestination = 1, MaxMessagesPerSession = 1 } });
        for (int i = 0; i < 20; i++) rig.Send();
        await DeliveryRig.Until(() => rig.Store.Count == 0, "all mail");
        Assert.Equal(20, sink.Accepted);
        Assert.Equal(1, refused);
        Assert.All(rig.Store.Settlements, s => Assert.Equal(RecipientStatus.Delivered, s.Settlement.Recipients[0].Status));
        var rest = Assert.Single(rig.Engine.Registry.Rests.Snapshot());
        Assert.Equal(("a", "x", "192.0.2.10", "zen.spamhaus.org"), (rest.Group, rest.Egress, rest.Address?.ToString(), rest.NamedList));
        Assert.Equal(GateState.Open, rig.Engine.Registry.Pool("a").Health.State);
    }

    [Fact]
    public async Task A_refusal_of_our_address_by_one_mx_is_followed_by_the_same_mx_from_the_other_address()
    {
        await using var first = new RecordingSink();
        await using var second = At("127.0.0.2", first.Port);
        first.Misbehave(new SinkRule(SinkStage.Connect, SinkFault.Reply, Listed) { When = v => v.Client.Equals(First) });
        var zone = new ZoneResolver().Mx("example.org", (10, "mx1.test"), (20, "mx2.test")).Address("mx1.test", "127.0.0.1").Address("mx2.test", "127.0.0.2");
        await using var rig = new DeliveryRig(From(Mx(first.Port)), zone);
        for (int i = 0; i < 6; i++) rig.Send();
        await DeliveryRig.Until(() => rig.Store.Count == 0, "all mail");
        Assert.Equal((6, 0), (first.Accepted, second.Connections));
    }

    [Fact]
    public async Task Listed_for_an_hour_nothing_is_bounced_and_all_is_delivered_within_two_minutes_of_the_delisting()
    {
        await using var sink = new RecordingSink();
        sink.Refuse(SinkStage.Connect, Listed);
        var zone = new ZoneResolver().Address("2.0.0.127.zen.spamhaus.org", "127.0.0.2").Address("10.2.0.192.zen.spamhaus.org", "127.0.0.2");
        await using var rig = new DeliveryRig(DeliveryRig.Config(sink.EndPoint), zone, new FakeTimeProvider(DeliveryRig.Start), Lists());
        for (int i = 0; i < 200; i++) rig.Send();
        await DeliveryRig.Until(() => rig.Engine.Scheduler.Workers == 0 && sink.Connections > 0, "the first refusals");
        for (int i = 0; i < 360; i++)
        {
            rig.Clock.Advance(TimeSpan.FromSeconds(10));
            await Task.Delay(2);
        }
        await DeliveryRig.Until(() => rig.Engine.Scheduler.Workers == 0, "the last try");
        Assert.Equal(["zen.spamhaus.org"], Assert.Single(rig.Engine.Registry.Rests.Snapshot()).Lists);
        Assert.InRange(sink.Connections, 2, 40);

        sink.Behave();
        zone.Address("10.2.0.192.zen.spamhaus.org");
        var delisted = rig.Clock.GetUtcNow();
        await rig.Advance(() => sink.Accepted > 0, TimeSpan.FromSeconds(5), 24, "the release");
        await DeliveryRig.Until(() => rig.Store.Count == 0, "the queue to drain without the clock");
        Assert.InRange(rig.Clock.GetUtcNow() - delisted, TimeSpan.Zero, TimeSpan.FromMinutes(2));
        Assert.Equal(200, sink.Accepted);
        Assert.All(rig.Store.Settlements, s => Assert.NotEqual(RecipientStatus.Bounced, s.Settlement.Recipients[0].Status));
        Assert.True(rig.Engine.Registry.Rests.IsEmpty);
    }

    [Fact]
    public async Task One_mx_in_a_black_hole_holds_up_only_those_who_met_it_first_and_they_only_once()
    {
        await using var alive = new RecordingSink();
        Assert.SkipUnless(OperatingSystem.IsLinux(), "SKIPPED: a full backlog drops connections silently only on Linux");
        using var silent = new SilentListener(new IPEndPoint(IPAddress.Parse("127.0.0.2"), alive.Port));
        var zone = new ZoneResolver().Mx("example.org", (10, "mx1.test"), (20, "mx2.test")).Address("mx1.test", "127.0.0.2").Address("mx2.test", "127.0.0.1");
        await using var rig = new DeliveryRig(Mx(alive.Port), zone, new FakeTimeProvider(DeliveryRig.Start));
        rig.Send();
        await DeliveryRig.Until(() => rig.Engine.Registry.Snapshot(9).Any(s => s.OpenSessions == 1), "the first connect");
        rig.Clock.Advance(TimeSpan.FromSeconds(4));
        for (int i = 0; i < 50; i++) rig.Send();
        await DeliveryRig.Until(() => alive.Accepted == 50, "all but the first, with the clock at 4 s");
        await rig.Advance(() => alive.Accepted == 51, TimeSpan.FromSeconds(1), 40, "the first");
        Assert.InRange(rig.Clock.GetUtcNow() - DeliveryRig.Start, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(40));
        Assert.Equal(GateState.Closed, rig.Engine.Registry.Snapshot(9).Single(s => s.Name.StartsWith("mx1", StringComparison.Ordinal)).Health.State);
        for (int i = 0; i < 50; i++) rig.Send();
        await DeliveryRig.Until(() => alive.Accepted == 101, "those that come later, with the clock standing");
    }

    [Fact]
    public async Task A_host_with_a_dead_address_is_reached_over_the_other_without_a_wait()
    {
        await using var alive = new RecordingSink();
        Assert.SkipUnless(OperatingSystem.IsLinux(), "SKIPPED: a full backlog drops connections silently only on Linux");
        using var silent = new SilentListener(new IPEndPoint(IPAddress.Parse("127.0.0.2"), alive.Port));
        var zone = new ZoneResolver().Mx("example.org", (10, "mx.test")).Address("mx.test", "127.0.0.2", "127.0.0.1");
        var config = Mx(alive.Port);
        await using var rig = new DeliveryRig(config with { Delivery = config.Delivery with { MaxMessagesPerSession = 1 } }, zone, new FakeTimeProvider(DeliveryRig.Start));
        rig.Send();
        await rig.Advance(() => alive.Accepted == 1, TimeSpan.FromMilliseconds(250), 20, "the race");
        for (int i = 0; i < 10; i++) rig.Send();
        await DeliveryRig.Until(() => alive.Accepted == 11, "the others, with the clock standing");
    }

    [Fact]
    public async Task The_next_port_is_used_when_the_first_cannot_be_connected_and_only_then()
    {
        await using var sink = new RecordingSink();
        await using var closed = new RecordingSink();
        var config = DeliveryRig.Config(closed.EndPoint);
        await using var rig = new DeliveryRig(config with { Upstream = [config.Upstream[0] with { Ports = [sink.Port] }] });
        closed.Refuse(SinkStage.Connect, "421 4.3.2 not now", times: 1);
        rig.Send();
        await closed.WaitAsync(1);
        Assert.Equal(0, sink.Connections);
        await DeliveryRig.Until(() => rig.Store.Count == 0, "the settlement");
        await closed.GoDownAsync();
        for (int i = 0; i < 5; i++) rig.Send();
        await DeliveryRig.Until(() => sink.Accepted == 5, "all over the second port");
    }

    [Fact]
    public async Task A_family_that_an_upstream_is_not_to_be_reached_by_is_not_used()
    {
        await using var sink = new RecordingSink();
        var zone = new ZoneResolver().Address("smtp.test", "127.0.0.1", "::1");
        var config = DeliveryRig.Config(sink.EndPoint);
        await using var rig = new DeliveryRig(config with { Upstream = [config.Upstream[0] with { Address = $"smtp.test:{sink.Port}", Family = AddressFamilies.Ipv4 }] }, zone);
        rig.Send();
        await sink.WaitAsync(1);
        Assert.Equal(1, zone.Queries);
    }

    [Fact]
    public async Task A_limit_met_while_others_are_served_does_not_close_the_gate()
    {
        await using var sink = new RecordingSink();
        sink.Misbehave(new SinkRule(SinkStage.Connect, SinkFault.Reply, "421 4.7.0 too many connections") { When = v => v.Open > 2 });
        await using var rig = new DeliveryRig(DeliveryRig.Config(sink.EndPoint));
        int closed = 0;
        rig.Send();
        await sink.WaitAsync(1);
        for (int i = 0; i < 300; i++) rig.Send();
        await DeliveryRig.Until(() =>
        {
            if (rig.Engine.Registry.Pool("a").Health.State != GateState.Open) closed++;
            return sink.Accepted > 200;
        }, "most of the mail");
        Assert.Equal(0, closed);
    }

    [Fact]
    public async Task Who_shapes_is_told_of_a_recovery_once()
    {
        await using var sink = new RecordingSink();
        await using var rig = new DeliveryRig(DeliveryRig.Config(sink.EndPoint), time: new FakeTimeProvider(DeliveryRig.Start));
        int recovered = 0;
        rig.Engine.Registry.Recovered += c => Interlocked.Add(ref recovered, c.Group == "a" ? 1 : 100);
        await sink.GoDownAsync();
        for (int i = 0; i < 30; i++) rig.Send();
        await DeliveryRig.Until(() => rig.Engine.Scheduler.Workers == 0 && !rig.Store.Settlements.IsEmpty, "the outage");
        sink.GoUp();
        await rig.Advance(() => sink.Accepted > 0, TimeSpan.FromSeconds(1), 10, "recovery");
        await DeliveryRig.Until(() => rig.Store.Count == 0, "all mail");
        Assert.Equal(1, recovered);
    }

    private static DiagnosisSetup Lists() => new(DiagnosisParts.Default, static (_, time) =>
    {
        var probe = new BlocklistProbe(BlocklistCatalogue.Of(new BlocklistSettings { Builtin = false, Lists = [new BlocklistOverride("zen.spamhaus.org")] }), time);
        return new FakeProbes { Hosts = [], Connect = [], Greeting = [] }.Set() with { Blocklists = (context, cancel) => probe.RunAsync(context, cancel) };
    });
}
