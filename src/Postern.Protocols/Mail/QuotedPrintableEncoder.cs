using System.Buffers;

namespace Postern.Protocols.Mail;

/// <summary>
/// Quoted-printable (RFC 2045 section 6.7), streaming and lossless for any bytes: CRLF stays a line break, a lone CR or LF, a space or tab before a line
/// break, and all that is not printable ASCII is encoded; no line is longer than 76, and none that a soft break begins starts with a hyphen, or it could
/// read as a multipart's delimiter. Use one instance for one part: feed it, then finish.
/// </summary>
public sealed class QuotedPrintableEncoder(IBufferWriter<byte> output)
{
    private static readonly SearchValues<byte> Plain = SearchValues.Create("\t !\"#$%&'()*+,-./0123456789:;<>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"u8);
    private const int MaxColumn = 75; // and the = of a soft break makes 76
    private int _column;
    private bool _soft;     // at the start of a line that is ours, not the original's
    private byte _space;    // a space or tab of which is not known yet whether the line ends after it
    private bool _cr;       // a CR of which is not known yet whether LF follows

    public void Encode(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            int run = _cr || _space != 0 ? 0 : PlainRun(bytes);
            if (run > 0) WriteRun(bytes[..run]);
            else Encode(bytes[run++]);
            bytes = bytes[run..];
        }
    }

    /// <summary>Writes what was held back. The encoder must not be used after it.</summary>
    public void Finish()
    {
        if (_cr) FlushCr();
        if (_space != 0) Escape(_space);
        _space = 0;
    }

    /// <summary>How many bytes stand for themselves whatever follows: a space or tab at the end of them may have to be encoded.</summary>
    private static int PlainRun(ReadOnlySpan<byte> bytes)
    {
        int run = bytes.IndexOfAnyExcept(Plain);
        if (run < 0) run = bytes.Length;
        return run > 0 && bytes[run - 1] is (byte)' ' or (byte)'\t' ? run - 1 : run;
    }

    private void WriteRun(ReadOnlySpan<byte> run)
    {
        while (run.Length > 0)
        {
            if (_column == MaxColumn) BreakLine();
            if (_soft && run[0] == '-')
            {
                Escape(run[0]);
                run = run[1..];
                continue;
            }
            _soft = false;
            int length = Math.Min(MaxColumn - _column, run.Length);
            output.Write(run[..length]);
            _column += length;
            run = run[length..];
        }
    }

    private void Encode(byte b)
    {
        if (_cr && b == '\n')
        {
            if (_space != 0) Escape(_space);
            _space = 0;
            _cr = false;
            output.Write("\r\n"u8);
            _column = 0;
            return;
        }
        if (_cr) FlushCr();
        if (b == '\r')
        {
            _cr = true;
            return;
        }
        if (_space != 0) Literal(_space);
        _space = 0;
        if (b is (byte)' ' or (byte)'\t') _space = b;
        else if (b is > 32 and < 127 and not (byte)'=') Literal(b);
        else Escape(b);
    }

    private void FlushCr()
    {
        if (_space != 0) Literal(_space);
        _space = 0;
        _cr = false;
        Escape((byte)'\r');
    }

    private void Literal(byte b)
    {
        if (_column == MaxColumn) BreakLine();
        if (_soft && b == '-')
        {
            Escape(b);
            return;
        }
        Reserve(1);
        output.GetSpan(1)[0] = b;
        output.Advance(1);
    }

    private void Escape(byte b)
    {
        Reserve(3);
        var span = output.GetSpan(3);
        span[0] = (byte)'=';
        span[1] = Hex(b >> 4);
        span[2] = Hex(b & 15);
        output.Advance(3);
    }

    private void Reserve(int length)
    {
        if (_column + length > MaxColumn) BreakLine();
        _column += length;
        _soft = false;
    }

    private void BreakLine()
    {
        output.Write("=\r\n"u8);
        _column = 0;
        _soft = true;
    }

    private static byte Hex(int digit) => (byte)(digit < 10 ? '0' + digit : 'A' + digit - 10);
}
