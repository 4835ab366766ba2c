using System.Text;

namespace Postern.Import;

/// <summary>
/// The line format that all of Postfix's text files share (postconf(5)): a line that begins with white space continues the one before; empty lines and
/// lines whose first other character is # are left out, also in between.
/// </summary>
internal static class LogicalLines
{
    /// <summary>Text and number of the first line, from 1.</summary>
    public static IEnumerable<(string Text, int Line)> Read(string text)
    {
        var logical = new StringBuilder();
        int number = 0, first = 0;
        foreach (string raw in text.Split('\n'))
        {
            number++;
            string line = raw.TrimEnd();
            string trimmed = line.TrimStart();
            if (trimmed.Length == 0 || trimmed[0] == '#') continue;
            bool continues = char.IsWhiteSpace(line[0]) && logical.Length > 0;
            if (continues)
            {
                logical.Append(' ').Append(trimmed);
                continue;
            }
            if (logical.Length > 0) yield return (logical.ToString(), first);
            logical.Clear().Append(trimmed);
            first = number;
        }
        if (logical.Length > 0) yield return (logical.ToString(), first);
    }
}
