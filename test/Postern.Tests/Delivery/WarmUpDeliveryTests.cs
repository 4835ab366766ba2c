using System.Net;
using Microsoft.Extensions.Time.Testing;
using Postern.Core.Configuration;
using Postern.Core.Delivery;
using Postern.Core.Queue;
using Postern.Core.Submission;
using Postern.Core.WarmUp;
using Postern.Lab.Peers;

namespace Postern.Tests.Delivery;

/// <summary>A new address of ours takes its share of the day, the others take the rest. On real sockets, with a clock that is moved.</summary>
public sealed class WarmUpDeliveryTests : IDisposable
{
    private static readonly IPAddress Old = IPAddress.Parse("127.0.0.21"), New = IPAddress.Parse("127.0.0.22");

    private readonly string _data = Directory.CreateTempSubdirectory("postern-warmup-").FullName;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    private PosternConfig From(PosternConfig config, string[] egress, params int[] plan)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "SKIPPED: only Linux has all of 127/8");
        return config with
        {
            Server = config.Server with { Data = _data },
            // A notice is mail from the same address.
            Delivery = config.Delivery with { DelayNotice = TimeSpan.Zero },
            Egress = [new() { Name = "old", Address = Old.ToString() }, new() { Name = "new", Address = New.ToString(), WarmUpPlan = plan }],
            Route = [new RouteConfig { Upstreams = [.. config.Upstream.Select(u => u.Name)], Egress = egress }],
        };
    }

    /// <summary>Messages taken from the new address.</summary>
    private int _fromNew;

    private RecordingSink Sink()
    {
        var sink = new RecordingSink();
        sink.Misbehave(new SinkRule(SinkStage.EndOfData, SinkFault.Reply) { When = v => v.Client.Equals(New) && Interlocked.Increment(ref _fromNew) < 0 });
        return sink;
    }

    private static WarmUpSnapshot Of(DeliveryRig rig) => Assert.Single(rig.Engine.Registry.WarmUps.Snapshot().Runs);

    /// <summary>A message every <paramref name="every"/>, all of them delivered before the clock goes on.</summary>
    private static async Task SendAsync(DeliveryRig rig, int count, TimeSpan every)
    {
        for (int i = 0; i < count; i++)
        {
            rig.Send();
            await DeliveryRig.Until(() => rig.Store.Count == 0, $"message {i + 1} of {count}");
            rig.Clock.Advance(every);
        }
    }

    [Fact]
    public async Task A_new_address_takes_its_days_share_spread_over_the_day_and_the_other_address_the_rest_at_once()
    {
        await using var sink = Sink();
        await using var rig = new DeliveryRig(From(DeliveryRig.Config(sink.EndPoint), ["old", "new"], 8, 16, 32), time: new FakeTimeProvider(DeliveryRig.Start));

        await SendAsync(rig, 96, TimeSpan.FromMinutes(15));
        Assert.Equal((8, 96), (_fromNew, sink.Accepted));
        Assert.Equal(DeliveryRig.Start.AddDays(1), rig.Clock.GetUtcNow());

        await SendAsync(rig, 96, TimeSpan.FromMinutes(15));
        Assert.Equal(8 + 16, _fromNew);
        Assert.Equal(3, Of(rig).Day.Number);

        await SendAsync(rig, 12, TimeSpan.FromHours(2));
        Assert.InRange(_fromNew - 24, 3, 9);
        // A day of little mail is used by a few: it comes again.
        rig.Clock.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal((3, WarmUpTurn.Repeat, 0), (Of(rig).Day.Number, Of(rig).LastTurn, Of(rig).Day.Taken));
        Assert.All(rig.Store.Settlements, s => Assert.Equal(RecipientStatus.Delivered, s.Settlement.Recipients[0].Status));
    }

    [Fact]
    public async Task Without_another_address_the_rest_waits_for_its_place_and_for_tomorrow()
    {
        await using var sink = Sink();
        await using var rig = new DeliveryRig(From(DeliveryRig.Config(sink.EndPoint), ["new"], 8, 16), time: new FakeTimeProvider(DeliveryRig.Start));
        for (int i = 0; i < 20; i++) rig.Send();
        await sink.WaitAsync(2);
        await DeliveryRig.Until(() => rig.Engine.Scheduler.Workers == 0, "the pause");
        Assert.Equal(2, sink.Accepted);
        Assert.NotNull(Assert.Single(rig.Engine.Scheduler.Snapshot(9)).PausedUntil);
        for (int i = 0; i < 23 * 6; i++)
        {
            rig.Clock.Advance(TimeSpan.FromMinutes(10));
            await DeliveryRig.Until(() => rig.Engine.Scheduler.Workers == 0, "the pause");
        }
        Assert.Equal((8, 12), (sink.Accepted, rig.Store.Count));
        Assert.True(Of(rig).IsHeld);
        await rig.Advance(() => rig.Store.Count == 0, TimeSpan.FromMinutes(10), 100, "the second day");
        Assert.Equal((20, 2), (sink.Accepted, Of(rig).Day.Number));
        Assert.All(rig.Store.Settlements, s => Assert.NotEqual(RecipientStatus.Bounced, s.Settlement.Recipients[0].Status));
    }

    [Fact]
    public async Task Turned_away_it_rests_while_the_other_carries_on_and_the_next_day_is_a_step_back()
    {
        await using var sink = Sink();
        await using var rig = new DeliveryRig(From(DeliveryRig.Config(sink.EndPoint), ["old", "new"], 8, 16, 32), time: new FakeTimeProvider(DeliveryRig.Start));
        await SendAsync(rig, 96, TimeSpan.FromMinutes(15));
        await SendAsync(rig, 20, TimeSpan.FromMinutes(15));
        Assert.Equal(2, Of(rig).Day.Number);
        rig.Clock.Advance(TimeSpan.FromMinutes(30));
        sink.Misbehave(new SinkRule(SinkStage.Connect, SinkFault.Reply, "554 5.7.1 Client host [127.0.0.22] blocked using zen.spamhaus.org") { When = v => v.Client.Equals(New) });
        await SendAsync(rig, 70, TimeSpan.FromMinutes(15));
        Assert.Equal(96 + 20 + 70, sink.Accepted);
        rig.Clock.SetUtcNow(DeliveryRig.Start.AddDays(2).AddSeconds(20));
        Assert.Equal((1, WarmUpTurn.StepBack), (Of(rig).Day.Number, Of(rig).LastTurn));
    }

    [Fact]
    public async Task A_refused_message_does_not_count()
    {
        await using var sink = Sink();
        sink.Refuse(SinkStage.Rcpt, "550 5.1.1 no such user", times: 5);
        await using var rig = new DeliveryRig(From(DeliveryRig.Config(sink.EndPoint), ["new"], 50), time: new FakeTimeProvider(DeliveryRig.Start));
        for (int i = 0; i < 6; i++)
        {
            rig.Send(from: "");
            await DeliveryRig.Until(() => rig.Engine.Scheduler.Waiting == 0 && rig.Engine.Scheduler.Workers == 0, "the answer");
        }
        Assert.Equal((1, 1), (sink.Accepted, Of(rig).Day.Taken));
    }

    [Fact]
    public async Task After_a_restart_the_day_goes_on()
    {
        await using var sink = Sink();
        var config = From(DeliveryRig.Config(sink.EndPoint), ["new"], 8, 16);
        await using (var rig = new DeliveryRig(config, time: new FakeTimeProvider(DeliveryRig.Start))) await SendAsync(rig, 4, TimeSpan.FromHours(2));
        await using var again = new DeliveryRig(config, time: new FakeTimeProvider(DeliveryRig.Start.AddHours(9)));
        Assert.Equal((1, 4), (Of(again).Day.Number, Of(again).Day.Taken));
        await SendAsync(again, 4, TimeSpan.FromHours(2));
        again.Send();
        await DeliveryRig.Until(() => again.Engine.Scheduler.Snapshot(1) is [{ PausedUntil: not null }], "the pause");
        Assert.Equal(8, sink.Accepted);
    }

    [Fact]
    public async Task A_transaction_passed_through_live_takes_a_place_and_goes_by_the_other_address_when_there_is_none()
    {
        await using var sink = Sink();
        var config = From(DeliveryRig.Config(sink.EndPoint), ["old", "new"], 2);
        await using var rig = new DeliveryRig(config, time: new FakeTimeProvider(DeliveryRig.Start));
        var inline = new InlineConnector(rig.Engine);
        for (int i = 0; i < 6; i++)
        {
            var opening = await inline.OpenAsync("pool:a@old,new", fresh: true, TestContext.Current.CancellationToken);
            Assert.NotNull(opening.Upstream);
            opening.Upstream.Tally.Hear(Postern.Protocols.Smtp.ClientStage.Rcpt, Postern.Protocols.Smtp.SmtpReply.Of(250, "2.0.0", "ok"));
            opening.Upstream.Tally.Hear(Postern.Protocols.Smtp.ClientStage.EndOfData, Postern.Protocols.Smtp.SmtpReply.Of(250, "2.0.0", "ok"));
            opening.Upstream.Drop(null);
            rig.Clock.Advance(TimeSpan.FromHours(2));
        }
        Assert.Equal(2, Of(rig).Day.Taken);
        var alone = await inline.OpenAsync("pool:a@new", fresh: true, TestContext.Current.CancellationToken);
        Assert.Null(alone.Upstream);
        Assert.Equal("our address new is new to a: 2 of 2 messages were taken today, on day 1 of 1 of its warm-up", alone.Failure!.Detail);
    }

    [Fact]
    public async Task An_operator_who_takes_the_plan_away_has_the_mail_go_at_once()
    {
        await using var sink = Sink();
        var config = From(DeliveryRig.Config(sink.EndPoint), ["new"], 8, 16);
        await using var rig = new DeliveryRig(config, time: new FakeTimeProvider(DeliveryRig.Start));
        for (int i = 0; i < 20; i++) rig.Send();
        await DeliveryRig.Until(() => rig.Engine.Scheduler.Snapshot(1) is [{ PausedUntil: not null, Sessions: 0 }], "the pause");
        rig.Engine.Apply(new DeliveryModel(From(config, ["new"]), rig.Engine.Registry, 2, rig.Time));
        await DeliveryRig.Until(() => rig.Store.Count == 0, "all mail, with the clock standing");
        Assert.Equal(20, sink.Accepted);
    }

    [Fact]
    public async Task What_the_other_address_was_refused_for_good_is_returned_at_once_and_not_kept_for_the_new_one()
    {
        await using var sink = Sink();
        await using var rig = new DeliveryRig(From(DeliveryRig.Config(sink.EndPoint), ["old", "new"], 1), time: new FakeTimeProvider(DeliveryRig.Start));
        await SendAsync(rig, 4, TimeSpan.FromSeconds(1));
        Assert.Equal(1, _fromNew);
        sink.Refuse(SinkStage.Mail, "550 5.0.0 no");
        for (int i = 0; i < 6; i++) rig.Send(from: "");
        await DeliveryRig.Until(() => rig.Store.Count == 0, "the six to be settled");
        Assert.Equal(6, rig.Store.Settlements.Count(s => s.Settlement.Recipients[0].Status == RecipientStatus.Bounced));
    }
}
