using System.Globalization;
using Postern.Core.Configuration;

namespace Postern.Core.WarmUp;

/// <summary>What becomes of the plan when one of its days is over.</summary>
internal enum WarmUpTurn : byte
{
    /// <summary>The day goes on.</summary>
    None,

    /// <summary>It was used and nobody objected: the next day.</summary>
    Advance,

    /// <summary>Too little was sent for them to have seen that much: the same day again.</summary>
    Repeat,

    /// <summary>They turned the address away: the day before.</summary>
    StepBack,

    /// <summary>Nothing was sent for so long that nobody remembers the address: the first day.</summary>
    Restart,

    /// <summary>The last day was used: no plan holds the address back there any more.</summary>
    Finish,
}

/// <summary>A day of a plan at one limit group, as it stands.</summary>
/// <param name="Number">Of the plan, from 1.</param>
/// <param name="Date">In UTC, as the days of all plans; the day of the last use, where later ones have passed without any.</param>
/// <param name="Taken">Messages that were taken there from the address on that day.</param>
/// <param name="IsTurnedAway">The address was turned away there for its reputation on that day.</param>
internal readonly record struct WarmUpDay(int Number, DateOnly Date, int Taken = 0, bool IsTurnedAway = false);

/// <summary>
/// How many messages a new address of ours may have taken by one provider (a limit group), day by day, and how one day leads to the next. Pure: what
/// happened is in <see cref="WarmUpDay"/>. Immutable.
/// </summary>
/// <param name="Name">"standard", "slow", or "own" for the operator's.</param>
/// <param name="From">Not used at all before this day; null: from its first message on.</param>
internal sealed record WarmUpPlan(string Name, IReadOnlyList<int> Allowances, DateOnly? From = null)
{
    public const int MostDays = 100;

    /// <summary>
    /// The part of a day's allowance that must have been taken for the next day. A provider trusts what it has seen; the steps of the plans are up to five
    /// times, and on a day hardly used they would be fifty. No source names a figure: this is ours.
    /// </summary>
    public const double UsedPart = 0.75;

    /// <summary>After so many days without mail the warm-up begins anew: https://www.twilio.com/docs/sendgrid/concepts/reputation/warm-up-ip-addresses.</summary>
    public const int Remembered = 30;

    /// <summary>
    /// Twilio SendGrid's schedule for a new address (its "IP warmup schedule", linked from the page above), up to the day that few senders have mail for. It
    /// is meant for all providers together; each of them sees no more than all of it, so it is safe for one.
    /// </summary>
    public static readonly WarmUpPlan Standard = new("standard", [50, 100, 500, 1_000, 5_000, 10_000, 20_000, 40_000, 70_000, 100_000, 150_000, 250_000, 400_000, 600_000]);

    /// <summary>
    /// The length and the end of Amazon SES's automatic warm-up, 50,000 messages a day after 45 days
    /// (https://aws.amazon.com/about-aws/whats-new/2017/03/amazon-ses-can-now-automatically-warm-up-your-dedicated-ip-addresses/); it publishes no days, so
    /// they grow evenly, by a sixth: Google warns of doubling at once (https://support.google.com/a/answer/81126).
    /// </summary>
    public static readonly WarmUpPlan Slow = new("slow", [.. Enumerable.Range(0, 45).Select(day => Rounded(50 * Math.Pow(1000, day / 44.0)))]);

    public int Days => Allowances.Count;

    /// <summary>Messages on that day; a plan that was made shorter goes on with its last.</summary>
    public int Allowed(int day) => Allowances[Math.Clamp(day, 1, Days) - 1];

    public bool IsUsed(WarmUpDay day) => day.Taken >= UsedPart * Allowed(day.Number);

    /// <summary>The day that it is, when a day has been left behind.</summary>
    public (WarmUpDay Day, WarmUpTurn Turn) After(WarmUpDay day, DateOnly today)
    {
        int passed = today.DayNumber - day.Date.DayNumber;
        // A clock that was set back gives no second day.
        if (passed <= 0) return (day, WarmUpTurn.None);
        var turn = (IsForgotten: passed > Remembered, day.IsTurnedAway, IsUsed: IsUsed(day), IsLast: day.Number >= Days) switch
        {
            (IsForgotten: true, _, _, _) => WarmUpTurn.Restart,
            (_, IsTurnedAway: true, _, _) => WarmUpTurn.StepBack,
            (_, _, IsUsed: false, _) => WarmUpTurn.Repeat,
            (_, _, _, IsLast: false) => WarmUpTurn.Advance,
            _ => WarmUpTurn.Finish,
        };
        int number = Math.Min(day.Number, Days) + turn switch { WarmUpTurn.Advance => 1, WarmUpTurn.StepBack => -1, _ => 0 };
        return (new WarmUpDay(turn == WarmUpTurn.Restart ? 1 : Math.Max(1, number), today), turn);
    }

    /// <summary>Null for an address that is not warmed up.</summary>
    public static WarmUpPlan? Of(EgressConfig egress)
    {
        var plan = egress switch
        {
            { WarmUpPlan.Count: > 0 } => new WarmUpPlan("own", egress.WarmUpPlan),
            { WarmUp: WarmUpKind.Standard } => Standard,
            { WarmUp: WarmUpKind.Slow } => Slow,
            _ => null,
        };
        return plan is not null && DateOnly.TryParseExact(egress.WarmUpFrom, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var from) ? plan with { From = from } : plan;
    }

    /// <summary>To two digits.</summary>
    private static int Rounded(double value)
    {
        double unit = Math.Pow(10, Math.Floor(Math.Log10(value)) - 1);
        return (int)(Math.Round(value / unit) * unit);
    }
}
