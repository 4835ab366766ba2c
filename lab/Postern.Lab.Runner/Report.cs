using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Postern.Lab.Running;

namespace Postern.Lab.Runner;

/// <summary>Writes what was seen: the page that is kept (lab/RESULTS.md) and every diagnosis (artifacts/lab/results.json).</summary>
internal static class Report
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <param name="score">Of the first outcomes: a second run shows what is an accident, but mends no figure.</param>
    public static string Markdown(IReadOnlyList<Tried> tried, Score score, TimeSpan took)
    {
        ScenarioResult[] results = [.. tried.Select(t => t.First)];
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            # What the fault lab says

            <!-- Made by lab/run.sh; do not edit. -->

            {score.Count} scenarios in {took.TotalSeconds:F0} s: {score.Right} right in the first place ({Percent(score.Right, score.Count)}), {score.Complete} with all the evidence asked for and in time.
            Of {score.SureCount} verdicts given with 90 % and more, {score.SureRight} are right ({Percent(score.SureRight, score.SureCount)}). Healthy destinations blamed: {score.Blamed.Count} of {results.Count(r => r.Scenario.Cause == "none")}.

            {(score.Shortfalls.Count == 0 ? "The goal is reached." : "Short of the goal:\n\n" + string.Concat(score.Shortfalls.Select(s => $"- {s}\n")))}

            ## Confusion matrix

            Rows: what is broken. Columns: what was named in the first place. An accepted other answer counts as right.

            """);
        text.Append('\n').Append(Matrix(score)).Append("\n## Calibration\n\n| confidence | verdicts | right | share right | mean confidence |\n|---|---|---|---|---|\n");
        foreach (var (range, verdicts, right, mean) in score.Calibration)
            text.Append(CultureInfo.InvariantCulture, $"| {range} | {verdicts} | {right} | {Percent(right, verdicts)} | {mean:0.00} |\n");
        Tolerated(text, results);
        text.Append("\n## Every scenario\n\n| scenario | what is broken | expected | named | confidence | seconds | amiss |\n|---|---|---|---|---|---|---|\n");
        foreach (var (r, second) in tried)
            text.Append(CultureInfo.InvariantCulture, $"| {r.Scenario.Id} | {Cell(r.Scenario.Title)} | {string.Join(" or ", [r.Scenario.Cause, .. r.Scenario.Also])} | {(r.IsRight ? r.Got : $"**{(r.Got.Length == 0 ? "nothing" : r.Got)}**")} | {r.Confidence:0.00} | {r.Seconds:0.0} | {Cell(r.Amiss)}{Again(second)} |\n");
        return text.ToString();
    }

    private static void Tolerated(StringBuilder text, IReadOnlyList<ScenarioResult> results)
    {
        text.Append("\n## Where another answer counts as right\n\n| scenario | expected | also | because |\n|---|---|---|---|\n");
        foreach (var scenario in results.Select(r => r.Scenario).Where(s => s.Also.Count > 0))
            text.Append(CultureInfo.InvariantCulture, $"| {scenario.Id} | {scenario.Cause} | {string.Join(", ", scenario.Also)} | {Cell(scenario.AlsoWhy ?? "")} |\n");
    }

    private static string Again(ScenarioResult? second) => second switch
    {
        null => "",
        { IsComplete: true } => " (by itself: right)",
        _ => string.Create(CultureInfo.InvariantCulture, $" (by itself: {(second.Got.Length == 0 ? "nothing" : second.Got)}, {second.Confidence:0.00})"),
    };

    public static string Matrix(Score score)
    {
        var (expected, named, times) = score.Confusion();
        var text = new StringBuilder("| | " + string.Join(" | ", named) + " |\n|---|" + string.Concat(Enumerable.Repeat("---|", named.Count)) + "\n");
        foreach (string row in expected)
            text.Append("| **" + row + "** | " + string.Join(" | ", named.Select(n => times(row, n) is var t and > 0 ? t.ToString(CultureInfo.InvariantCulture) : "")) + " |\n");
        return text.ToString();
    }

    public static string Json(IReadOnlyList<Tried> tried) => new JsonArray([.. tried.Select(t => Json(t.First, t.Second))]).ToJsonString(Indented);

    private static JsonObject Json(ScenarioResult r, ScenarioResult? second) => new()
    {
        ["scenario"] = r.Scenario.Id,
        ["group"] = r.Scenario.Group,
        ["expected"] = r.Scenario.Cause,
        ["also"] = new JsonArray([.. r.Scenario.Also.Select(a => (JsonNode)a)]),
        ["got"] = r.Got,
        ["right"] = r.IsRight,
        ["confidence"] = r.Confidence,
        ["seconds"] = Math.Round(r.Seconds, 2),
        ["late"] = r.IsLate,
        ["problems"] = new JsonArray([.. r.Problems.Select(p => (JsonNode)p)]),
        ["diagnosis"] = r.Diagnosis?.DeepClone(),
        ["second"] = second is null ? null : Json(second, null),
    };

    public static string Line(ScenarioResult r) => string.Create(CultureInfo.InvariantCulture,
        $"{(r.IsComplete ? "right" : r.IsRight ? "AMISS" : "WRONG"),-6} {r.Scenario.Id,-46} {r.Scenario.Cause,-18} {(r.Got.Length == 0 ? "-" : r.Got),-18} {r.Confidence,4:0.00} {r.Seconds,6:0.0} s{(r.Amiss.Length > 0 ? "  " + Shortened(r.Amiss.ReplaceLineEndings(" ")) : "")}");

    private static string Shortened(string text) => text.Length > 300 ? text[..300] + "…" : text;

    private static string Cell(string text) => Shortened(text).Replace("|", "\\|", StringComparison.Ordinal).ReplaceLineEndings(" ");

    private static string Percent(int part, int whole) => whole == 0 ? "-" : string.Create(CultureInfo.InvariantCulture, $"{100.0 * part / whole:0.#} %");
}
