using Postern.Core.Configuration;
using Postern.Core.WarmUp;

namespace Postern.Tests.WarmUp;

public sealed class WarmUpPlanTests
{
    private static readonly DateOnly First = new(2026, 2, 1);
    private static readonly WarmUpPlan Plan = new("own", [50, 100, 500]);

    [Theory]
    // day, taken, turned away, days later -> day, turn
    [InlineData(1, 50, false, 0, 1, WarmUpTurn.None)]
    [InlineData(1, 50, false, -1, 1, WarmUpTurn.None)]
    [InlineData(1, 50, false, 1, 2, WarmUpTurn.Advance)]
    [InlineData(1, 38, false, 1, 2, WarmUpTurn.Advance)]
    [InlineData(1, 37, false, 1, 1, WarmUpTurn.Repeat)]
    [InlineData(2, 74, false, 1, 2, WarmUpTurn.Repeat)]
    [InlineData(2, 75, false, 1, 3, WarmUpTurn.Advance)]
    [InlineData(2, 100, true, 1, 1, WarmUpTurn.StepBack)]
    [InlineData(1, 50, true, 1, 1, WarmUpTurn.StepBack)]
    [InlineData(3, 0, false, 1, 3, WarmUpTurn.Repeat)]
    [InlineData(3, 500, false, 1, 3, WarmUpTurn.Finish)]
    [InlineData(3, 500, true, 1, 2, WarmUpTurn.StepBack)]
    [InlineData(2, 100, false, 5, 3, WarmUpTurn.Advance)]
    [InlineData(2, 100, false, 30, 3, WarmUpTurn.Advance)]
    [InlineData(2, 100, false, 31, 1, WarmUpTurn.Restart)]
    [InlineData(9, 500, false, 1, 3, WarmUpTurn.Finish)]
    [InlineData(9, 100, false, 1, 3, WarmUpTurn.Repeat)]
    internal void A_day_leads_to_the_next_only_when_it_was_used_and_nobody_objected(int day, int taken, bool isTurnedAway, int later, int next, WarmUpTurn turn)
    {
        var after = Plan.After(new WarmUpDay(day, First, taken, isTurnedAway), First.AddDays(later));
        Assert.Equal(turn, after.Turn);
        if (turn == WarmUpTurn.None) Assert.Equal(new WarmUpDay(day, First, taken, isTurnedAway), after.Day);
        else Assert.Equal(new WarmUpDay(next, First.AddDays(later)), after.Day);
    }

    [Fact]
    public void The_plans_are_what_their_sources_publish()
    {
        Assert.Equal([50, 100, 500, 1000, 5000, 10000, 20000, 40000, 70000, 100000, 150000, 250000, 400000, 600000], WarmUpPlan.Standard.Allowances);
        Assert.Equal((45, 50, 50_000), (WarmUpPlan.Slow.Days, WarmUpPlan.Slow.Allowed(1), WarmUpPlan.Slow.Allowed(45)));
        Assert.All(WarmUpPlan.Slow.Allowances.Zip(WarmUpPlan.Slow.Allowances.Skip(1)), pair => Assert.InRange((double)pair.Second / pair.First, 1.1, 1.25));
    }

    [Fact]
    public void An_address_has_the_plan_that_is_configured()
    {
        var egress = new EgressConfig { Name = "b", Address = "192.0.2.11" };
        Assert.Null(WarmUpPlan.Of(egress));
        Assert.Same(WarmUpPlan.Standard, WarmUpPlan.Of(egress with { WarmUp = WarmUpKind.Standard }));
        var own = WarmUpPlan.Of(egress with { WarmUpPlan = [10, 20], WarmUpFrom = "2026-02-01" })!;
        Assert.Equal(("own", 2, 20, First), (own.Name, own.Days, own.Allowed(7), own.From!.Value));
    }
}
