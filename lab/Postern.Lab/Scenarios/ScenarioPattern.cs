using System.Text.RegularExpressions;

namespace Postern.Lab.Scenarios;

/// <summary>Chooses scenarios by part of their id, file or cause; <c>*</c> stands for anything, commas join several.</summary>
internal static class ScenarioPattern
{
    public static bool Matches(Scenario scenario, string? pattern) =>
        pattern is null || pattern.Split(',').Any(p =>
        {
            string expression = Regex.Escape(p).Replace("\\*", ".*", StringComparison.Ordinal);
            return Regex.IsMatch(scenario.Id, expression) || Regex.IsMatch(scenario.Group, "^" + expression + "$") || Regex.IsMatch(scenario.Cause, "^" + expression + "$");
        });
}
