using Microsoft.Extensions.Time.Testing;
using Postern.Core.Upstreams;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Upstreams;

public sealed class UpstreamHealthTests
{
    private static readonly StageFailure Refused = new(ClientStage.Connect, Speaker.Network, FailureKind.ConnectionRefused, "refused");

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    [Fact]
    public void Waits_grow_and_the_last_one_repeats()
    {
        var health = new UpstreamHealth(GateLadder.Pool, _time);
        var waits = new List<double>();
        for (int i = 0; i < 9; i++)
        {
            Assert.True(health.TryEnter(false, out _));
            var until = health.Failed(Refused);
            waits.Add((until - _time.GetUtcNow()).TotalSeconds);
            _time.SetUtcNow(until);
        }
        Assert.Equal([1, 2, 5, 10, 20, 30, 60, 60, 60], waits);
    }

    [Fact]
    public void A_closed_gate_lets_nobody_in_before_its_time_and_then_one()
    {
        var health = new UpstreamHealth(GateLadder.Pool, _time);
        var until = health.Failed(Refused);
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
        _time.SetUtcNow(health.Failed(Refused));
        Assert.True(health.TryEnter(false, out _));
        health.Abandoned();
        Assert.True(health.TryEnter(false, out _));
    }

    [Fact]
    public void The_last_failure_is_remembered_after_recovery()
    {
        var health = new UpstreamHealth(GateLadder.Pool, _time);
        _time.SetUtcNow(health.Failed(Refused));
        health.TryEnter(false, out _);
        health.Succeeded();
        Assert.Equal(new HealthSnapshot(GateState.Open, null, null, 0, Refused), health.Snapshot());
    }

    [Fact]
    public void Unused_hosts_are_forgotten_but_not_named_upstreams_or_those_still_gated()
    {
        var registry = new UpstreamRegistry([TimeSpan.FromHours(3)], _time);
        registry.Pool("a");
        registry.MxHost("mx1.test:25");
        registry.MxHost("mx2.test:25").Health.Failed(Refused);
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
