using System.Buffers;
using System.Text;

namespace Postern.Core.Submission.Pickup;

/// <summary>
/// Writes text with any line ends (LF, CR, CRLF) on as CRLF lines, since neither bare LF nor bare CR may ever travel (RFC 5321
/// section 2.3.8). Files with CRLF lines pass untouched; a last line without an end stays so.
/// </summary>
internal sealed class CrlfWriter(Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> write) : IDisposable
{
    private const int BufferBytes = 64 << 10;
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
    private int _length;
    private bool _afterCr;

    /// <summary>Bytes written.</summary>
    public long Written { get; private set; }

    /// <summary>True once a byte above 127 was written.</summary>
    public bool HasEightBit { get; private set; }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> text, CancellationToken cancel)
    {
        while (!text.IsEmpty)
        {
            text = text[Fill(text.Span)..];
            // Room for one line end is always kept.
            if (_length >= BufferBytes - 2) await FlushAsync(cancel).ConfigureAwait(false);
        }
    }

    public async ValueTask FlushAsync(CancellationToken cancel)
    {
        if (_length == 0) return;
        HasEightBit = HasEightBit || !Ascii.IsValid(_buffer.AsSpan(0, _length));
        await write(_buffer.AsMemory(0, _length), cancel).ConfigureAwait(false);
        Written += _length;
        _length = 0;
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);

    /// <summary>Takes a run of bytes or one line end; returns how many of the text's bytes it took.</summary>
    private int Fill(ReadOnlySpan<byte> text)
    {
        bool afterCr = _afterCr;
        _afterCr = false;
        int run = text.IndexOfAny((byte)'\r', (byte)'\n');
        if (run == 0)
        {
            _afterCr = text[0] == '\r';
            if (afterCr && text[0] == '\n') return 1;
            "\r\n"u8.CopyTo(_buffer.AsSpan(_length));
            _length += 2;
            return 1;
        }
        int take = Math.Min(run < 0 ? text.Length : run, BufferBytes - 2 - _length);
        text[..take].CopyTo(_buffer.AsSpan(_length));
        _length += take;
        return take;
    }
}
