using Postern.Lab.Running;

namespace Postern.Lab.Runner;

/// <summary>The figures over all results, and whether they reach the goal.</summary>
/// <param name="timed">False: a verdict that comes late is complete all the same. How long one takes beside others says little on a machine with other work.</param>
internal sealed class Score(IReadOnlyList<ScenarioResult> results, bool timed)
{
    private const double Goal = 0.97, Sure = 0.9;
    private static readonly double[] Edges = [0, 0.3, 0.5, 0.7, 0.8, Sure, 0.97, 1.0001];

    public int Count => results.Count;
    public int Right => results.Count(r => r.IsRight);
    public int Complete => results.Count(IsComplete);
    public bool IsComplete(ScenarioResult result) => timed ? result.IsComplete : result.IsSound;
    public int SureCount => results.Count(r => r.Got.Length > 0 && r.Confidence >= Sure);
    public int SureRight => results.Count(r => r.IsRight && r.Confidence >= Sure);

    /// <summary>Healthy destinations for which a cause was named.</summary>
    public IReadOnlyList<ScenarioResult> Blamed => [.. results.Where(r => r.Scenario.Cause == "none" && r.Got.Length > 0 && !r.IsRight)];

    /// <summary>What is short of the goal, a sentence each.</summary>
    public IReadOnlyList<string> Shortfalls
    {
        get
        {
            var shortfalls = new List<string>();
            if (Right < Goal * Count) shortfalls.Add($"{Right} of {Count} causes are right in the first place; the goal is 97 %");
            if (Complete < Goal * Count) shortfalls.Add($"{Complete} of {Count} verdicts are right with the evidence asked for{(timed ? " and in time" : "")}; the goal is 97 %");
            if (Blamed.Count > 0) shortfalls.Add($"{Blamed.Count} healthy destinations are blamed");
            if (SureRight < Goal * SureCount) shortfalls.Add($"{SureRight} of {SureCount} verdicts of 90 % and more are right; the goal is 97 %");
            return shortfalls;
        }
    }

    public IEnumerable<(string Range, int Verdicts, int Right, double MeanConfidence)> Calibration
    {
        get
        {
            for (int i = 0; i + 1 < Edges.Length; i++)
            {
                var inside = results.Where(r => r.Got.Length > 0 && r.Confidence >= Edges[i] && r.Confidence < Edges[i + 1]).ToArray();
                if (inside.Length > 0)
                    yield return (FormattableString.Invariant($"{Edges[i]:0.00}-{Math.Min(1, Edges[i + 1]):0.00}"), inside.Length, inside.Count(r => r.IsRight), inside.Average(r => r.Confidence));
            }
        }
    }

    /// <summary>Expected cause, cause named, how often, in both orders' alphabet.</summary>
    public (IReadOnlyList<string> Expected, IReadOnlyList<string> Named, Func<string, string, int> Times) Confusion()
    {
        // An accepted other answer stands under the cause that was expected: the matrix shows mistakes only off its diagonal.
        string Shown(ScenarioResult r) => r.IsRight ? r.Scenario.Cause : r.Got.Length == 0 ? "(nothing)" : r.Got;
        var expected = results.Select(r => r.Scenario.Cause).Distinct().Order(StringComparer.Ordinal).ToArray();
        var named = results.Select(Shown).Concat(expected).Distinct().Order(StringComparer.Ordinal).ToArray();
        var times = results.GroupBy(r => (r.Scenario.Cause, Shown(r))).ToDictionary(g => g.Key, g => g.Count());
        return (expected, named, (e, n) => times.GetValueOrDefault((e, n)));
    }
}
