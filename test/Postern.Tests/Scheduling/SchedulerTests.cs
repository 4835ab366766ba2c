using Postern.Core.Queue;
using Postern.Core.Scheduling;

namespace Postern.Tests.Scheduling;

[Collection(Alone.Name)]
public sealed class SchedulerTests : IDisposable
{
    private readonly SchedulerRig _rig = new();

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void A_due_part_starts_one_loop_that_takes_it_and_ends()
    {
        var scheduler = _rig.New();
        var id = _rig.File("mx:a.test");
        var queue = Assert.Single(_rig.Started);
        Assert.True(scheduler.TryTake(queue, 0, true, out var part));
        Assert.Equal(id, part.Id);
        Assert.False(scheduler.TryTake(queue, 1, true, out _));
        Assert.Equal(0, scheduler.Workers);
        Assert.Empty(scheduler.Snapshot(10));
    }

    [Fact]
    public void A_part_due_later_starts_its_loop_then()
    {
        var scheduler = _rig.New();
        _rig.File("mx:a.test", TimeSpan.FromMinutes(5));
        _rig.Time.Advance(TimeSpan.FromMinutes(4));
        Assert.Empty(_rig.Started);
        _rig.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Single(_rig.Started);
    }

    [Fact]
    public void Parts_come_by_priority_and_then_in_order_of_waiting()
    {
        _rig.New();
        var first = _rig.File("mx:a.test");
        var second = _rig.File("mx:a.test");
        var urgent = _rig.File("mx:a.test", priority: 3);
        Assert.Equal([urgent, first, second], _rig.Take(_rig.Started[0]).Select(p => p.Id));
    }

    [Fact]
    public void A_burst_is_served_by_a_few_sessions_and_grows_with_the_backlog()
    {
        var scheduler = _rig.New();
        for (int i = 0; i < 5; i++) _rig.File("mx:a.test");
        Assert.Equal(2, _rig.Started.Count);
        scheduler.Proven(_rig.Started[0]);
        for (int i = 0; i < 200; i++) _rig.File("mx:a.test");
        Assert.Equal(20, _rig.Started.Count);
    }

    [Fact]
    public void A_message_that_waits_behind_a_slow_session_gets_its_own()
    {
        var scheduler = _rig.New();
        _rig.File("mx:a.test");
        Assert.True(scheduler.TryTake(_rig.Started[0], 0, true, out _));
        _rig.File("mx:a.test");
        Assert.Single(_rig.Started);
        _rig.Time.Advance(TimeSpan.FromMilliseconds(30));
        Assert.Equal(2, _rig.Started.Count);
    }

    [Fact]
    public void Destinations_take_turns_when_all_sessions_are_in_use()
    {
        var scheduler = _rig.New(total: 1);
        for (int i = 0; i < 40; i++) _rig.File("mx:a.test");
        for (int i = 0; i < 40; i++) _rig.File("mx:b.test");
        for (int i = 0; i < 3; i++) _rig.File("mx:c.test");
        var order = new List<string>();
        for (int loop = 0; loop < _rig.Started.Count; loop++)
        {
            var queue = _rig.Started[loop];
            int sent = 0;
            while (scheduler.TryTake(queue, sent, true, out _)) sent++;
            order.Add($"{queue.Name[3]}{sent}");
        }
        Assert.Equal(["a16", "b16", "c3", "a16", "b16", "a8", "b8"], order);
    }

    [Fact]
    public void A_gated_destination_is_left_alone_then_tried_by_one_loop_and_opened_by_its_success()
    {
        var scheduler = _rig.New();
        for (int i = 0; i < 100; i++) _rig.File("pool:a");
        var queue = _rig.Started[0];
        int before = _rig.Started.Count;
        scheduler.Gate(queue, _rig.Time.GetUtcNow() + TimeSpan.FromSeconds(10));
        for (int i = 0; i < before; i++) scheduler.EndWorker(queue);
        for (int i = 0; i < 100; i++) _rig.File("pool:a");
        _rig.Time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(before, _rig.Started.Count);
        _rig.Time.Advance(TimeSpan.FromSeconds(1));
        _rig.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(before + 1, _rig.Started.Count);
        scheduler.Open(queue);
        Assert.True(scheduler.TryTake(queue, 0, true, out _));
        Assert.True(_rig.Started.Count > before + 1);
    }

