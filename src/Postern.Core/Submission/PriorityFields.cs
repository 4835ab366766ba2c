using System.Globalization;
using System.Text;
using Postern.Core.Queue;

namespace Postern.Core.Submission;

/// <summary>
/// Reads a message's priority from its header while it streams by, in pieces of any size: MT-Priority (RFC 6758) decides alone; of Priority (RFC 2156),
/// X-Priority and Precedence the lowest counts. Keeps the head of one line; whatever cannot be read is as if it were absent.
/// </summary>
internal sealed class PriorityFields
{
    private const int MostBytes = 64;

    /// <summary>Urgent and non-urgent of RFC 2156, as RFC 6710 puts them on its scale.</summary>
    private const int Urgent = 4, NonUrgent = -4;

    private static readonly string[] Names = ["MT-Priority", "Priority", "X-Priority", "Precedence"];

    private readonly byte[] _line = new byte[MostBytes];
    private int _length;
    private bool _hasEnded;
    private int? _transfer, _legacy;

    /// <summary>Null when the header says nothing.</summary>
    public int? Priority => _transfer ?? _legacy;

    public void Scan(ReadOnlySpan<byte> piece)
    {
        while (!_hasEnded && !piece.IsEmpty)
        {
            int end = piece.IndexOf((byte)'\n');
            var part = end < 0 ? piece : piece[..end];
            if (_length == 0 && end >= 0)
            {
                TakeLine(part);
            }
            else
            {
                var kept = part[..Math.Min(part.Length, MostBytes - _length)];
                kept.CopyTo(_line.AsSpan(_length));
                _length += kept.Length;
                if (end < 0) return;
                TakeLine(_line.AsSpan(0, _length));
                _length = 0;
            }
            piece = piece[(end + 1)..];
        }
    }

    public void Take(string name, string value)
    {
        string word = value.Trim().Split([' ', '\t', '(', ';'], 2)[0];
        if (name.Equals("MT-Priority", StringComparison.OrdinalIgnoreCase))
        {
            if (int.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int asked) && asked is >= MessagePriority.Lowest and <= MessagePriority.Highest) _transfer = asked;
        }
        else if (Legacy(name, word) is { } priority)
        {
            _legacy = Math.Min(_legacy ?? priority, priority);
        }
    }

    private static int? Legacy(string name, string word) => (name.ToUpperInvariant(), word.ToUpperInvariant()) switch
    {
        ("PRIORITY", "URGENT") => Urgent,
        ("PRIORITY", "NORMAL") => MessagePriority.Normal,
        ("PRIORITY", "NON-URGENT") => NonUrgent,
        ("X-PRIORITY", "1") => Urgent,
        ("X-PRIORITY", "2") => Urgent / 2,
        ("X-PRIORITY", "3") => MessagePriority.Normal,
        ("X-PRIORITY", "4") => NonUrgent / 2,
        ("X-PRIORITY", "5") => NonUrgent,
        ("PRECEDENCE", "LIST") => NonUrgent / 2,
        ("PRECEDENCE", "BULK" or "JUNK") => NonUrgent,
        _ => null,
    };

    private void TakeLine(ReadOnlySpan<byte> line)
    {
        if (line.IsEmpty || line[0] == '\r')
        {
            _hasEnded = true;
            return;
        }
        // This runs for every line of every header: most are told by their first letter.
        if ((line[0] | 0x20) is not ('m' or 'p' or 'x')) return;
        if (line.Length > MostBytes) line = line[..MostBytes];
        int colon = line.IndexOf((byte)':');
        if (colon <= 0) return;
        var given = line[..colon].TrimEnd(" \t"u8);
        foreach (string name in Names)
        {
            if (Ascii.EqualsIgnoreCase(given, name)) Take(name, Encoding.Latin1.GetString(line[(colon + 1)..]));
        }
    }
}
