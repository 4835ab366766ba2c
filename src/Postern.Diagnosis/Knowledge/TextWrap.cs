using System.Text;

namespace Postern.Diagnosis.Knowledge;

/// <summary>Gathers the lines of a paragraph or a list entry and writes them wrapped.</summary>
internal sealed class TextWrap(StringBuilder to, int width)
{
    private const string CommandIndent = "    ";
    private readonly List<string> _words = [];
    private string _first = "";

    /// <summary>A blank line ends a paragraph; "- " and "1. " begin an entry; other lines continue.</summary>
    public void Add(string line)
    {
        string text = line.TrimStart();
        int mark = MarkLength(text);
        if (text.Length == 0 || mark > 0) Flush();
        if (text.Length == 0) to.Append('\n');
        if (mark > 0) _first = new string(' ', line.Length - text.Length) + text[..mark];
        _words.AddRange(text[mark..].Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }

    public void AddVerbatim(string line)
    {
        Flush();
        to.Append(line.Length == 0 ? "" : CommandIndent).Append(line).Append('\n');
    }

    public void Flush()
    {
        if (_words.Count == 0) return;
        string indent = new(' ', _first.Length);
        to.Append(_first);
        int column = _first.Length;
        bool isFirst = true;
        foreach (string word in _words)
        {
            if (!isFirst && column + 1 + word.Length > width)
            {
                to.Append('\n').Append(indent);
                (column, isFirst) = (indent.Length, true);
            }
            if (!isFirst) to.Append(' ');
            to.Append(word);
            column += word.Length + (isFirst ? 0 : 1);
            isFirst = false;
        }
        to.Append('\n');
        _words.Clear();
        _first = "";
    }

    private static int MarkLength(string text)
    {
        if (text.StartsWith("- ", StringComparison.Ordinal)) return 2;
        int digits = text.TakeWhile(char.IsAsciiDigit).Count();
        return digits is 1 or 2 && text.AsSpan(digits).StartsWith(". ") ? digits + 2 : 0;
    }
}
