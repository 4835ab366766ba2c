using System.Buffers;
using System.Runtime.CompilerServices;

namespace Postern.Protocols.Mail;

/// <summary>Why a header section was refused.</summary>
public enum HeaderProblem : byte { None, TooLarge, TooManyFields, TooManyReceived }

/// <param name="MaxBytes">Of the header section, its empty line not counted.</param>
public readonly record struct HeaderLimits(int MaxBytes, int MaxFields, int MaxReceived);

/// <summary>
/// Watches the header section of a message go by: counts fields and Received fields, notices Message-ID and Date, finds where the section ends.
/// Fed in pieces of any size, it gives the same result for each way of cutting; it keeps no message bytes but the head of one line.
/// The section ends at the empty line, at the first line that is no field (a message without a header has an empty one), or with the message.
/// A mutable struct: hold it in a field, never copy it.
/// </summary>
public struct HeaderScanner
{
    /// <summary>A longer field name is no field name (RFC 5322 section 2.1.1 allows lines of 998).</summary>
    public const int MaxNameBytes = 256;

    private const int Remembered = 12;
    private static readonly SearchValues<byte> NotName = SearchValues.Create([.. Enumerable.Range(0, 256).Where(b => b is < 33 or > 126 or ':').Select(b => (byte)b)]);

    private enum State : byte { LineStart, CrAtLineStart, Name, NameSpace, Value, Ended }

    [InlineArray(Remembered)]
    private struct NameHead { private byte _first; }

    private readonly HeaderLimits _limits;
    private NameHead _name;
    private State _state;
    private int _lineHead;
    private int _nameLength;

    public HeaderScanner(HeaderLimits limits) => _limits = limits;

    public int Fields { get; private set; }
    public int Received { get; private set; }
    public bool HasMessageId { get; private set; }
    public bool HasDate { get; private set; }
    public HeaderProblem Problem { get; private set; }

    /// <summary>Bytes of the header section so far, with the bytes of an undecided line.</summary>
    public long Bytes { get; private set; }

    /// <summary>True once the section's end was seen.</summary>
    public readonly bool HasEnded => _state == State.Ended;

    /// <summary>How many of the last bytes fed belong to the head of a line of which it is not known yet whether it is part of the section; at most <see cref="MaxNameBytes"/> + 1.</summary>
    public readonly int UndecidedBytes => _state is State.CrAtLineStart or State.Name or State.NameSpace ? _lineHead : 0;

    /// <summary>True when the last line of the section has its line end, so that a field can be put behind it. For a section that ended with the message.</summary>
    public readonly bool EndsWithLine => _state is State.LineStart or State.Ended;

    /// <summary>
    /// Returns the position in <paramref name="piece"/> at which the section ends (where a field could be inserted; negative when the undecided bytes
    /// of earlier pieces were already beyond it), or <see cref="int.MinValue"/> when it has not ended with this piece or had ended before.
    /// </summary>
    public int Scan(ReadOnlySpan<byte> piece)
    {
        if (_state == State.Ended) return int.MinValue;
        int at = 0;
        while (at < piece.Length && _state != State.Ended)
        {
            at = _state switch
            {
                State.Value => ScanValue(piece, at),
                State.Name => ScanName(piece, at),
                State.LineStart => ScanLineStart(piece, at),
                _ => ScanByte(piece[at], at),
            };
        }
        if (_state != State.Ended)
        {
            Bytes += piece.Length;
            CheckSize();
            return int.MinValue;
        }
        int end = at - _lineHead;
        Bytes += end;
        CheckSize();
        return end;
    }

    private int ScanLineStart(ReadOnlySpan<byte> piece, int at)
    {
        _lineHead = 1;
        _nameLength = 0;
        switch (piece[at])
        {
            case (byte)'\r':
                _state = State.CrAtLineStart;
                break;
            case (byte)' ' or (byte)'\t' when Fields > 0:
                _state = State.Value;
                break;
            case > 32 and < 127 and not (byte)':':
                _lineHead = 0;
                _state = State.Name;
                return at;
            default:
                _state = State.Ended;
                break;
        }
        return at + 1;
    }

    private int ScanName(ReadOnlySpan<byte> piece, int at)
    {
        var rest = piece[at..];
        int length = rest.IndexOfAny(NotName);
        var name = length < 0 ? rest : rest[..length];
        int room = Math.Min(Math.Max(Remembered - _nameLength, 0), name.Length);
        for (int i = 0; i < room; i++) _name[_nameLength + i] = (byte)(name[i] | 0x20);
        if (_lineHead + name.Length > MaxNameBytes)
        {
            int taken = MaxNameBytes + 1 - _lineHead;
            _lineHead = MaxNameBytes + 1;
            _state = State.Ended;
            return at + taken;
        }
        _nameLength += name.Length;
        _lineHead += name.Length;
        at += name.Length;
        return length < 0 ? at : ScanByte(piece[at], at);
    }

    /// <summary>The byte after a CR at the line's start, or after a name.</summary>
    private int ScanByte(byte value, int at)
    {
        _lineHead++;
        if (_state == State.CrAtLineStart) _state = State.Ended;
        else if (value == ':') CountField(Bytes + at + 1 - _lineHead);
        else if (value is (byte)' ' or (byte)'\t' && _lineHead <= MaxNameBytes) _state = State.NameSpace;
        else _state = State.Ended;
        return at + 1;
    }

    private int ScanValue(ReadOnlySpan<byte> piece, int at)
    {
        int length = piece[at..].IndexOf((byte)'\n');
        if (length < 0) return piece.Length;
        _state = State.LineStart;
        return at + length + 1;
    }

    /// <param name="before">Bytes of the section before the line of this field.</param>
    private void CountField(long before)
    {
        _state = State.Value;
        Fields++;
        ReadOnlySpan<byte> name = _name[..Math.Min(_nameLength, Remembered)];
        if (name.SequenceEqual("received"u8)) Received++;
        else if (name.SequenceEqual("message-id"u8)) HasMessageId = true;
        else if (name.SequenceEqual("date"u8)) HasDate = true;
        if (Problem != HeaderProblem.None) return;
        // What was too large before this field is so whether or not a piece ended in between: the first problem is the one that is told.
        if (before > _limits.MaxBytes) Problem = HeaderProblem.TooLarge;
        else if (Received > _limits.MaxReceived) Problem = HeaderProblem.TooManyReceived;
        else if (Fields > _limits.MaxFields) Problem = HeaderProblem.TooManyFields;
    }

    private void CheckSize()
    {
        // A line of which it is not known yet whether it belongs to the section must not count: the answer would depend on where the piece ends.
        if (Problem == HeaderProblem.None && Bytes - UndecidedBytes > _limits.MaxBytes) Problem = HeaderProblem.TooLarge;
    }
}
