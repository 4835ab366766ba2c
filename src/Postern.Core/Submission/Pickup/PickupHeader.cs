using System.Text;

namespace Postern.Core.Submission.Pickup;

/// <summary>One header field of a pickup file.</summary>
/// <param name="Start">Where it begins in the file's head.</param>
/// <param name="Length">With its line end and continuation lines.</param>
/// <param name="Value">Unfolded: line ends removed.</param>
internal readonly record struct PickupField(int Start, int Length, string Name, string Value)
{
    public bool Is(string name) => Name.Equals(name, StringComparison.OrdinalIgnoreCase);
}

/// <summary>The header section at the start of a pickup file, whose lines may end in CRLF, LF or CR.</summary>
internal static class PickupHeader
{
    /// <summary>
    /// Reads fields up to the empty line or the first line that is no field. Null when <paramref name="head"/> ends before that and more follows.
    /// </summary>
    /// <param name="isWhole">True when the head is the whole file.</param>
    /// <param name="end">Where the section ends: the position of the empty line, or of what is no field.</param>
    public static List<PickupField>? Parse(ReadOnlySpan<byte> head, bool isWhole, out int end)
    {
        var fields = new List<PickupField>();
        end = head.StartsWith("\uFEFF"u8) ? 3 : 0;
        while (end < head.Length)
        {
            int length = FieldLength(head[end..]);
            if (end + length >= head.Length && !isWhole) return null;
            var field = head.Slice(end, length);
            int colon = field.IndexOf((byte)':');
            var name = colon > 0 ? field[..colon].TrimEnd(" \t"u8) : default;
            if (name.IsEmpty || name.ContainsAnyExceptInRange((byte)33, (byte)126)) return fields;
            fields.Add(new PickupField(end, length, Encoding.ASCII.GetString(name), Unfold(field[(colon + 1)..])));
            end += length;
        }
        return isWhole ? fields : null;
    }

    /// <summary>A line with the continuation lines behind it.</summary>
    private static int FieldLength(ReadOnlySpan<byte> text)
    {
        int at = 0;
        do
        {
            int newline = text[at..].IndexOfAny((byte)'\r', (byte)'\n');
            if (newline < 0) return text.Length;
            at += newline + 1;
            if (text[at - 1] == '\r' && at < text.Length && text[at] == '\n') at++;
            // The empty line: it has no continuation.
            if (newline == 0) return at;
        }
        while (at < text.Length && text[at] is (byte)' ' or (byte)'\t');
        return at;
    }

    private static string Unfold(ReadOnlySpan<byte> value) => Encoding.UTF8.GetString(value).Replace("\r", "", StringComparison.Ordinal).Replace("\n", "", StringComparison.Ordinal).Trim(' ', '\t');
}
