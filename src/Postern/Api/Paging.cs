using System.Globalization;

namespace Postern.Api;

/// <summary>A part of a list that is in memory: at most so many, behind the entry whose key the last page ended with.</summary>
internal sealed record Paging(int Limit, string? After)
{
    public static ApiParameter[] Parameters(int usual, int most, string key) =>
    [
        new("limit", $"Entries at most; {usual} without it.", "integer", "50") { Least = 1, Most = most },
        new("after", $"Continue behind this {key}: 'next' of the page before."),
    ];

    /// <summary>Null when the limit is none, with the problem.</summary>
    public static Paging? Read(HttpContext http, int usual, int most, out ProblemContract? problem)
    {
        problem = null;
        int limit = usual;
        if (http.Query("limit") is { } text && (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out limit) || limit < 1 || limit > most))
        {
            problem = Problems.Wrong($"not a page size: {text}", $"use 1 to {most}");
            return null;
        }
        return new Paging(limit, http.Query("after"));
    }

    /// <summary>False when the entry that the page is to begin behind is no longer there.</summary>
    public bool TryCut<T>(IReadOnlyList<T> all, Func<T, string> key, out IReadOnlyList<T> page, out string? next)
    {
        int from = 0;
        if (After is not null)
        {
            from = -1;
            for (int i = 0; i < all.Count && from < 0; i++)
            {
                if (key(all[i]) == After) from = i + 1;
            }
        }
        page = from < 0 ? [] : [.. all.Skip(from).Take(Limit)];
        next = from >= 0 && from + page.Count < all.Count ? key(page[^1]) : null;
        return from >= 0;
    }

    public ProblemContract Gone() => Problems.Wrong($"{After} is no longer in the list", "begin again without 'after'");
}
