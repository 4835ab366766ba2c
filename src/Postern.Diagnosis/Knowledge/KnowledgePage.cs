using System.Text.RegularExpressions;
using Postern.Diagnosis.Causes;

namespace Postern.Diagnosis.Knowledge;

/// <summary>
/// What we know about one cause: knowledge/&lt;cause&gt;.md. Short texts for a verdict (front matter) and a page for whoever must act. Immutable; filling is pure and takes
/// microseconds, so that every failed attempt can be explained.
/// </summary>
/// <remarks>
/// The file: TOML between two +++ lines (id, title, who, summary, fix, why, sources, and [[variant]] with when and what it replaces), then the five sections of
/// <see cref="SectionNames"/>. A section may have sub-sections "### When …", each with its condition in a comment on the next line: &lt;!-- when: seen=reset --&gt;. A case
/// that answers the question sees those that fit; one that does not sees all. Placeholders are <see cref="Placeholder"/>'s.
/// </remarks>
internal sealed partial record KnowledgePage
{
    private const int ConfirmSection = 2, MostCommands = 8;

    /// <summary>Every page has these, in this order, and no others.</summary>
    public static readonly IReadOnlyList<string> SectionNames = ["What you see", "What it means", "Confirm it", "Fix it", "Why the fix works"];

    public required CauseId Id { get; init; }
    public required string Title { get; init; }
    public required Party Who { get; init; }

    /// <summary>One sentence a line; joined by spaces.</summary>
    public required IReadOnlyList<PageSentence> Summary { get; init; }

    /// <summary>One step a line; kept as lines.</summary>
    public required IReadOnlyList<PageSentence> Fix { get; init; }

    /// <summary>One sentence a line; joined by spaces.</summary>
    public required IReadOnlyList<PageSentence> Why { get; init; }

    /// <summary>RFC sections and pages, as text.</summary>
    public required IReadOnlyList<string> Sources { get; init; }

    /// <summary>The first that fits a case is used.</summary>
    public IReadOnlyList<PageVariant> Variants { get; init; } = [];
    public required IReadOnlyList<PageSection> Sections { get; init; }

    /// <summary>The short texts for a case, as plain text.</summary>
    /// <param name="variant">One more answer, "mx=null-mx", for callers that know it apart from the values; null for none.</param>
    public FilledPage Fill(CaseValues values, string? variant = null)
    {
        values = With(values, variant);
        var chosen = Variants.FirstOrDefault(v => v.When.Holds(values, NamedBy(v.When.Question)) == true);
        return new FilledPage(
            Join(chosen?.Summary ?? Summary, " ", values), Numbered(Join(chosen?.Fix ?? Fix, "\n", values)), Join(chosen?.Why ?? Why, " ", values), chosen?.Who ?? Who) { Confirm = Commands(values) };
    }

    /// <summary>The commands of "Confirm it" that are whole for this case: every name is known, so that they can be pasted as they are.</summary>
    private IReadOnlyList<string> Commands(CaseValues values)
    {
        var commands = new List<string>(MostCommands);
        foreach (var part in Sections[ConfirmSection].For(values))
        {
            bool isShell = false;
            foreach (var line in part.Lines)
            {
                if (line.Kind == LineKind.FenceStart) isShell = line.Text.Source == "```sh";
                if (line.Kind == LineKind.Code && isShell && commands.Count < MostCommands && line.Text.FillWhole(values) is { Length: > 0 } command && !commands.Contains(command)) commands.Add(command);
            }
        }
        return commands;
    }

    /// <summary>The whole page for a case: the sub-sections that fit, with its names filled in.</summary>
    public PageText Render(CaseValues values, string? variant = null) => new(this, With(values, variant));

    private static CaseValues With(CaseValues values, string? variant)
    {
        if (variant is null) return values;
        if (PageCondition.Parse(variant, out string? error) is not { Words: [var word] } condition) throw new ArgumentException(error ?? $"\"{variant}\" is more than one answer", nameof(variant));
        return condition.Question.Answer(values, word);
    }

    private IEnumerable<string> NamedBy(Question question) => Variants.Where(v => v.When.Question == question).SelectMany(v => v.When.Words);

    /// <summary>Steps may have been left out.</summary>
    private static string Numbered(string fix)
    {
        int step = 0;
        return Step().Replace(fix, _ => $"{++step}. ");
    }

    [GeneratedRegex(@"^\d{1,2}\. ", RegexOptions.Multiline)]
    private static partial Regex Step();

    private static string Join(IReadOnlyList<PageSentence> lines, string separator, CaseValues values) => string.Join(separator, PageSentence.Fill(lines, values));
}

/// <summary>A verdict's words for one case.</summary>
/// <param name="Who">Who must act in this case.</param>
internal readonly record struct FilledPage(string Summary, string Fix, string Why, Party Who)
{
    /// <summary>Commands that show it, to be pasted into a shell.</summary>
    public IReadOnlyList<string> Confirm { get; init; } = [];
}

internal sealed record PageSection(string Name, IReadOnlyList<PagePart> Parts)
{
    /// <summary>The parts that a case is shown.</summary>
    public IEnumerable<PagePart> For(CaseValues values) => Parts.Where(part => part.When?.Holds(values, NamedBy(part.When.Question)) != false);

    private IEnumerable<string> NamedBy(Question question) => Parts.Where(p => p.When?.Question == question).SelectMany(p => p.When!.Words);
}

/// <param name="Heading">Null for what stands before the first sub-section.</param>
/// <param name="When">Null for always.</param>
internal sealed record PagePart(Template? Heading, PageCondition? When, IReadOnlyList<PageLine> Lines);

internal enum LineKind : byte { Text, FenceStart, Code, FenceEnd }

internal readonly record struct PageLine(LineKind Kind, Template Text, int Number);
