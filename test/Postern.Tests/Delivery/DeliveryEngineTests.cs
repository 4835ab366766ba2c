using System.Net;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Postern.Core.Configuration;
using Postern.Core.Queue;
using Postern.Core.Upstreams;
using Postern.Lab.Peers;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Delivery;

public sealed class DeliveryEngineTests
{
    [Fact]
    public async Task A_message_reaches_the_upstream_byte_for_byte_and_is_settled()
    {
        await using var sink = new RecordingSink();
        await using var rig = new DeliveryRig(DeliveryRig.Config(sink.EndPoint));
        var id = rig.Send(text: "Subject: x\r\n\r\n.dot\r\nlast\r\n");
        var message = Assert.Single(await sink.WaitAsync(1));
        Assert.Equal("Subject: x\r\n\r\n.dot\r\nlast\r\n", message.Text);
        await DeliveryRig.Until(() => !rig.Store.Contains(id), "the settlement");
        Assert.Equal([new RecipientUpdate(0, RecipientStatus.Delivered)], rig.LastSettlement(id).Recipients);
        Assert.Null(rig.LastSettlement(id).Evidence);
    }

    [Fact]
    public async Task A_thousand_messages_use_few_sessions()
    {
        await using var sink = new RecordingSink();
        await using var rig = new DeliveryRig(DeliveryRig.Config(sink.EndPoint));
        for (int i = 0; i < 1000; i++) rig.Send();
        await sink.WaitAsync(1000, TimeSpan.FromSeconds(30));
        Assert.True(sink.Connections is >= 1 and <= 20, $"{sink.Connections} connections; {string.Join("; ", rig.Engine.Registry.Lanes.Snapshot())}; {rig.Engine.Registry.Snapshot(1)[0].Failures.FirstOrDefault()?.Failure}");
        await DeliveryRig.Until(() => rig.Store.Count == 0, "the settlements");
    }

    [Theory]
    [InlineData("554 5.7.1 Service unavailable; Client host [192.0.2.10] blocked using zen.spamhaus.org", RecipientStatus.Waiting)]
    [InlineData("550 5.1.1 <b@example.net>: no such user here", RecipientStatus.Bounced)]
    [InlineData("554 5.7.1 message looks like spam", RecipientStatus.Bounced)]
    public async Task A_refusal_of_a_recipient_that_is_about_our_address_is_no_bounce(string reply, RecipientStatus expected)
    {
        await using var sink = new RecordingSink();
        sink.Refuse(SinkStage.Rcpt, reply);
        await using var rig = new DeliveryRig(DeliveryRig.Config(sink.EndPoint));
        var id = rig.Send();
        await DeliveryRig.Until(() => rig.Store.Settlements.Any(s => s.Id == id), "the settlement");
        Assert.Equal(expected, Assert.Single(rig.LastSettlement(id).Recipients).Status);
    }

    [Fact]
    public async Task A_session_is_used_for_the_next_message_and_closed_when_it_has_been_idle()
    {
        await using var sink = new RecordingSink();
        await using var rig = new DeliveryRig(DeliveryRig.Config(sink.EndPoint) with { Delivery = new() { SessionIdle = TimeSpan.FromSeconds(1) } });
        rig.Send();
        await sink.WaitAsync(1);
        await DeliveryRig.Until(() => rig.Engine.Pool.Idle == 1, "the idle session");
        rig.Send();
        await sink.WaitAsync(2);
        Assert.Equal(1, sink.Connections);
        await DeliveryRig.Until(() => sink.Commands.Contains("1: QUIT"), "QUIT");
    }

    [Fact]
    public async Task A_session_carries_no_more_messages_than_it_may()
    {
        await using var sink = new RecordingSink();
        var config = DeliveryRig.Config(sink.EndPoint);
        await using var rig = new DeliveryRig(config with { Delivery = config.Delivery with { MaxMessagesPerSession = 2, MaxSessionsPerDestination = 1 } });
        for (int i = 0; i < 6; i++) rig.Send();
        await sink.WaitAsync(6);
        Assert.Equal(3, sink.Connections);
        Assert.All(sink.Messages, m => Assert.InRange(m.NumberInConnection, 1, 2));
    }

