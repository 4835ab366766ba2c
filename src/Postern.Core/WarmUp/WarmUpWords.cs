using System.Globalization;

namespace Postern.Core.WarmUp;

/// <summary>Why a day of a plan is the one it is, for people.</summary>
internal static class WarmUpWords
{
    /// <param name="taken">On the day that is over.</param>
    /// <param name="allowed">On the same.</param>
    public static string Because(WarmUpTurn turn, int taken, int allowed) => turn switch
    {
        WarmUpTurn.Advance => string.Create(CultureInfo.InvariantCulture, $"{taken} of {allowed} messages were taken the day before"),
        WarmUpTurn.Repeat => string.Create(CultureInfo.InvariantCulture, $"only {taken} of {allowed} messages were taken the day before, and {WarmUpPlan.UsedPart:P0} are asked for"),
        WarmUpTurn.StepBack => "the address was turned away there the day before",
        WarmUpTurn.Restart => string.Create(CultureInfo.InvariantCulture, $"nothing was sent there for more than {WarmUpPlan.Remembered} days"),
        _ => "the first message from there",
    };
}
