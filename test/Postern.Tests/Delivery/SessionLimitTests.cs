using System.Net;
using Postern.Core.Configuration;
using Postern.Core.Queue;
using Postern.Diagnosis.Evidence;
using Postern.Lab.Peers;

namespace Postern.Tests.Delivery;

/// <summary>What a session and a transaction may carry: our limits and the upstream's own (RFC 9422).</summary>
public sealed class SessionLimitTests
{
    private static RecordingSink Sink(string limits) => new(new SinkSettings { Extensions = ["PIPELINING", limits] });

    private static PosternConfig OneSession(RecordingSink sink, Func<DeliveryConfig, DeliveryConfig> with)
    {
        var config = DeliveryRig.Config(sink.EndPoint);
        return config with { Delivery = with(config.Delivery with { MaxSessionsPerDestination = 1 }) };
    }

    [Fact]
    public async Task A_session_to_an_mx_carries_no_more_messages_than_it_may()
    {
        await using var sink = new RecordingSink();
        var zone = new ZoneResolver().Mx("example.org", (10, "mx1.test")).Address("mx1.test", "127.0.0.1");
        var config = new PosternConfig
        {
            Server = new() { Hostname = "relay.test" },
            Delivery = new() { MxPort = sink.Port, MxTls = Postern.Protocols.Tls.TlsMode.None, MaxMessagesPerSession = 2, MaxSessionsPerDestination = 1 },
            Route = [new RouteConfig { Via = RouteVia.Mx }],
        };
        await using var rig = new DeliveryRig(config, zone);
        for (int i = 0; i < 6; i++) rig.Send();
        await sink.WaitAsync(6);
        Assert.All(sink.Messages, m => Assert.InRange(m.NumberInConnection, 1, 2));
    }

    [Fact]
    public async Task MAILMAX_of_the_upstream_is_kept_across_messages()
    {
        await using var sink = Sink("LIMITS MAILMAX=2");
        await using var rig = new DeliveryRig(OneSession(sink, d => d));
        for (int i = 0; i < 6; i++) rig.Send();
        await sink.WaitAsync(6);
        Assert.Equal(3, sink.Connections);
        Assert.All(sink.Messages, m => Assert.InRange(m.NumberInConnection, 1, 2));
    }

