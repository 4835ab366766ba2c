using System.Buffers;
using System.Net;
using System.Text;
using Postern.Protocols.Smtp;

namespace Postern.Diagnosis.Causes;

/// <summary>
/// A text made plain, so that one row finds all ways of writing a thing: lower case, no accents, no apostrophes, single spaces for punctuation, "@" for a mail
/// address, "#" for an IP address, "~name" for a host name, with what follows it in a URL behind slashes. Begins and ends with a space.
/// </summary>
internal static class ReplyPlainText
{
    private static readonly SearchValues<char> Separators = SearchValues.Create(" \t\r\n\v\f\u00a0<>[]()\"{}|");
    private static readonly SearchValues<char> Splitters = SearchValues.Create(",;:!?*=#/\\&%$+~^");
    private const string Trimmed = ".,;:!?*'`’“”-_=…";

    /// <summary>Endings that make "word.word" a host name and not the end of a sentence without a space.</summary>
    private static readonly HashSet<string> Endings =
    [
        .. "com net org edu gov mil int info biz eu de fr uk jp cn ru ch at nl be it es pt br pl cz se no dk fi us ca au nz in kr tr io co tw hk sg zone test example invalid local dev".Split(' '),
    ];

    private const string Accented = "àáâãäåāăąçćĉċčďđèéêëēĕėęěĝğġģĥìíîïĩīĭįıĵķĺļľłñńņňòóôõöøōŏőŕŗřśŝşšșţťțùúûüũūŭůűųŵýÿŷźżžß";
    private const string Plain = "aaaaaaaaacccccddeeeeeeeeegggghiiiiiiiiijkllllnnnnooooooooorrrssssstttuuuuuuuuuuwyyyzzzs";

    public static string Of(string text)
    {
        var plain = new StringBuilder(text.Length + 16).Append(' ');
        var rest = text.ToLowerInvariant().AsSpan();
        while (!rest.IsEmpty)
        {
            int end = rest.IndexOfAny(Separators);
            if (end < 0) end = rest.Length;
            if (end > 0) Token(rest[..end], plain);
            rest = rest[Math.Min(rest.Length, end + 1)..];
        }
        return plain.ToString();
    }

    /// <summary>Takes accents off, as <see cref="Of"/> does.</summary>
    public static char Fold(char c)
    {
        if (c < 0xdf) return c;
        int at = Accented.IndexOf(c, StringComparison.Ordinal);
        return at < 0 ? c : Plain[at];
    }

    private static void Token(ReadOnlySpan<char> token, StringBuilder plain)
    {
        token = token.Trim(Trimmed);
        // Codes of lines that somebody joined: "Please try 550-5.1.1 double-checking".
        if (token.IsEmpty || (token.Length >= 9 && char.IsAsciiDigit(token[0]) && token[3] == '-' && EnhancedStatusCode.TryParse(token[4..], out _))) return;
        int scheme = token.IndexOf("://");
        if (scheme >= 4)
        {
            var before = token[..scheme];
            before = before.EndsWith("https") ? before[..^5] : before.EndsWith("http") ? before[..^4] : before;
            Parts(before, plain);
            Url(token[(scheme + 3)..], plain);
            return;
        }
        int slash = token.IndexOf('/');
        if (slash > 0 && IsHost(token[..slash], anyEnding: true))
        {
            Url(token, plain);
            return;
        }
        if (token.Length > 2 && token[1..^1].Contains('@'))
        {
            Word("@", plain);
            return;
        }
        if (IsAddress(token))
        {
            Word("#", plain);
            return;
        }
        Parts(token, plain);
    }

    private static void Parts(ReadOnlySpan<char> token, StringBuilder plain)
    {
        while (!token.IsEmpty)
        {
            int end = token.IndexOfAny(Splitters);
            if (end < 0) end = token.Length;
            var part = token[..end].Trim(Trimmed);
            if (IsAddress(part)) Word("#", plain);
            else if (IsHost(part, anyEnding: false)) plain.Append('~').Append(part).Append(' ');
            else Letters(part, plain);
            token = token[Math.Min(token.Length, end + 1)..];
        }
    }

    private static void Word(string word, StringBuilder plain) => plain.Append(word).Append(' ');

    /// <summary>The host and the words of its path in one piece, so that a word in a path is not taken for one of the text.</summary>
    private static void Url(ReadOnlySpan<char> url, StringBuilder plain)
    {
        plain.Append('~');
        bool gap = false;
        foreach (char c in url)
        {
            if (char.IsAsciiLetterOrDigit(c) || c is '.' or '-' || c >= 0x80)
            {
                if (gap) plain.Append('/');
                gap = false;
                plain.Append(c);
            }
            else gap = true;
        }
        plain.Append(' ');
    }

    private static void Letters(ReadOnlySpan<char> token, StringBuilder plain)
    {
        // Dots stay in numbers ("5.7.1") and go between words.
        bool isNumber = token.IndexOfAnyExcept("0123456789.") < 0;
        for (int i = 0; i < token.Length; i++)
        {
            char c = token[i];
            // "don't" is one word, "l'adresse" is two.
            if (i != 1 && IsApostrophe(c)) continue;
            if (char.IsLetterOrDigit(c) || (isNumber && c == '.')) plain.Append(Fold(c));
            else if (plain[^1] != ' ') plain.Append(' ');
        }
        if (plain[^1] != ' ') plain.Append(' ');
    }

    private static bool IsApostrophe(char c) => c is '\'' or '’' or '`' or '´';

    private static bool IsAddress(ReadOnlySpan<char> token) =>
        token.Length is >= 3 and <= 45 && token.IndexOfAnyExcept("0123456789abcdef.:") < 0 &&
        (token.Contains(':') ? token.Count(':') >= 2 && IPAddress.TryParse(token, out _) : token.Count('.') == 3 && IPAddress.TryParse(token, out _));

    private static bool IsHost(ReadOnlySpan<char> token, bool anyEnding)
    {
        int last = token.LastIndexOf('.');
        if (last <= 0 || last == token.Length - 1) return false;
        int labels = 0;
        bool letters = false;
        foreach (var range in token.Split('.'))
        {
            var label = token[range];
            if (label.IsEmpty) return false;
            foreach (char c in label)
            {
                if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_')) return false;
                letters |= char.IsAsciiLetter(c);
            }
            labels++;
        }
        var ending = token[(last + 1)..];
        foreach (char c in ending)
            if (!char.IsAsciiLetter(c)) return false;
        return letters && (labels > 2 || anyEnding && ending.Length >= 2 || Endings.GetAlternateLookup<ReadOnlySpan<char>>().Contains(ending));
    }
}
