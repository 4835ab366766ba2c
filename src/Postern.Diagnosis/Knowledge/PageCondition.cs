using Postern.Diagnosis.Causes;

namespace Postern.Diagnosis.Knowledge;

/// <summary>When a variant applies: "mx=null-mx", "seen=reset|refused".</summary>
internal sealed record PageCondition(Question Question, IReadOnlyList<string> Words)
{
    /// <summary>Null, and what is wrong, for text that is no condition.</summary>
    public static PageCondition? Parse(string text, out string? error)
    {
        string[] sides = text.Split('=', 2, StringSplitOptions.TrimEntries);
        if (sides.Length != 2 || sides[0].Length == 0 || sides[1].Length == 0)
        {
            error = $"\"{text}\" is no condition; write question=word or question=word|word";
            return null;
        }
        if (Question.Find(sides[0]) is not { } question)
        {
            error = $"no question is called \"{sides[0]}\"; there are {string.Join(", ", Question.All.Select(q => q.Name))}";
            return null;
        }
        string[] words = sides[1].Split('|', StringSplitOptions.TrimEntries);
        string? unknown = words.FirstOrDefault(w => w is not (Question.Other or Question.Unknown) && !question.Words.Contains(w));
        error = unknown is null ? null : $"\"{unknown}\" is no answer to {question.Name}; there are {string.Join(", ", question.Words)}, {Question.Other}";
        return unknown is null ? new PageCondition(question, words) : null;
    }

    public bool IsForUnknown => Words.Contains(Question.Unknown);

    /// <summary>Null when the case does not say.</summary>
    /// <param name="named">Words that conditions beside this one name, which are not "other".</param>
    public bool? Holds(CaseValues values, IEnumerable<string> named)
    {
        if (Question.AnswerIn(values) is not { } answer) return null;
        return Words.Contains(answer) || Words.Contains(Question.Other) && !named.Contains(answer);
    }
}

/// <summary>Texts that replace the page's own in some cases; null where they do not.</summary>
internal sealed record PageVariant(PageCondition When, Party? Who, IReadOnlyList<PageSentence>? Summary, IReadOnlyList<PageSentence>? Fix, IReadOnlyList<PageSentence>? Why);