    [Fact]
    public async Task A_session_the_peer_closed_while_idle_is_replaced_without_counting_an_attempt()
    {
        await using var sink = new RecordingSink();
        await using var rig = new DeliveryRig(DeliveryRig.Config(sink.EndPoint));
        rig.Send();
        await sink.WaitAsync(1);
        await DeliveryRig.Until(() => rig.Engine.Pool.Idle == 1, "the idle session");
        await sink.GoDownAsync();
        sink.GoUp();
        var id = rig.Send();
        await sink.WaitAsync(2);
        await DeliveryRig.Until(() => !rig.Store.Contains(id), "the settlement");
        Assert.Single(rig.Store.Settlements, s => s.Id == id);
        Assert.Equal(GateState.Open, rig.Engine.Registry.Snapshot(1)[0].Health.State);
    }

    [Fact]
    public async Task The_next_member_of_a_pool_takes_over_in_the_same_attempt()
    {
        await using var dead = new RecordingSink();
        await using var alive = new RecordingSink();
        await dead.GoDownAsync();
        await using var rig = new DeliveryRig(DeliveryRig.Config(dead.EndPoint, alive.EndPoint));
        for (int i = 0; i < 10; i++) rig.Send();
        await alive.WaitAsync(10);
        await DeliveryRig.Until(() => rig.Store.Count == 0, "the settlements");
        Assert.All(rig.Store.Settlements, s => Assert.Equal(RecipientStatus.Delivered, s.Settlement.Recipients[0].Status));
    }

    [Fact]
    public async Task A_lower_order_is_used_alone_while_it_works()
    {
        await using var first = new RecordingSink();
        await using var second = new RecordingSink();
        var config = DeliveryRig.Config(first.EndPoint, second.EndPoint);
        await using var rig = new DeliveryRig(config with { Upstream = [config.Upstream[0], config.Upstream[1] with { Order = 1 }] });
        for (int i = 0; i < 10; i++) rig.Send();
        await first.WaitAsync(10);
        await first.GoDownAsync();
        rig.Send();
        await second.WaitAsync(1);
    }

    [Fact]
    public async Task Equal_members_share_the_mail_by_weight()
    {
        await using var a = new RecordingSink();
        await using var b = new RecordingSink();
        var config = DeliveryRig.Config(a.EndPoint, b.EndPoint);
        await using var rig = new DeliveryRig(config with { Upstream = [config.Upstream[0] with { Weight = 30, MaxSessions = 100 }, config.Upstream[1] with { Weight = 10, MaxSessions = 100 }] });
        for (int i = 1; i <= 40; i++)
        {
            // One after the other: where the sessions of one are all in use, the other steps in, and the turn is made up for later (see SmoothWeightsTests).
            rig.Send();
            await DeliveryRig.Until(() => rig.Store.Settlements.Count == i, "the message");
        }
        Assert.Equal((30, 10), (a.Accepted, b.Accepted));
    }

    [Fact]
    public async Task Each_recipient_has_its_own_fate_and_the_bounce_tells_only_of_the_refused()
    {
        await using var sink = new RecordingSink();
        sink.Refuse(SinkStage.Rcpt, "550 5.1.1 no such user", "bad@example.org");
        sink.Refuse(SinkStage.Rcpt, "450 4.2.0 greylisted", "later@example.org");
        await using var rig = new DeliveryRig(DeliveryRig.Config(sink.EndPoint));
        var id = rig.Send("good@example.org bad@example.org later@example.org");
        var messages = await sink.WaitAsync(2);
        Assert.Equal(["good@example.org"], messages[0].Recipients);
        Assert.Equal(["me@example.net"], messages[1].Recipients);
        Assert.Equal("", messages[1].From);
        Assert.Contains("Final-Recipient: rfc822;bad@example.org", messages[1].Text, StringComparison.Ordinal);
        Assert.DoesNotContain("later@example.org", messages[1].Text.Split("message/delivery-status")[1].Split("message/rfc822")[0], StringComparison.Ordinal);
        var settlement = rig.LastSettlement(id);
        Assert.Equal([RecipientStatus.Delivered, RecipientStatus.Bounced, RecipientStatus.Waiting], settlement.Recipients.Select(r => r.Status));
        Assert.Equal("450 4.2.0 greylisted", settlement.Recipients[2].Reply);
        Assert.True(settlement.CountsAsAttempt);
        Assert.Equal((1, 1, 1), (settlement.Evidence!.Delivered, settlement.Evidence.Refused, settlement.Evidence.Deferred));
    }

