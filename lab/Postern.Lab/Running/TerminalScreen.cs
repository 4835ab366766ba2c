using System.Globalization;
using System.Text;

namespace Postern.Lab.Running;

/// <summary>What stands on a terminal after a program has printed to it: redrawn lines once, no colours. Knows the control sequences that move up, erase and colour (ECMA-48), and no more.</summary>
internal sealed class TerminalScreen
{
    private readonly List<StringBuilder> _lines = [new()];
    private int _row, _column;

    /// <summary>The lines without blanks at their ends, each ended by \n.</summary>
    public static string After(string printed)
    {
        var screen = new TerminalScreen();
        for (int i = 0; i < printed.Length; i++)
        {
            if (printed[i] == '\e') i = screen.Obey(printed, i + 1);
            else screen.Put(printed[i]);
        }
        return string.Concat(screen._lines.Select(l => l.ToString().TrimEnd() + "\n")).Trim('\n') + "\n";
    }

    private void Put(char c)
    {
        switch (c)
        {
            case '\n':
                if (++_row == _lines.Count) _lines.Add(new StringBuilder());
                break;
            case '\r':
                _column = 0;
                break;
            case >= ' ':
                var line = _lines[_row];
                if (line.Length < _column) line.Append(' ', _column - line.Length);
                if (_column < line.Length) line[_column] = c;
                else line.Append(c);
                _column++;
                break;
        }
    }

    /// <summary>The sequence after its escape character; answers with the index of its last character.</summary>
    private int Obey(string printed, int at)
    {
        // "=" and ">" and their like prepare a keypad; only those that begin with "[" have an argument.
        if (at >= printed.Length || printed[at] != '[') return at;
        int end = at + 1;
        while (end < printed.Length && printed[end] is not (>= '@' and <= '~')) end++;
        if (end == printed.Length) return end;
        int count = int.TryParse(printed.AsSpan(at + 1, end - at - 1), CultureInfo.InvariantCulture, out int told) ? told : 0;
        switch (printed[end])
        {
            case 'A':
                _row = Math.Max(0, _row - Math.Max(1, count));
                break;
            case 'K' when count == 2:
                _lines[_row].Clear();
                break;
            case 'K' when _column < _lines[_row].Length:
                _lines[_row].Length = _column;
                break;
        }
        return end;
    }
}
