using System.Text;
using Postern.Protocols.Smtp;

namespace Postern.Diagnosis.Causes;

/// <summary>The codes of a reply, and its text without them.</summary>
internal readonly record struct ReplyCodes(int Code, EnhancedStatusCode? Enhanced, string Body)
{
    /// <summary>Each line may begin with the code and the enhanced code; an enhanced code may also stand anywhere ("(#5.1.1)"). Codes of a line do not stay in the body.</summary>
    public static ReplyCodes Read(ReadOnlySpan<char> text)
    {
        int code = 0;
        EnhancedStatusCode? enhanced = null;
        var body = new StringBuilder(text.Length);
        foreach (var line in text.Split('\n'))
        {
            var rest = text[line].Trim();
            if (rest.StartsWith("smtp;", StringComparison.OrdinalIgnoreCase)) rest = rest[5..].TrimStart();
            if (TryBasic(rest, out int basic))
            {
                if (code == 0) code = basic;
                rest = rest[3..];
                if (rest is [' ' or '-', ..]) rest = rest[1..];
            }
            var inner = rest.TrimStart().TrimStart("(#");
            int length = EnhancedLength(inner);
            if (length > 0 && (inner.Length == length || inner[length] is ' ' or ':' or ';' or '>' or '-' or ')') && EnhancedStatusCode.TryParse(inner[..length], out var at) && at.Class != 2)
            {
                enhanced ??= at;
                rest = inner[length..].TrimStart(" :;-)");
            }
            body.Append(rest).Append('\n');
        }
        string kept = body.ToString();
        return new ReplyCodes(code, enhanced ?? FindEnhanced(kept), kept);
    }

    private static bool TryBasic(ReadOnlySpan<char> text, out int code)
    {
        code = 0;
        if (text.Length < 3 || text[0] is < '2' or > '5' || !char.IsAsciiDigit(text[1]) || !char.IsAsciiDigit(text[2])) return false;
        if (text.Length > 3 && text[3] is not (' ' or '-' or '#')) return false;
        code = (text[0] - '0') * 100 + (text[1] - '0') * 10 + text[2] - '0';
        return true;
    }

    private static EnhancedStatusCode? FindEnhanced(ReadOnlySpan<char> text)
    {
        for (int i = 0; i + 5 <= text.Length; i++)
        {
            if (text[i] is not ('4' or '5') || text[i + 1] != '.' || (i > 0 && (char.IsAsciiDigit(text[i - 1]) || text[i - 1] == '.'))) continue;
            int length = EnhancedLength(text[i..]);
            if (length == 0) continue;
            var after = text[(i + length)..];
            // "5.1.1." ends a sentence, "5.1.1.7" is an address.
            if (after is ['.', >= '0' and <= '9', ..]) continue;
            if (EnhancedStatusCode.TryParse(text.Slice(i, length), out var code)) return code;
        }
        return null;
    }

    /// <summary>The length of "d.ddd.ddd" at the beginning; 0 when it is something else.</summary>
    private static int EnhancedLength(ReadOnlySpan<char> text)
    {
        if (text.Length < 5 || text[1] != '.') return 0;
        int subject = Digits(text[2..]);
        if (subject is 0 or > 3 || text.Length <= 2 + subject || text[2 + subject] != '.') return 0;
        int detail = Digits(text[(3 + subject)..]);
        return detail is 0 or > 3 ? 0 : 3 + subject + detail;
    }

    private static int Digits(ReadOnlySpan<char> text)
    {
        int end = text.IndexOfAnyExceptInRange('0', '9');
        return end < 0 ? text.Length : end;
    }
}