    [Fact]
    public async Task Recipients_are_split_by_our_limit_and_again_by_the_upstreams()
    {
        await using var sink = new RecordingSink();
        sink.Refuse(SinkStage.Rcpt, "452 4.5.3 too many recipients", "r3@example.org", times: 1);
        sink.Refuse(SinkStage.Rcpt, "452 4.5.3 too many recipients", "r4@example.org", times: 1);
        var config = DeliveryRig.Config(sink.EndPoint);
        await using var rig = new DeliveryRig(config with { Delivery = config.Delivery with { MaxRecipientsPerTransaction = 5 } });
        var id = rig.Send(string.Join(' ', Enumerable.Range(0, 7).Select(i => $"r{i}@example.org")));
        await DeliveryRig.Until(() => !rig.Store.Contains(id), "the settlement");
        Assert.Equal(1, sink.Connections);
        Assert.Equal([3, 3, 1], sink.Messages.Select(m => m.Recipients.Count));
        Assert.Single(rig.Store.Settlements);
    }

    [Fact]
    public async Task A_dead_upstream_is_not_tried_once_per_message_and_everything_drains_when_it_is_back()
    {
        await using var sink = new RecordingSink();
        await using var rig = new DeliveryRig(DeliveryRig.Config(sink.EndPoint), time: new FakeTimeProvider(DeliveryRig.Start));
        sink.Refuse(SinkStage.Connect, "421 4.3.2 not now");
        for (int i = 0; i < 500; i++) rig.Send();
        await DeliveryRig.Until(() => rig.Engine.Scheduler.Workers == 0 && sink.Connections > 0, "the first failures");
        int atFirst = sink.Connections;
        Assert.InRange(atFirst, 1, 20);
        for (int second = 0; second < 60; second++)
        {
            rig.Clock.Advance(TimeSpan.FromSeconds(1));
            await DeliveryRig.Until(() => rig.Engine.Scheduler.Workers == 0, "the try");
        }
        // One at a time, after 1, 2 and 3 s and then every 4 s.
        int after = sink.Connections - atFirst;
        Assert.True(after is >= 8 and <= 17, $"{after} tries after {atFirst}; {string.Join("; ", rig.Engine.Registry.Lanes.Snapshot())}; {rig.Engine.Registry.Snapshot(1)[0].Health}; {string.Join(", ", rig.Engine.Scheduler.Snapshot(3))}");
        Assert.All(rig.Store.Settlements, s => Assert.False(s.Settlement.CountsAsAttempt));
        Assert.Equal(0, sink.Accepted);

        sink.Behave();
        await rig.Advance(() => sink.Accepted > 0, TimeSpan.FromSeconds(5), 20, "recovery");
        await DeliveryRig.Until(() => sink.Accepted == 500, "the queue to drain without the clock");
        await DeliveryRig.Until(() => rig.Store.Count == 0, "the settlements");
    }

