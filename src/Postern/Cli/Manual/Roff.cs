using System.Text;

namespace Postern.Cli.Manual;

/// <summary>Writes a page for man(1) in the macros of man(7). Text in backquotes becomes bold.</summary>
internal sealed class Roff
{
    private readonly StringBuilder _text = new();
    private bool _isHeading;

    /// <param name="section">"1" for commands, "5" for files.</param>
    public Roff(string title, string section, string version, string name, string summary)
    {
        _text.Append($".\\\" Made by postern config manual.\n.TH {title.ToUpperInvariant()} {section} \"\" \"Postern {version}\" \"Postern\"\n");
        _text.Append(".nh\n.ad l\n");
        Section("NAME").Line($"{Escape(name)} \\- {Escape(summary.TrimEnd('.'))}");
    }

    public Roff Section(string title) => Heading($".SH {Escape(title.ToUpperInvariant())}");
    public Roff Part(string title) => Heading($".SS {Escape(title)}");
    public Roff Paragraph(string text) => Gap().Line(Inline(text));

    /// <summary>A term and what it means.</summary>
    public Roff Item(string term, string text) => Line(".TP").Line($"\\fB{Escape(term)}\\fR").Line(text.Length > 0 ? Inline(text) : "\\&");

    public Roff Example(string text) => Gap().Line(".in +4n").Line(".nf").Line(Protect(Escape(text))).Line(".fi").Line(".in");

    public override string ToString() => _text.ToString();

    /// <summary>A heading makes its own.</summary>
    private Roff Gap() => _isHeading ? this : Line(".PP");

    private Roff Heading(string line)
    {
        Line(line);
        _isHeading = true;
        return this;
    }

    private Roff Line(string text)
    {
        _isHeading = false;
        _text.Append(text).Append('\n');
        return this;
    }

    private static string Inline(string text)
    {
        string[] parts = text.ReplaceLineEndings(" ").Split('`');
        // An odd number of marks is a mark that means itself.
        if (parts.Length % 2 == 0) return Protect(Escape(text));
        return Protect(string.Concat(parts.Select((part, i) => i % 2 == 0 ? Escape(part) : $"\\fB{Escape(part)}\\fR")));
    }

    /// <summary>A line that begins with a full stop or an apostrophe would be a macro.</summary>
    private static string Protect(string text) => string.Join('\n', text.Split('\n').Select(l => l.StartsWith('.') || l.StartsWith('\'') ? "\\&" + l : l));

    /// <summary>Hyphens as they are typed, and no character that a terminal of another kind cannot show.</summary>
    private static string Escape(string text) => text.Replace("\\", "\\e", StringComparison.Ordinal).Replace("-", "\\-", StringComparison.Ordinal).Replace("…", "...", StringComparison.Ordinal);
}
