using System.Text.RegularExpressions;
using Postern.Diagnosis.Causes;

namespace Postern.Diagnosis.Knowledge;

/// <summary>Reads one page. Everything that is wrong with it is collected, each with its line.</summary>
internal sealed partial class PageReader
{
    private const string Fence = "+++";

    private readonly KnowledgeFile _file;
    private readonly List<PageError> _errors;
    private readonly string[] _lines;

    private PageReader(KnowledgeFile file, List<PageError> errors)
    {
        (_file, _errors) = (file, errors);
        _lines = file.Text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
    }

    /// <summary>Null when there are errors.</summary>
    public static KnowledgePage? Read(KnowledgeFile file, List<PageError> errors)
    {
        int before = errors.Count;
        var page = new PageReader(file, errors).Read();
        return errors.Count == before ? page : null;
    }

    private KnowledgePage? Read()
    {
        int end = _lines[0] == Fence ? Array.IndexOf(_lines, Fence, 1) : -1;
        if (end < 0)
        {
            Error(1, "a page begins with its front matter between two lines of +++");
            return null;
        }
        var front = FrontMatter.Read(string.Join('\n', _lines[1..end]), Error);
        if (front.Id is { } id && _file.Name != $"{CauseTable.NameOf(id)}.md") Error(1, $"the page of {CauseTable.NameOf(id)} must be called {CauseTable.NameOf(id)}.md");
        var sections = ReadSections(end + 1);
        if (front.Id is null || front.Who is null || front.Title is null || front.Summary is null || front.Fix is null || front.Why is null) return null;
        return new KnowledgePage
        {
            Id = front.Id.Value, Title = front.Title, Who = front.Who.Value, Summary = front.Summary, Fix = front.Fix, Why = front.Why,
            Sources = front.Sources, Variants = front.Variants, Sections = sections,
        };
    }

    private List<PageSection> ReadSections(int start)
    {
        var sections = new List<PageSection>();
        List<PagePart> parts = [];
        List<PageLine> lines = [];
        int? fence = null;
        for (int i = start; i < _lines.Length; i++)
        {
            int number = i + 1;
            string line = _lines[i];
            if (fence is not null || line.StartsWith("```", StringComparison.Ordinal))
            {
                var kind = fence is null ? LineKind.FenceStart : line == "```" ? LineKind.FenceEnd : LineKind.Code;
                fence = kind == LineKind.FenceStart ? number : kind == LineKind.FenceEnd ? null : fence;
                lines.Add(new PageLine(kind, Text(line, number, isCommand: true), number));
            }
            else if (line.StartsWith("## ", StringComparison.Ordinal))
            {
                ExpectSection(line[3..], sections.Count, number);
                sections.Add(new PageSection(line[3..], parts = []));
                parts.Add(new PagePart(null, null, lines = []));
            }
            else if (line.StartsWith("### ", StringComparison.Ordinal))
            {
                var comment = Comment().Match(i + 1 < _lines.Length ? _lines[i + 1] : "");
                var condition = comment.Success ? ReadCondition(comment.Groups[1].Value, number + 1) : null;
                if (comment.Success) i++;
                else if (line.StartsWith("### When ", StringComparison.Ordinal)) Error(number, "\"When\" needs its condition on the next line: <!-- when: question=word -->");
                parts.Add(new PagePart(Text(line[4..], number), condition, lines = []));
            }
            else if (sections.Count == 0)
            {
                if (line.Length > 0) Error(number, $"text before the first section, \"## {KnowledgePage.SectionNames[0]}\"");
            }
            else
            {
                Check(line, number);
                lines.Add(new PageLine(LineKind.Text, Text(line, number), number));
            }
        }
        if (fence is { } open) Error(open, "a fence ``` that is not closed");
        for (int missing = sections.Count; missing < KnowledgePage.SectionNames.Count; missing++) Error(_lines.Length, $"the section \"## {KnowledgePage.SectionNames[missing]}\" is missing");
        return sections;
    }

    private void ExpectSection(string name, int index, int number)
    {
        string? expected = KnowledgePage.SectionNames.ElementAtOrDefault(index);
        if (expected is null) Error(number, $"\"## {name}\" is one section too many");
        else if (name != expected) Error(number, $"expected the section \"## {expected}\", found \"## {name}\"");
    }

    private PageCondition? ReadCondition(string text, int number)
    {
        var condition = PageCondition.Parse(text, out string? error);
        if (error is not null) Error(number, error);
        return condition;
    }

    private void Check(string line, int number)
    {
        if (line.StartsWith("<!--", StringComparison.Ordinal)) Error(number, "a comment may only follow a ### line, as its condition");
        if (line.StartsWith('|')) Error(number, "a table fits neither a terminal nor a bounce; write a list");
        if (line.StartsWith('#')) Error(number, "only ## and ### are used");
    }

    private Template Text(string line, int number, bool isCommand = false) => new(line, isCommand, message => Error(number, message));

    private void Error(int line, string message) => _errors.Add(new PageError(_file.Name, line, message));

    [GeneratedRegex("^<!-- when: (.*) -->$")]
    private static partial Regex Comment();
}
