using System.Text;
using System.Text.RegularExpressions;

namespace Postern.Diagnosis.Knowledge;

/// <summary>How a page is written out: as markdown, or as plain text without any marks.</summary>
internal enum PageForm : byte { Markdown, Plain }

/// <summary>
/// One line with placeholders. {{name}} without a value becomes a generic word; {{name?}} without one leaves the whole line out. In commands (`code` and fences) a
/// value is only used when it is safe to paste.
/// </summary>
internal sealed partial class Template
{
    private readonly record struct Piece(string Text, Placeholder? Name, bool IsOptional, bool IsCommand);

    private readonly List<Piece> _pieces = [];
    private readonly bool _isCommand;

    /// <param name="isCommand">The whole line is one, as in a fence.</param>
    /// <param name="problem">Told of what is wrong with the text.</param>
    public Template(string text, bool isCommand, Action<string> problem)
    {
        Source = text;
        _isCommand = isCommand;
        bool inCode = false;
        int at = 0;
        foreach (Match match in Mark().Matches(text))
        {
            string before = text[at..match.Index];
            Add(before);
            at = match.Index + match.Length;
            string name = match.Groups[1].Value;
            if (Placeholder.Find(name) is { } placeholder) _pieces.Add(new Piece("", placeholder, match.Groups[2].Length > 0, isCommand || inCode));
            else problem($"no placeholder is called {{{{{name}}}}}; there are {string.Join(", ", Placeholder.All.Select(p => p.Name))}");
        }
        Add(text[at..]);
        if (_pieces.Any(p => p.Text.Contains("{{", StringComparison.Ordinal) || p.Text.Contains("}}", StringComparison.Ordinal)))
            problem("braces that make no placeholder; write {{name}} or {{name?}}");
        if (!isCommand && inCode) problem("a ` that is not closed on its line");

        void Add(string plain)
        {
            if (plain.Length > 0) _pieces.Add(new Piece(plain, null, false, isCommand || inCode));
            if (!isCommand && plain.Count(c => c == '`') % 2 == 1) inCode = !inCode;
        }
    }

    /// <summary>As it stands in the page.</summary>
    public string Source { get; }

    public IEnumerable<Placeholder> Placeholders => _pieces.Where(p => p.Name is not null).Select(p => p.Name!);

    /// <summary>Null when the line is to be left out.</summary>
    public string? Fill(CaseValues values, PageForm form)
    {
        var text = new StringBuilder(Source.Length + 32);
        foreach (var piece in _pieces)
        {
            if (piece.Name is not { } name)
            {
                text.Append(form == PageForm.Markdown || _isCommand ? piece.Text : WithoutMarks(piece.Text));
                continue;
            }
            string? value = name.ValueIn(values);
            value = piece.IsCommand ? SafeText.ForCommand(value) : SafeText.ForProse(value);
            if (value is null && piece.IsOptional && !(_isCommand && values.KeepsOptionalCommands)) return null;
            bool isWords = value is null || name.Name == "us";
            value ??= piece.IsCommand ? name.InCommand : name.InProse;
            if (isWords && !piece.IsCommand && BeginsSentence(text)) value = char.ToUpperInvariant(value[0]) + value[1..];
            text.Append(form == PageForm.Markdown && !piece.IsCommand ? SafeText.Escape(value) : value);
        }
        return text.ToString();
    }

    /// <summary>As a command; null when a name in it is not known, or not safe to paste.</summary>
    public string? FillWhole(CaseValues values)
    {
        var text = new StringBuilder(Source.Length + 32);
        foreach (var piece in _pieces)
        {
            if (piece.Name is not { } name) text.Append(piece.Text);
            else if (SafeText.ForCommand(name.ValueIn(values)) is { } value) text.Append(value);
            // "25" and "iptables" are what is meant by default; a word in capitals only holds the place.
            else if (name.InCommand.Any(char.IsAsciiLetterUpper)) return null;
            else text.Append(name.InCommand);
        }
        return text.ToString();
    }

    private static bool BeginsSentence(StringBuilder before) => before.Length == 0 || before.Length > 1 && before[^2] == '.' && before[^1] == ' ' || before.Length == 2 && before[0] == '-';

    private static string WithoutMarks(string text) =>
        Link().Replace(text, m => m.Groups[1].Value == m.Groups[2].Value ? m.Groups[2].Value : $"{m.Groups[1].Value} ({m.Groups[2].Value})")
            .Replace("**", "", StringComparison.Ordinal).Replace("`", "", StringComparison.Ordinal);

    [GeneratedRegex(@"\{\{([a-z_]+)(\??)\}\}")]
    private static partial Regex Mark();

    [GeneratedRegex(@"\[([^\]]+)\]\(([^)]+)\)")]
    private static partial Regex Link();
}
