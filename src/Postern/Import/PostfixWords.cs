using System.Globalization;

namespace Postern.Import;

/// <summary>How Postfix writes lists, times, answers and ports.</summary>
internal static class PostfixWords
{
    private static readonly Dictionary<string, int> _services = new(StringComparer.OrdinalIgnoreCase) { ["smtp"] = 25, ["smtps"] = 465, ["submissions"] = 465, ["submission"] = 587 };

    /// <summary>Separated by commas and white space, except within braces.</summary>
    public static List<string> List(string text)
    {
        var words = new List<string>();
        int level = 0, from = 0;
        for (int i = 0; i <= text.Length; i++)
        {
            bool isEnd = i == text.Length || level == 0 && (text[i] == ',' || char.IsWhiteSpace(text[i]));
            if (isEnd)
            {
                if (i > from) words.Add(text[from..i]);
                from = i + 1;
            }
            else if (text[i] == '{') level++;
            else if (text[i] == '}') level--;
        }
        return words;
    }

    public static bool IsYes(string text) => text.Equals("yes", StringComparison.OrdinalIgnoreCase);

    public static int? Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;

    public static long? LongNumber(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;

    /// <summary>"30s", "5d", or a number of the parameter's own unit.</summary>
    public static TimeSpan? Time(string text, char unit)
    {
        if (text.Length == 0) return null;
        if (char.IsAsciiLetter(text[^1])) (unit, text) = (char.ToLowerInvariant(text[^1]), text[..^1]);
        if (Number(text) is not { } number) return null;
        long seconds = unit switch { 's' => 1, 'm' => 60, 'h' => 3600, 'd' => 86_400, 'w' => 604_800, _ => 0 };
        return seconds == 0 ? null : TimeSpan.FromSeconds(number * (double)seconds);
    }

    public static int? Port(string text) => _services.TryGetValue(text, out int port) ? port : Number(text) is > 0 and < 65536 and var number ? number : null;
}
