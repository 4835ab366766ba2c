using Microsoft.Extensions.Time.Testing;
using Postern.Core.WarmUp;

namespace Postern.Tests.WarmUp;

public sealed class WarmUpRunTests
{
    private static readonly DateTimeOffset Midnight = new(2026, 2, 1, 0, 0, 0, TimeSpan.Zero);

    private DateTimeOffset _now = Midnight.AddHours(9);

    private WarmUpRun Run(params int[] days) => Run(new WarmUpPlan("own", days));

    private WarmUpRun Run(WarmUpPlan plan) => new("google", "b", plan, new WarmUpDay(1, DateOnly.FromDateTime(_now.UtcDateTime)), new WarmUpBook(new FakeTimeProvider(_now)));

    /// <summary>Asks once a second for so long; returns how many were sent and taken.</summary>
    private int Send(WarmUpRun run, TimeSpan length, Func<int, int>? taken = null)
    {
        int sent = 0;
        for (var end = _now + length; _now < end; _now += TimeSpan.FromSeconds(1))
        {
            if (run.Held(_now) is not null) continue;
            run.Take(_now);
            run.Settle(taken?.Invoke(sent) ?? 1);
            sent++;
        }
        return sent;
    }

    [Theory]
    [InlineData(50)]
    [InlineData(1000)]
    [InlineData(20_000)]
    public void An_hour_carries_an_eighth_of_the_day_and_eight_hours_all_of_it(int allowed)
    {
        var run = Run(allowed);
        int burst = Math.Max(2, allowed / 32);
        Assert.InRange(Send(run, TimeSpan.FromHours(1)), allowed / 8.0 - 1, allowed / 8.0 + burst + 1);
        Assert.InRange(Send(run, TimeSpan.FromHours(7)), allowed * 0.86 - burst, allowed);
        Assert.Equal(allowed, run.Snapshot(_now).Day.Taken + Send(run, TimeSpan.FromMinutes(30)));
    }

    [Fact]
    public void A_day_without_mail_in_the_morning_does_not_come_as_a_burst_at_noon()
    {
        var run = Run(960);
        Send(run, TimeSpan.FromMinutes(5));
        _now += TimeSpan.FromHours(4);
        int inAMinute = 0;
        for (int i = 0; i < 1000 && run.Held(_now) is null; i++, inAMinute++)
        {
            run.Take(_now);
            run.Settle(1);
        }
        Assert.Equal(30, inAMinute);
    }

    [Fact]
    public void What_is_refused_or_not_sent_does_not_count()
    {
        var run = Run(50);
        // Once a second, as if there were no warm-up.
        Assert.Equal(240, Send(run, TimeSpan.FromMinutes(4), _ => 0));
        Assert.Equal(0, run.Snapshot(_now).Day.Taken);
        Assert.Null(run.Held(_now));
    }

    [Fact]
    public void The_allowance_is_not_exceeded_by_messages_that_are_under_way_at_the_same_time()
    {
        var run = Run(64, 64);
        int underWay = 0;
        var end = Midnight.AddHours(8);
        for (var t = Midnight; t < end; t += TimeSpan.FromSeconds(20))
        {
            if (run.Held(t) is not null) continue;
            run.Take(t);
            underWay++;
            // Three are under way at any time.
            if (underWay <= 3) continue;
            run.Settle(1);
            underWay--;
        }
        var (until, reason) = run.Held(end)!.Value;
        Assert.Equal((61, 3), (run.Snapshot(end).Day.Taken, underWay));
        Assert.Equal(end.AddSeconds(1), until);
        Assert.Equal("our address b is new to google: the last messages of today's 64 are under way", reason);
    }

    [Fact]
    public void A_message_of_many_transactions_takes_as_many_places()
    {
        var run = Run(50);
        Assert.Null(run.Held(_now));
        run.Take(_now);
        run.Settle(10);
        Assert.Equal(10, run.Snapshot(_now).Day.Taken);
        var (until, _) = run.Held(_now)!.Value;
        Assert.Equal(_now.AddMinutes(5), until);
        _now += 9 * TimeSpan.FromSeconds(576);
        Assert.Null(run.Held(_now));
    }

    [Fact]
    public void Places_of_which_nobody_told_the_outcome_are_free_again()
    {
        var run = Run(2);
        for (int i = 0; i < 2; i++)
        {
            Assert.Null(run.Held(_now));
            run.Take(_now);
        }
        _now += TimeSpan.FromMinutes(20);
        Assert.Contains("under way", run.Held(_now)!.Value.Reason, StringComparison.Ordinal);
        _now += TimeSpan.FromHours(8);
        Assert.Null(run.Held(_now));
    }

    [Fact]
    public void A_used_day_leads_to_the_next_at_midnight_and_the_last_to_the_end()
    {
        var run = Run(8, 16);
        _now = Midnight;
        Assert.Equal(8, Send(run, TimeSpan.FromHours(12)));
        var used = run.Snapshot(_now);
        Assert.Equal((1, 8, 8, true, Midnight.AddDays(1)), (used.Day.Number, used.Day.Taken, used.Allowed, used.IsHeld, used.NextAt!.Value));
        Assert.StartsWith("our address b is new to google: 8 of 8 messages were taken today, on day 1 of 2", run.Held(_now)!.Value.Reason, StringComparison.Ordinal);
        _now = Midnight.AddDays(1);
        Assert.Equal(16, Send(run, TimeSpan.FromHours(12)));
        _now = Midnight.AddDays(2);
        Assert.Equal((60, new DateOnly(2026, 2, 3)), (Send(run, TimeSpan.FromMinutes(1)), run.DoneOn!.Value));
    }

    [Fact]
    public void An_address_that_was_turned_away_steps_back_a_day()
    {
        var run = Run(8, 16, 32);
        _now = Midnight;
        Send(run, TimeSpan.FromHours(12));
        _now = Midnight.AddDays(1);
        Send(run, TimeSpan.FromHours(12));
        run.TurnedAway(_now);
        var next = run.Snapshot(Midnight.AddDays(2));
        Assert.Equal((1, 8, WarmUpTurn.StepBack, false), (next.Day.Number, next.Allowed, next.LastTurn, next.IsHeld));
        _now = Midnight.AddDays(2);
        Assert.Equal(8, Send(run, TimeSpan.FromHours(12)));
        Assert.Equal(2, run.Snapshot(Midnight.AddDays(3)).Day.Number);
    }

    [Fact]
    public void Before_its_day_the_address_is_not_used()
    {
        var run = Run(new WarmUpPlan("own", [50], new DateOnly(2026, 2, 2)));
        var (until, reason) = run.Held(Midnight.AddDays(1).AddMinutes(-1))!.Value;
        Assert.Equal((Midnight.AddDays(1), "the address is to be warmed up from 2026-02-02 on"), (until, reason));
        Assert.Null(run.Held(Midnight.AddDays(1)));
    }

    [Fact]
    public void Those_who_ask_at_once_are_told_different_times()
    {
        var run = Run(2880);
        while (run.Held(_now) is null)
        {
            run.Take(_now);
            run.Settle(1);
        }
        var times = Enumerable.Range(0, 3).Select(_ => run.Held(_now)!.Value.Until).ToList();
        Assert.Equal(3, times.Distinct().Count());
        Assert.All(times, t => Assert.InRange(t, _now, _now.AddMinutes(1)));
    }
}
