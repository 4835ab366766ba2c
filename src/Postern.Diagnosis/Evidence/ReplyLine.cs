using System.Text;
using Postern.Protocols.Smtp;

namespace Postern.Diagnosis.Evidence;

/// <summary>A reply for a sentence: one line, its codes once (RFC 5321 section 4.2.1 repeats them on every line).</summary>
public static class ReplyLine
{
    private const int CodeLength = 3;

    /// <summary>"421-4.7.28 Too\n421 4.7.28 much" is "421 4.7.28 Too much".</summary>
    public static string Of(string reply)
    {
        string[] lines = reply.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (lines.Length == 0) return "";
        string code = CodeOf(lines[0]);
        var text = new StringBuilder(reply.Length).Append(lines[0]);
        if (code.Length > 0 && text.Length > CodeLength) text[CodeLength] = ' ';
        string enhanced = code.Length > 0 && lines[0].Length > CodeLength + 1 ? EnhancedOf(lines[0][(CodeLength + 1)..]) : "";
        foreach (string line in lines.Skip(1))
        {
            var rest = line.AsSpan();
            if (code.Length > 0 && CodeOf(line) == code)
            {
                rest = rest[Math.Min(rest.Length, CodeLength + 1)..].TrimStart();
                if (enhanced.Length > 0 && rest.StartsWith(enhanced, StringComparison.Ordinal)) rest = rest[enhanced.Length..].TrimStart();
            }
            if (rest.Length > 0) text.Append(' ').Append(rest);
        }
        return text.ToString();
    }

    private static string CodeOf(string line) =>
        line.Length >= CodeLength && line.AsSpan(0, CodeLength).IndexOfAnyExceptInRange('0', '9') < 0 && (line.Length == CodeLength || line[CodeLength] is ' ' or '-') ? line[..CodeLength] : "";

    /// <summary>"5.7.1" of "5.7.1 text" (RFC 3463 section 2).</summary>
    private static string EnhancedOf(string text)
    {
        int end = text.IndexOf(' ', StringComparison.Ordinal);
        string word = end < 0 ? text : text[..end];
        return EnhancedStatusCode.TryParse(word, out _) ? word : "";
    }
}
