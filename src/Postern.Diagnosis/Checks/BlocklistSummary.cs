using Postern.Diagnosis.Evidence;

namespace Postern.Diagnosis.Checks;

/// <summary>Why lists say nothing of us, in words: a list that refuses is another matter than one that is ill, and a public resolver another than a ban. Pure.</summary>
public static class BlocklistSummary
{
    /// <summary>"Spamhaus ZEN and 1 more refuse a public resolver; 2 did not answer"; empty when every list answered.</summary>
    public static string Mute(IReadOnlyCollection<BlocklistFact> facts)
    {
        var parts = new List<string>(4);
        Add(parts, facts.Where(f => f.IsPublicResolverRefused), "refuses questions from a public resolver", "refuse questions from a public resolver");
        Add(parts, facts.Where(f => f.Result == BlocklistResult.Refused && !f.IsPublicResolverRefused), "refuses to answer us", "refuse to answer us");
        Add(parts, facts.Where(f => f.Result == BlocklistResult.Unhealthy), "is not well", "are not well");
        Add(parts, facts.Where(f => f.Result == BlocklistResult.NoAnswer), "did not answer", "did not answer");
        Add(parts, facts.Where(f => f.Result == BlocklistResult.Dead), "has closed", "have closed");
        return string.Join("; ", parts);
    }

    private static void Add(List<string> parts, IEnumerable<BlocklistFact> facts, string one, string many)
    {
        string[] names = [.. facts.OrderByDescending(f => f.Weight).ThenBy(f => f.Name, StringComparer.Ordinal).Select(f => f.Name).Distinct()];
        if (names.Length > 0) parts.Add($"{names[0]}{(names.Length > 1 ? $" and {names.Length - 1} more" : "")} {(names.Length > 1 ? many : one)}");
    }
}