    [Fact]
    public async Task An_upstream_that_turns_every_message_away_with_421_is_gated_too()
    {
        await using var sink = new RecordingSink();
        sink.Refuse(SinkStage.Mail, "421 4.7.0 try again later");
        await using var rig = new DeliveryRig(DeliveryRig.Config(sink.EndPoint), time: new FakeTimeProvider(DeliveryRig.Start));
        for (int i = 0; i < 200; i++) rig.Send();
        await DeliveryRig.Until(() => rig.Engine.Scheduler.Workers == 0 && sink.Connections > 0, "the first failures");
        Assert.InRange(sink.Connections, 1, 20);
        Assert.Equal(GateState.Closed, rig.Engine.Registry.Snapshot(1)[0].Health.State);
    }

    [Fact]
    public async Task An_operators_retry_reopens_the_gate_at_once()
    {
        await using var sink = new RecordingSink();
        await using var rig = new DeliveryRig(DeliveryRig.Config(sink.EndPoint), time: new FakeTimeProvider(DeliveryRig.Start));
        await sink.GoDownAsync();
        var id = rig.Send();
        rig.Send();
        await DeliveryRig.Until(() => rig.Engine.Scheduler.Workers == 0 && rig.Engine.Registry.Snapshot(1)[0].Health.State == GateState.Closed, "the gate");
        sink.GoUp();
        rig.Store.Ask(id, FilingNotes.RetryRequested);
        await sink.WaitAsync(2);
    }

