using Microsoft.Extensions.Time.Testing;
using Postern.Core.Queue;
using Postern.Core.Scheduling;

namespace Postern.Tests.Scheduling;

/// <summary>A limit of an upstream holds a destination back without saying that it cannot be reached.</summary>
public sealed class PauseTests : IDisposable
{
    private readonly SchedulerRig _rig = new();

    public void Dispose() => _rig.Dispose();

    private FakeTimeProvider Time => _rig.Time;

    [Fact]
    public void A_paused_destination_gives_out_nothing_and_goes_on_exactly_then_with_as_many_loops_as_it_needs()
    {
        var scheduler = _rig.New();
        _rig.FileMany("pool:a", 100);
        var queue = _rig.Started[0];
        Assert.True(scheduler.TryTake(queue, 0, true, out _));
        scheduler.Proven(queue);
        scheduler.Pause(queue, Time.GetUtcNow() + TimeSpan.FromSeconds(10));
        int before = _rig.Started.Count;
        for (int i = 0; i < before; i++) Assert.False(scheduler.TryTake(queue, 1, true, out _));
        _rig.FileMany("pool:a", 100);
        Time.Advance(TimeSpan.FromMilliseconds(9_999));
        Assert.Equal(before, _rig.Started.Count);
        Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(before + 1, _rig.Started.Count);
        Assert.True(scheduler.TryTake(queue, 0, true, out _));
        Assert.True(scheduler.TryTake(queue, 1, true, out _));
        Assert.Equal(before + 3, _rig.Started.Count);
    }

    [Fact]
    public void A_pause_is_shown_and_is_no_gate()
    {
        var scheduler = _rig.New();
        _rig.File("pool:a");
        var until = Time.GetUtcNow() + TimeSpan.FromSeconds(10);
        scheduler.Pause(_rig.Started[0], until);
        var depth = Assert.Single(scheduler.Snapshot(10));
        Assert.Equal(until, depth.PausedUntil);
        Assert.Null(depth.GatedUntil);
        Assert.False(_rig.Started[0].HalfOpen);
        Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Null(Assert.Single(scheduler.Snapshot(10)).PausedUntil);
    }

    [Fact]
    public void A_pause_that_ends_within_a_millisecond_is_not_over_before()
    {
        var scheduler = _rig.New();
        _rig.File("pool:a");
        var queue = _rig.Started[0];
        var until = Time.GetUtcNow() + TimeSpan.FromSeconds(10) + TimeSpan.FromTicks(1);
        scheduler.Pause(queue, until);
        scheduler.EndWorker(queue);
        Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Single(_rig.Started);
        Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(2, _rig.Started.Count);
        Assert.True(Time.GetUtcNow() >= until);
    }

    [Fact]
    public void An_operators_retry_does_not_break_a_pause()
    {
        var scheduler = _rig.New();
        _rig.File("pool:a");
        var queue = _rig.Started[0];
        scheduler.Pause(queue, Time.GetUtcNow() + TimeSpan.FromSeconds(10));
        scheduler.EndWorker(queue);
        _rig.File("pool:a", notes: FilingNotes.RetryRequested);
        Assert.Single(_rig.Started);
        Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(2, _rig.Started.Count);
    }

    [Fact]
    public void A_gate_outlasts_a_shorter_pause_and_still_lets_one_loop_try()
    {
        var scheduler = _rig.New();
        _rig.FileMany("pool:a", 100);
        var queue = _rig.Started[0];
        scheduler.Gate(queue, Time.GetUtcNow() + TimeSpan.FromSeconds(20));
        scheduler.Pause(queue, Time.GetUtcNow() + TimeSpan.FromSeconds(10));
        int before = _rig.Started.Count;
        for (int i = 0; i < before; i++) scheduler.EndWorker(queue);
        Time.Advance(TimeSpan.FromMilliseconds(19_999));
        Assert.Equal(before, _rig.Started.Count);
        Time.Advance(TimeSpan.FromMilliseconds(1));
        Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(before + 1, _rig.Started.Count);
    }

    [Fact]
    public void An_opened_gate_does_not_end_a_longer_pause()
    {
        var scheduler = _rig.New();
        _rig.File("pool:a");
        var queue = _rig.Started[0];
        scheduler.Gate(queue, Time.GetUtcNow() + TimeSpan.FromSeconds(5));
        scheduler.Pause(queue, Time.GetUtcNow() + TimeSpan.FromSeconds(10));
        scheduler.EndWorker(queue);
        scheduler.Open(queue);
        scheduler.Reopen(static _ => true);
        Assert.Single(_rig.Started);
        Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(2, _rig.Started.Count);
    }

    [Fact]
    public void The_last_pause_counts_and_one_for_the_past_ends_it()
    {
        var scheduler = _rig.New();
        _rig.File("pool:a");
        var queue = _rig.Started[0];
        scheduler.Pause(queue, Time.GetUtcNow() + TimeSpan.FromHours(1));
        scheduler.EndWorker(queue);
        scheduler.Pause(queue, Time.GetUtcNow() + TimeSpan.FromSeconds(3));
        Time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(2, _rig.Started.Count);
        scheduler.Pause(queue, Time.GetUtcNow() + TimeSpan.FromHours(1));
        scheduler.EndWorker(queue);
        scheduler.Pause(queue, Time.GetUtcNow());
        Assert.Equal(3, _rig.Started.Count);
    }

    [Fact]
    public void What_expires_behind_a_pause_is_found_without_being_tried()
    {
        var scheduler = _rig.New();
        var expiring = _rig.File("pool:a", expires: TimeSpan.FromHours(1));
        scheduler.Pause(_rig.Started[0], Time.GetUtcNow() + TimeSpan.FromDays(1));
        scheduler.EndWorker(_rig.Started[0]);
        Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal([expiring], scheduler.TakeOverdue(TimeSpan.Zero, 100).Select(o => o.Part.Id));
    }

    [Fact]
    public void Loops_follow_what_the_upstream_allows_up_at_once_and_down_with_the_next_message()
    {
        var scheduler = _rig.New();
        _rig.File("pool:a");
        var queue = _rig.Started[0];
        scheduler.Proven(queue);
        scheduler.Allow(queue, 1);
        _rig.FileMany("pool:a", 100);
        Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Single(_rig.Started);
        scheduler.Allow(queue, 5);
        Assert.Equal(5, queue.Workers);
        scheduler.Allow(queue, 3);
        Assert.False(scheduler.TryTake(queue, 1, true, out _));
        Assert.False(scheduler.TryTake(queue, 1, true, out _));
        Assert.True(scheduler.TryTake(queue, 1, true, out _));
        Assert.Equal(3, queue.Workers);
        scheduler.Allow(queue, 0);
        Assert.Equal(1, queue.Limit(_rig.Limits));
        scheduler.Allow(queue, null);
        Assert.Equal(20, queue.Workers);
    }
}
