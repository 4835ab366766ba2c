using System.Globalization;

namespace Postern.Core.Configuration;

internal sealed partial class ConfigValidator
{
    private void CheckWarmUp()
    {
        for (int i = 0; i < config.Egress.Count; i++)
        {
            var egress = config.Egress[i];
            string path = $"egress[{i}]";
            if (egress.WarmUp != WarmUpKind.Off && egress.WarmUpPlan.Count > 0)
                Error($"{path}.warm_up_plan", Shown(egress.WarmUpPlan), $"two plans: warm_up is \"{ConfigValues.KebabCase(egress.WarmUp.ToString())}\" as well", "keep one of the two lines");
            if (egress.WarmUpPlan.Count > WarmUp.WarmUpPlan.MostDays)
                Error($"{path}.warm_up_plan", Shown(egress.WarmUpPlan), $"at most {WarmUp.WarmUpPlan.MostDays} days", "leave the last ones out: whoever takes that much every day needs no plan");
            for (int day = 1; day < egress.WarmUpPlan.Count; day++)
                if (egress.WarmUpPlan[day] < egress.WarmUpPlan[day - 1])
                    Error($"{path}.warm_up_plan[{day}]", Number(egress.WarmUpPlan[day]), $"less than on the day before ({Number(egress.WarmUpPlan[day - 1])})", "let each day allow at least as much as the one before; a day with trouble steps back by itself");
            if (egress.WarmUpFrom is { } from && egress.WarmUp == WarmUpKind.Off && egress.WarmUpPlan.Count == 0 && !HasFailed($"{path}.warm_up"))
                Error($"{path}.warm_up_from", $"\"{from}\"", "there is no warm-up to begin", "add warm_up = \"standard\", or remove the line");
        }
        for (int i = 0; i < config.Route.Count; i++)
        {
            var egress = config.Route[i].Egress;
            if (egress.Count > 0 && egress.All(IsWarmedUp))
                Warn($"route[{i}].egress", $"[{string.Join(", ", egress.Select(e => $"\"{e}\""))}]", "all of these are to be warmed up: mail beyond their day's plan waits, and expires like other mail that waits",
                    "add an address that providers know, to take the rest; without one, keep the mail of this route below the plan");
        }
    }

    private bool IsWarmedUp(string name) =>
        config.Egress.FirstOrDefault(e => e.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } egress && (egress.WarmUp != WarmUpKind.Off || egress.WarmUpPlan.Count > 0);

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Shown(IReadOnlyList<int> plan) => $"[{string.Join(", ", plan.Take(3).Select(Number))}{(plan.Count > 3 ? ", …" : "")}]";
}