    [Theory]
    [InlineData(SinkFault.Reply)]
    [InlineData(SinkFault.Close)]
    public async Task Sessions_that_are_ended_after_the_same_number_of_messages_are_an_incident_though_no_mail_is_delayed(SinkFault fault)
    {
        await using var sink = new RecordingSink();
        sink.Misbehave(new SinkRule(SinkStage.Mail, fault, "421 4.7.0 closing") { When = v => v.Taken >= 3 });
        await using var rig = new DeliveryRig(OneSession(sink, d => d));
        for (int i = 0; i < 10; i++) rig.Send();
        await sink.WaitAsync(10);
        await DeliveryRig.Until(() => rig.Store.Count == 0, "the settlements");
        Assert.All(rig.Store.Settlements, s => Assert.All(s.Settlement.Recipients, r => Assert.Equal(RecipientStatus.Delivered, r.Status)));
        var incident = Assert.Single(rig.Engine.Parts.Diagnoses.Book.Snapshot(withClosed: true));
        Assert.True(incident.Cause == "rate-limited", $"{incident.Cause}: {string.Join("; ", incident.Diagnosis.Evidence.Select(e => $"{e.Id} {e.Observed}"))}; {string.Join("; ", incident.Diagnosis.Alternatives.Select(a => $"{a.Cause} {a.Confidence}"))}");
        Assert.Contains(incident.Diagnosis.Evidence, e => e.Id == "history.per-session-limit");
        Assert.Contains("3", incident.Diagnosis.Verdict.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_session_that_is_ended_once_is_no_incident()
    {
        await using var sink = new RecordingSink();
        sink.Misbehave(new SinkRule(SinkStage.Mail, SinkFault.Reply, "421 4.3.2 closing", Times: 1) { When = v => v.Taken >= 3 });
        await using var rig = new DeliveryRig(OneSession(sink, d => d));
        for (int i = 0; i < 10; i++) rig.Send();
        await sink.WaitAsync(10);
        await DeliveryRig.Until(() => rig.Store.Count == 0, "the settlements");
        Assert.Empty(rig.Engine.Parts.Diagnoses.Book.Snapshot(withClosed: true));
    }

    [Fact]
    public async Task Connections_beyond_what_a_peer_lets_in_at_once_show_in_our_record_while_others_are_served()
    {
        await using var sink = new RecordingSink();
        sink.Misbehave(new SinkRule(SinkStage.Connect, SinkFault.Close) { When = v => v.Open > 2 });
        sink.Misbehave(new SinkRule(SinkStage.Mail, SinkFault.Delay, Delay: TimeSpan.FromMilliseconds(100)));
        await using var rig = new DeliveryRig(DeliveryRig.Config(sink.EndPoint));
        for (int i = 0; i < 12; i++) rig.Send();
        await sink.WaitAsync(2);
        // The peer has them before our side has told of it.
        await DeliveryRig.Until(() => rig.Engine.Registry.Tried.Any(), "what came of the first");
        var upstream = Assert.Single(rig.Engine.Registry.Tried);
        HistoryFact? record = null;
        await DeliveryRig.Until(() => (record = upstream.Record.Read(rig.Time.GetUtcNow(), TimeSpan.FromMinutes(10))) is { ConcurrencyRefused: > 0, ConcurrencyAccepted: > 0 }, "a refusal and a success");
        Assert.InRange(record!.ConcurrencyAccepted, 1, 2);
        Assert.True(record.ConcurrencyRefused >= 2, record.ToString());
    }

    [Fact]
    public async Task MAILMAX_counts_refused_transactions_too()
    {
        await using var sink = Sink("LIMITS MAILMAX=2");
        sink.Refuse(SinkStage.Rcpt, "550 5.1.1 no such user", "you@example.org");
        await using var rig = new DeliveryRig(OneSession(sink, d => d));
        for (int i = 0; i < 4; i++) rig.Send(from: "");
        await DeliveryRig.Until(() => rig.Store.Count == 0, "the settlements");
        for (int connection = 1; connection <= sink.Connections; connection++)
            Assert.InRange(sink.Commands.Count(c => c.StartsWith($"{connection}: MAIL", StringComparison.Ordinal)), 1, 2);
    }

    [Fact]
    public async Task MAILMAX_is_kept_within_one_message_and_the_rest_goes_over_another_session_at_once()
    {
        await using var sink = Sink("LIMITS RCPTMAX=2 MAILMAX=2");
        await using var rig = new DeliveryRig(OneSession(sink, d => d));
        var id = rig.Send(string.Join(' ', Enumerable.Range(0, 9).Select(i => $"r{i}@example.org")));
        await DeliveryRig.Until(() => !rig.Store.Contains(id), "the settlement");
        Assert.Equal([2, 2, 2, 2, 1], sink.Messages.Select(m => m.Recipients.Count));
        Assert.Equal([1, 1, 2, 2, 3], sink.Messages.Select(m => m.Connection));
        Assert.Single(rig.Store.Settlements);
    }

    [Fact]
    public async Task A_route_says_from_which_address_and_under_which_name_its_mail_goes()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "SKIPPED: only Linux has all of 127/8");
        var script = Script.Parse("S: 220 x\nC: EHLO *\nS: 250 x\nC: MAIL *\nS: 250 ok\nC: RCPT *\nS: 250 ok\nC: DATA\nS: 354 go\nbody\nS: 250 taken\nC: QUIT\nS: 221 bye\n");
        await using var peer = new ScriptedPeer([script]);
        var config = DeliveryRig.Config(peer.EndPoint);
        await using var rig = new DeliveryRig(config with
        {
            Egress = [new EgressConfig { Name = "out", Address = "127.0.0.78", Hello = "out.relay.test" }],
            Route = [new RouteConfig { Match = new RouteMatch { RecipientDomain = ["example.com"] }, Upstreams = ["a"], Egress = ["out"] }, new RouteConfig { Upstreams = ["a"] }],
        });
        rig.Send("you@example.com");
        await DeliveryRig.Until(() => rig.Store.Count == 0, "the first settlement");
        rig.Send("you@example.org");
        await DeliveryRig.Until(() => rig.Store.Count == 0, "the second settlement");
        rig.Engine.Pool.CloseIdle(TimeSpan.Zero);
        var (first, second) = (await peer.SessionAsync(1), await peer.SessionAsync(2));
        Assert.Equal((IPAddress.Parse("127.0.0.78"), IPAddress.Loopback), (first.Remote.Address, second.Remote.Address));
        Assert.StartsWith("EHLO out.relay.test\r\n", first.ReceivedText, StringComparison.Ordinal);
        Assert.StartsWith("EHLO relay.test\r\n", second.ReceivedText, StringComparison.Ordinal);
    }
}
