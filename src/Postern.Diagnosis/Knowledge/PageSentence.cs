using System.Text.RegularExpressions;

namespace Postern.Diagnosis.Knowledge;

/// <summary>
/// One line of a page's short texts. It may begin with its condition, "&lt;server=postfix&gt; …": then only cases that answer so are shown it; with "unknown" among the
/// words, also those that do not say.
/// </summary>
/// <param name="When">Null for always.</param>
internal readonly partial record struct PageSentence(PageCondition? When, Template Text)
{
    /// <param name="problem">Told of what is wrong with the line.</param>
    public static PageSentence Parse(string line, Action<string> problem)
    {
        var mark = Mark().Match(line);
        if (!mark.Success) return new PageSentence(null, new Template(line, false, problem));
        var condition = PageCondition.Parse(mark.Groups[1].Value, out string? error);
        if (error is not null) problem(error);
        return new PageSentence(condition, new Template(line[mark.Length..], false, problem));
    }

    /// <summary>The lines that a case is shown, filled, as plain text.</summary>
    public static IEnumerable<string> Fill(IReadOnlyList<PageSentence> lines, CaseValues values)
    {
        foreach (var line in lines)
        {
            var when = line.When;
            if (when is not null && !(when.Holds(values, lines.Where(l => l.When?.Question == when.Question).SelectMany(l => l.When!.Words)) ?? when.IsForUnknown)) continue;
            if (line.Text.Fill(values, PageForm.Plain) is { } text) yield return text;
        }
    }

    [GeneratedRegex("^<([a-z_-]+=[a-z|-]+)> ")]
    private static partial Regex Mark();
}
