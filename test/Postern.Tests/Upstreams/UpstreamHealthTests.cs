using Microsoft.Extensions.Time.Testing;
using Postern.Core.Shaping;
using Postern.Core.Upstreams;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Upstreams;

public sealed class UpstreamHealthTests
{
    private static readonly StageFailure Refused = new(ClientStage.Connect, Speaker.Network, FailureKind.ConnectionRefused, "refused");

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    [Fact]
    public void A_named_upstream_is_tried_every_four_seconds_for_fifteen_minutes_and_then_less_often()
    {
        var health = new UpstreamHealth(GateLadder.Pool, _time);
        var waits = new List<(double Age, double Wait)>();
        var begun = _time.GetUtcNow();
        while (_time.GetUtcNow() - begun < TimeSpan.FromMinutes(23))
        {
            Assert.True(health.TryEnter(false, out _));
            var until = health.Failed(Refused).Until;
            waits.Add(((_time.GetUtcNow() - begun).TotalSeconds, (until - _time.GetUtcNow()).TotalSeconds));
            _time.SetUtcNow(until);
        }
        Assert.Equal([1, 2, 3, 4, 4, 4], waits.Take(6).Select(w => w.Wait));
        Assert.All(waits.Where(w => w.Age < 900), w => Assert.InRange(w.Wait, 1, 4));
        Assert.Equal([4, 10, 20, 30, 60], waits.Skip(3).Select(w => w.Wait).Distinct());
        Assert.Equal(60, waits[^1].Wait);
    }

    [Fact]
    public void An_mx_host_is_tried_soon_and_then_at_most_as_seldom_as_the_schedules_last()
    {
        var ladder = GateLadder.ForMx([TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(10)]);
        Assert.Equal([5, 15, 30, 60, 120, 240, 480, 600, 600], Enumerable.Range(1, 9).Select(i => ladder.Wait(i, default).TotalSeconds));
        Assert.Equal([5, 7, 7], Enumerable.Range(1, 3).Select(i => GateLadder.ForMx([TimeSpan.FromSeconds(7)]).Wait(i, default).TotalSeconds));
    }

    [Fact]
    public void A_failure_while_others_were_served_is_a_limit_and_closes_nothing()
    {
        var health = new UpstreamHealth(GateLadder.Pool, _time);
        long before = _time.GetTimestamp();
        _time.Advance(TimeSpan.FromSeconds(1));
        health.Served();
        Assert.True(health.Failed(Refused, before).IsLimit);
        Assert.Equal(GateState.Open, health.State);
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.True(health.Failed(Refused, _time.GetTimestamp(), hasOthers: true).IsLimit);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(health.Failed(Refused, _time.GetTimestamp(), hasOthers: true).IsLimit);
        Assert.Equal(GateState.Closed, health.State);
    }

    [Fact]
    public void While_a_try_is_under_way_an_older_sessions_failure_does_not_let_a_second_one_through()
    {
        var health = new UpstreamHealth(GateLadder.Pool, _time);
        long old = _time.GetTimestamp();
        _time.Advance(TimeSpan.FromSeconds(1));
        _time.SetUtcNow(health.Failed(Refused, _time.GetTimestamp()).Until);
        Assert.True(health.TryEnter(false, out _));
        health.Failed(Refused, old);
        health.Abandoned(old);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.False(health.TryEnter(false, out _));
        Assert.Equal(GateState.HalfOpen, health.State);
        Assert.Equal(1, health.Snapshot().Failures);
    }

    [Fact]
    public void A_closed_gate_lets_nobody_in_before_its_time_and_then_one()
    {
        var health = new UpstreamHealth(GateLadder.Pool, _time);
        var until = health.Failed(Refused).Until;
        Assert.False(health.TryEnter(false, out var told));
        Assert.Equal(until, told);
        _time.SetUtcNow(until);
        Assert.True(health.TryEnter(false, out _));
        Assert.Equal(GateState.HalfOpen, health.State);
        Assert.False(health.TryEnter(false, out _));
        Assert.False(health.TryEnter(true, out _));
        Assert.True(health.Succeeded());
        Assert.True(health.TryEnter(false, out _));
        Assert.True(health.TryEnter(false, out _));
    }

    [Fact]
    public void Sessions_that_fail_together_count_once()
    {
        var health = new UpstreamHealth(GateLadder.Pool, _time);
        for (int i = 0; i < 20; i++) health.Failed(Refused);
        Assert.Equal(1, health.Snapshot().Failures);
        Assert.Equal(_time.GetUtcNow().AddSeconds(1), health.Snapshot().Until);
    }

    [Fact]
    public void The_operator_gets_through_a_closed_gate_at_once()
    {
        var health = new UpstreamHealth(GateLadder.Pool, _time);
        health.Failed(Refused);
        Assert.True(health.TryEnter(true, out _));
    }

    [Fact]
    public void A_try_that_was_given_up_leaves_the_gate_as_it_was()
    {
        var health = new UpstreamHealth(GateLadder.Pool, _time);
        _time.SetUtcNow(health.Failed(Refused).Until);
        Assert.True(health.TryEnter(false, out _));
        health.Abandoned(_time.GetTimestamp());
        Assert.True(health.TryEnter(false, out _));
    }

    [Fact]
    public void The_last_failure_is_remembered_after_recovery()
    {
        var health = new UpstreamHealth(GateLadder.Pool, _time);
        _time.SetUtcNow(health.Failed(Refused).Until);
        health.TryEnter(false, out _);
        health.Succeeded();
        Assert.Equal(new HealthSnapshot(GateState.Open, null, null, 0, Refused), health.Snapshot());
    }

    [Fact]
    public void Unused_hosts_are_forgotten_but_not_named_upstreams_or_those_still_gated()
    {
        var registry = new UpstreamRegistry([TimeSpan.FromHours(3)], new LaneBook(_time), _time);
        registry.Pool("a");
        registry.MxHost("mx1.test:25");
        for (int i = 0; i < 12; i++)
        {
            var gate = registry.MxHost("mx2.test:25").Gate("");
            _time.SetUtcNow(gate.Failed(Refused).Until);
        }
        registry.MxHost("mx2.test:25").Gate("").Failed(Refused);
        _time.Advance(TimeSpan.FromHours(2));
        registry.Sweep();
        Assert.Equal(["a", "mx2.test:25"], registry.Snapshot(9).Select(s => s.Name));
        _time.Advance(TimeSpan.FromHours(3));
        registry.Sweep();
        Assert.Equal(["a"], registry.Snapshot(9).Select(s => s.Name));
    }

    [Fact]
    public void History_keeps_failures_apart_from_successes()
    {
        var history = new UpstreamHistory();
        var evidence = new Postern.Diagnosis.Evidence.AttemptEvidence { At = _time.GetUtcNow(), Destination = "d", Upstream = "u", Target = "t" };
        history.Add(default, evidence);
        for (int i = 1; i <= 120; i++) history.Add(new AttemptSummary { Delivered = i }, null);
        Assert.Same(evidence, Assert.Single(history.Failures()));
        Assert.Equal(Enumerable.Range(71, 50).Reverse(), history.Attempts().Select(a => a.Delivered));
    }
}
