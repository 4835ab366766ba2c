using System.Buffers;
using System.Text;

namespace Postern.Core.Bounces;

/// <summary>
/// Writes the lines of a notification. Everything said by others passes through here, so nothing can begin a line, a header or a part of its own:
/// control characters (CR and LF first of all) become spaces. No line is longer than 998 bytes (RFC 5321 section 4.5.3.1.6), most are below 78.
/// </summary>
internal sealed class DsnWriter
{
    private const int SoftLimit = 76;
    private const int HardLimit = 900;
    private readonly ArrayBufferWriter<byte> _bytes = new(4096);

    public ReadOnlyMemory<byte> Written => _bytes.WrittenMemory;

    /// <summary>Our own words, one or more lines, taken as they are.</summary>
    public void Raw(string text)
    {
        Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\r\n"), _bytes);
        _bytes.Write("\r\n"u8);
    }

    public void Bytes(ReadOnlySpan<byte> bytes) => _bytes.Write(bytes);

    /// <summary>A header field, folded at spaces (RFC 5322 section 2.2.3).</summary>
    public void Field(string name, string value) => Wrap(name + ": ", " ", value, "");

    /// <summary>A paragraph: words of others or long ones of ours, broken at spaces, each line after <paramref name="indent"/>.</summary>
    public void Paragraph(string indent, string text) => Wrap(indent, indent, text, indent);

    private void Wrap(string first, string next, string text, string ifEmpty)
    {
        var line = new StringBuilder(first);
        bool any = false;
        int room = 0;
        foreach (string word in Clean(text).Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            foreach (string piece in Pieces(word))
            {
                if (any && line.Length + 1 + piece.Length > SoftLimit)
                {
                    Raw(line.ToString());
                    line.Clear().Append(next);
                    room = 0;
                }
                if (room++ > 0) line.Append(' ');
                line.Append(piece);
                any = true;
            }
        }
        Raw(any ? line.ToString() : (first.Length > 0 ? first : ifEmpty).TrimEnd());
    }

    /// <summary>A word too long for any line is cut; UTF-8 takes up to three bytes for a char, hence a third.</summary>
    private static IEnumerable<string> Pieces(string word)
    {
        for (; word.Length > HardLimit / 3; )
        {
            int cut = char.IsHighSurrogate(word[(HardLimit / 3) - 1]) ? (HardLimit / 3) - 1 : HardLimit / 3;
            yield return word[..cut];
            word = word[cut..];
        }
        yield return word;
    }

    /// <summary>Control characters, the C1 ones and the Unicode line separators too, become spaces.</summary>
    public static string Clean(string text)
    {
        foreach (char c in text)
            if (Breaks(c))
                return string.Create(text.Length, text, static (span, from) =>
                {
                    for (int i = 0; i < from.Length; i++) span[i] = Breaks(from[i]) ? ' ' : from[i];
                });
        return text;
    }

    private static bool Breaks(char c) => char.IsControl(c) || c is '\u2028' or '\u2029';
}
