namespace Postern.Protocols.Smtp;

/// <summary>One step of a <see cref="BodyReader"/>: <see cref="Insert"/> and then the slice belong to the body.</summary>
internal readonly record struct BodyStep(ReadOnlyMemory<byte> Insert, int Start, int Length, int Consumed, bool IsEnd);

/// <summary>
/// Finds the end of DATA and undoes dot-stuffing (RFC 5321 section 4.5.2) over input that comes in any pieces; copies nothing. The data end at
/// CRLF.CRLF and nowhere else, whatever else is wrong: a message with a bare CR or LF is read to its true end and then refused with one reply, so that
/// nothing a lenient peer may have smuggled behind "LF.LF" is ever read as a command, and the client stays in step. Without
/// <paramref name="transparency"/> (BDAT) there are no dots and no end, only the rules for lines. A mutable struct: keep it in a field.
/// </summary>
/// <param name="normalise">A bare CR or LF becomes CRLF; a line that is a lone dot by such a newline stays content, which a writer stuffs again.</param>
/// <param name="isBinary">BINARYMIME: no rules for lines at all.</param>
internal struct BodyReader(bool transparency, bool normalise, int maxLineBytes, bool isBinary)
{
    private enum State : byte { LineStart, Middle, Cr, Dot, DotCr }

    private static readonly byte[] CrLf = "\r\n"u8.ToArray(), Lf = "\n"u8.ToArray(), DotCrLf = ".\r\n"u8.ToArray();

    private State _state;
    private long _line;

    public bool HasBareNewline { get; private set; }
    public bool HasLongLine { get; private set; }

    /// <summary>Takes some of the input, which must not be empty; call again with what is left.</summary>
    public BodyStep Next(ReadOnlySpan<byte> input)
    {
        if (isBinary) return new BodyStep(default, 0, input.Length, input.Length, false);
        switch (_state)
        {
            case State.Cr:
                if (input[0] == '\n') return Run(input, 0);
                _state = State.LineStart;
                return Bare(Lf, 0);
            case State.Dot:
                if (input[0] == '\r')
                {
                    _state = State.DotCr;
                    return new BodyStep(default, 0, 0, 1, false);
                }
                if (input[0] == '\n')
                {
                    _state = State.LineStart;
                    return Bare(DotCrLf, 1);
                }
                _state = State.Middle;
                return Run(input, 0);
            case State.DotCr:
                if (input[0] == '\n' && _endsData) return new BodyStep(default, 0, 0, 1, true);
                _state = State.LineStart;
                // LF.CRLF is no end; CRLF.CR without LF neither. The dot stays.
                return input[0] == '\n' ? Counted(DotCrLf, 1) : Bare(DotCrLf, 0);
            default:
                return Run(input, 0);
        }
    }

    /// <summary>After the last chunk: a CR that nothing followed is bare.</summary>
    public ReadOnlyMemory<byte> Finish()
    {
        if (_state != State.Cr) return default;
        _state = State.LineStart;
        return Bare(Lf, 0).Insert;
    }

    // True when the newline before the present dot was CRLF (or the start): only then can it end the data.
    private bool _endsData;
    private bool _afterBare;

    private BodyStep Run(ReadOnlySpan<byte> input, int at)
    {
        int i = at;
        while (true)
        {
            if (_state == State.Cr)
            {
                if (i == input.Length) return new BodyStep(default, 0, i, i, false);
                if (input[i] != '\n')
                {
                    _state = State.LineStart;
                    var bare = Bare(Lf, i);
                    // What precedes belongs before the inserted LF, so it goes first; the state is kept for the next call.
                    if (i > 0) { _state = State.Cr; return new BodyStep(default, 0, i, i, false); }
                    return bare;
                }
                i++;
                EndLine(2, bare: false);
            }
            if (i == input.Length) return new BodyStep(default, 0, i, i, false);
            if (_state == State.LineStart && transparency && input[i] == '.')
            {
                _state = State.Dot;
                _endsData = !_afterBare;
                return new BodyStep(default, 0, i, i + 1, false);
            }
            _state = State.Middle;
            int newline = input[i..].IndexOfAny((byte)'\r', (byte)'\n');
            int end = newline < 0 ? input.Length : i + newline;
            _line += end - i;
            i = end;
            if (newline < 0)
            {
                CheckLine();
                return new BodyStep(default, 0, i, i, false);
            }
            if (input[i] == '\r')
            {
                i++;
                _state = State.Cr;
                continue;
            }
            // A bare LF. In front of it what was read; then CRLF instead of it.
            if (!normalise)
            {
                HasBareNewline = true;
                i++;
                EndLine(1, bare: true);
                continue;
            }
            if (i > 0) return new BodyStep(default, 0, i, i, false);
            EndLine(1, bare: true);
            return new BodyStep(CrLf, 0, 0, 1, false);
        }
    }

    private BodyStep Bare(byte[] instead, int consumed)
    {
        if (!normalise) HasBareNewline = true;
        EndLine(2, bare: true);
        return new BodyStep(instead, 0, 0, consumed, false);
    }

    private BodyStep Counted(byte[] instead, int consumed)
    {
        EndLine(2, bare: false);
        return new BodyStep(instead, 0, 0, consumed, false);
    }

    private void EndLine(int newlineBytes, bool bare)
    {
        _line += newlineBytes;
        CheckLine();
        _line = 0;
        _state = State.LineStart;
        _afterBare = bare;
    }

    private void CheckLine()
    {
        if (maxLineBytes > 0 && _line > maxLineBytes) HasLongLine = true;
    }
}
