using System.Text;

namespace Postern.Diagnosis.Knowledge;

/// <summary>A page filled for one case, to be written as markdown (documents, dashboard) or as plain text (terminal, bounce).</summary>
internal sealed class PageText(KnowledgePage page, CaseValues values)
{
    /// <summary>Deterministic; ends with one line end.</summary>
    public string ToMarkdown()
    {
        var text = new StringBuilder("# ").Append(page.Title).Append('\n');
        foreach (var section in page.Sections)
        {
            text.Append("\n## ").Append(section.Name).Append("\n\n");
            foreach (var (heading, lines) in Parts(section, PageForm.Markdown))
            {
                if (heading is not null) text.Append("### ").Append(heading).Append("\n\n");
                foreach (var (_, line) in lines) text.Append(line).Append('\n');
                text.Append('\n');
            }
            TrimBlankLines(text);
        }
        text.Append("\n## Sources\n\n");
        foreach (string source in page.Sources) text.Append("- ").Append(source).Append('\n');
        return text.ToString();
    }

    /// <summary>Paragraphs and lists are wrapped, commands never: they must be copied whole.</summary>
    /// <param name="width">Columns, at least 40.</param>
    public string ToPlain(int width = 78)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 40);
        var text = new StringBuilder(page.Title).Append('\n');
        var wrapped = new TextWrap(text, width);
        foreach (var section in page.Sections)
        {
            text.Append('\n').Append(section.Name.ToUpperInvariant()).Append("\n\n");
            foreach (var (heading, lines) in Parts(section, PageForm.Plain))
            {
                if (heading is not null) text.Append(heading).Append("\n\n");
                foreach (var (kind, line) in lines)
                {
                    if (kind == LineKind.Text) wrapped.Add(line);
                    else if (kind == LineKind.Code) wrapped.AddVerbatim(line);
                    else wrapped.Flush();
                }
                wrapped.Flush();
                text.Append('\n');
            }
            TrimBlankLines(text);
        }
        return text.ToString();
    }

    /// <summary>What the case is shown, without parts, fences and blank lines that nothing is left in.</summary>
    private IEnumerable<(string? Heading, List<(LineKind Kind, string Text)> Lines)> Parts(PageSection section, PageForm form)
    {
        foreach (var part in section.For(values))
        {
            var lines = new List<(LineKind Kind, string Text)>();
            foreach (var line in part.Lines)
            {
                if (line.Text.Fill(values, form) is not { } text) continue;
                if (line.Kind == LineKind.FenceEnd && lines is [.., (LineKind.FenceStart, _)]) lines.RemoveAt(lines.Count - 1);
                else if (text.Length > 0 || line.Kind != LineKind.Text || lines is [.., (_, { Length: > 0 })]) lines.Add((line.Kind, text));
            }
            while (lines is [.., (LineKind.Text, "")]) lines.RemoveAt(lines.Count - 1);
            if (lines.Count > 0) yield return (part.Heading?.Fill(values, form), lines);
        }
    }

    private static void TrimBlankLines(StringBuilder text)
    {
        while (text.Length > 1 && text[^1] == '\n' && text[^2] == '\n') text.Length--;
    }
}