    [Fact]
    public async Task A_permanent_refusal_at_the_greeting_waits_and_bounces_only_when_the_message_expires()
    {
        await using var sink = new RecordingSink();
        sink.Refuse(SinkStage.Connect, "554 5.7.1 you are on a list");
        await using var rig = new DeliveryRig(DeliveryRig.Config(sink.EndPoint), time: new FakeTimeProvider(DeliveryRig.Start));
        var id = rig.Send(with: e => e with { ExpiresAt = e.AcceptedAt + TimeSpan.FromMinutes(10) });
        await DeliveryRig.Until(() => rig.Engine.Scheduler.Workers == 0 && !rig.Store.Settlements.IsEmpty, "the first failure");
        Assert.Equal(RecipientStatus.Waiting, rig.LastSettlement(id).Recipients[0].Status);
        await rig.Advance(() => rig.Store.Find(id) is null, TimeSpan.FromSeconds(10), 90, "expiry");
        var settlement = rig.LastSettlement(id);
        Assert.Equal(RecipientStatus.Bounced, settlement.Recipients[0].Status);
        string bounce = Encoding.Latin1.GetString(Assert.Single(settlement.NewMessages).Content.Span);
        Assert.Contains("you are on a list", bounce, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_sender_hears_of_a_delay_once_even_while_nothing_is_tried()
    {
        await using var sink = new RecordingSink();
        await sink.GoDownAsync();
        await using var rig = new DeliveryRig(DeliveryRig.Config(sink.EndPoint), time: new FakeTimeProvider(DeliveryRig.Start));
        var id = rig.Send();
        var second = rig.Send();
        await DeliveryRig.Until(() => rig.Engine.Scheduler.Workers == 0, "the first failure");
        await rig.Advance(() => rig.Store.Settlements.Count(s => s.Settlement.DelayNotified) == 2, TimeSpan.FromMinutes(10), 60, "the notices");
        for (int i = 0; i < 20; i++)
        {
            rig.Clock.Advance(TimeSpan.FromMinutes(1));
            await Task.Delay(5);
        }
        Assert.Single(rig.Store.Settlements, s => s.Id == id && s.Settlement.DelayNotified);
        Assert.Single(rig.Store.Settlements, s => s.Id == second && s.Settlement.DelayNotified);
        Assert.Contains("Action: delayed", Encoding.Latin1.GetString(rig.Store.Settlements.First(s => s.Settlement.DelayNotified).Settlement.NewMessages[0].Content.Span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_operators_bounce_is_obeyed_while_the_upstream_is_down()
    {
        await using var sink = new RecordingSink();
        await sink.GoDownAsync();
        await using var rig = new DeliveryRig(DeliveryRig.Config(sink.EndPoint));
        var id = rig.Send();
        await DeliveryRig.Until(() => rig.Engine.Scheduler.Workers == 0 && !rig.Store.Settlements.IsEmpty, "the first failure");
        rig.Store.Ask(id, FilingNotes.BounceRequested);
        await DeliveryRig.Until(() => rig.Store.Find(id) is null, "the bounce");
        Assert.Equal(RecipientStatus.Bounced, rig.LastSettlement(id).Recipients[0].Status);
        Assert.Single(rig.LastSettlement(id).NewMessages);
    }

    [Fact]
    public async Task Transient_refusals_follow_the_schedule()
    {
        await using var sink = new RecordingSink();
        sink.Refuse(SinkStage.Rcpt, "450 4.1.0 not now", times: 2);
        await using var rig = new DeliveryRig(DeliveryRig.Config(sink.EndPoint), time: new FakeTimeProvider(DeliveryRig.Start));
        var id = rig.Send();
        await DeliveryRig.Until(() => rig.Store.Settlements.Count == 1, "the first attempt");
        Assert.Equal(DeliveryRig.Start.AddMinutes(1), rig.LastSettlement(id).NextDue);
        await rig.Advance(() => rig.Store.Settlements.Count == 2, TimeSpan.FromSeconds(60), 1, "the second attempt");
        Assert.Equal(DeliveryRig.Start.AddMinutes(6), rig.LastSettlement(id).NextDue);
        await rig.Advance(() => sink.Accepted == 1, TimeSpan.FromSeconds(300), 1, "delivery");
    }

    [Fact]
    public async Task Mail_waiting_under_old_routes_goes_where_the_new_ones_say()
    {
        await using var old = new RecordingSink();
        await using var fresh = new RecordingSink();
        await old.GoDownAsync();
        await using var rig = new DeliveryRig(DeliveryRig.Config(old.EndPoint));
        for (int i = 0; i < 5; i++) rig.Send();
        await DeliveryRig.Until(() => rig.Engine.Scheduler.Workers == 0 && !rig.Store.Settlements.IsEmpty, "the first failure");
        var config = DeliveryRig.Config(old.EndPoint, fresh.EndPoint) with { Route = [new RouteConfig { Upstreams = ["b"] }] };
        rig.Router.Apply(config);
        rig.Engine.Apply(new Postern.Core.Delivery.DeliveryModel(config, rig.Engine.Registry, 2, rig.Time));
        await fresh.WaitAsync(5);
        await DeliveryRig.Until(() => rig.Store.Count == 0, "the settlements");
    }

    [Fact]
    public async Task A_stop_lets_a_transaction_end_and_says_QUIT()
    {
        await using var sink = new RecordingSink();
        sink.Misbehave(new SinkRule(SinkStage.EndOfData, SinkFault.Delay, Delay: TimeSpan.FromMilliseconds(300)));
        await using var rig = new DeliveryRig(DeliveryRig.Config(sink.EndPoint));
        var id = rig.Send();
        await DeliveryRig.Until(() => sink.Commands.Any(c => c.Contains("DATA", StringComparison.Ordinal) || c.Contains("BDAT", StringComparison.Ordinal)), "DATA");
        await rig.Engine.StopAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(1, sink.Accepted);
        Assert.False(rig.Store.Contains(id));
        Assert.Contains("1: QUIT", sink.Commands);
    }

    [Fact]
    public async Task A_stop_gives_back_what_hangs()
    {
        await using var sink = new RecordingSink();
        sink.Misbehave(new SinkRule(SinkStage.Mail, SinkFault.Hang));
        await using var rig = new DeliveryRig(DeliveryRig.Config(sink.EndPoint));
        var id = rig.Send();
        await DeliveryRig.Until(() => sink.Commands.Any(c => c.Contains("MAIL", StringComparison.Ordinal)), "MAIL");
        await rig.Engine.StopAsync(TimeSpan.FromMilliseconds(100)).WaitAsync(TimeSpan.FromSeconds(8));
        Assert.True(rig.Store.Contains(id));
        Assert.False(rig.Store.Find(id)!.Parts.Values.Single().Leased);
    }
}