    [Fact]
    public void A_loop_that_leaves_a_good_session_lets_new_mail_use_it_through_a_closed_gate()
    {
        var scheduler = _rig.New();
        _rig.File("pool:a");
        var queue = _rig.Started[0];
        Assert.True(scheduler.TryTake(queue, 0, false, out _));
        scheduler.Gate(queue, _rig.Time.GetUtcNow() + TimeSpan.FromSeconds(10));
        Assert.False(scheduler.TryTake(queue, 1, true, out _));
        _rig.File("pool:a");
        Assert.Equal(2, _rig.Started.Count);
    }

    [Fact]
    public void An_operators_retry_opens_the_gate_for_one_try()
    {
        var scheduler = _rig.New();
        _rig.File("pool:a");
        var queue = _rig.Started[0];
        scheduler.Gate(queue, _rig.Time.GetUtcNow() + TimeSpan.FromMinutes(1));
        scheduler.EndWorker(queue);
        Assert.Single(_rig.Started);
        _rig.File("pool:a", notes: FilingNotes.RetryRequested);
        Assert.Equal(2, _rig.Started.Count);
        Assert.True(scheduler.TakeRetryAsked(queue));
        Assert.False(scheduler.TakeRetryAsked(queue));
    }

    [Fact]
    public void What_expires_or_is_late_behind_a_gate_is_found_without_being_tried()
    {
        var scheduler = _rig.New();
        var expiring = _rig.File("pool:a", expires: TimeSpan.FromHours(1));
        _rig.File("pool:a", notes: FilingNotes.DelayNotified);
        var late = _rig.File("pool:a");
        var queue = _rig.Started[0];
        scheduler.Gate(queue, _rig.Time.GetUtcNow() + TimeSpan.FromDays(1));
        scheduler.EndWorker(queue);
        Assert.Empty(scheduler.TakeOverdue(TimeSpan.FromHours(4), 100));
        _rig.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal([expiring], scheduler.TakeOverdue(TimeSpan.FromHours(4), 100).Select(o => o.Part.Id));
        _rig.Time.Advance(TimeSpan.FromHours(3));
        Assert.Equal([late], scheduler.TakeOverdue(TimeSpan.FromHours(4), 100).Select(o => o.Part.Id));
        Assert.Equal(1, Assert.Single(scheduler.Snapshot(10)).Waiting);
    }

    [Fact]
    public void A_million_waiting_parts_cost_24_bytes_each_and_come_out_in_order()
    {
        var scheduler = _rig.New(perDestination: 1);
        _rig.File("pool:a");
        var queue = _rig.Started[0];
        long before = GC.GetTotalMemory(true);
        var random = new Random(1);
        for (int i = 0; i < 1_000_000; i++) _rig.File("pool:a", TimeSpan.FromSeconds(random.Next(1, 3600)));
        Assert.InRange(GC.GetTotalMemory(true) - before, 0, 60L << 20);
        _rig.Time.Advance(TimeSpan.FromHours(2));
        long last = 0;
        int count = 0;
        while (scheduler.TryTake(queue, 0, true, out var part))
        {
            // The first comes from before, and ready ones are moved in steps: order holds within a step.
            count++;
            last = Math.Max(last, part.Due);
        }
        Assert.Equal(1_000_001, count);
    }

    [Fact]
    public void After_stop_nothing_is_given_out()
    {
        var scheduler = _rig.New();
        _rig.File("pool:a");
        scheduler.Stop();
        Assert.False(scheduler.TryTake(_rig.Started[0], 0, true, out _));
    }
}
