namespace Postern.Fuzz;

/// <summary>Ways to cut an input into pieces, as a network may: whole, byte by byte, and in lengths that follow from the input itself.</summary>
internal static class Cuts
{
    public static readonly IReadOnlyList<int> Ways = [0, 1, 2, 3, 7];

    /// <summary>Way 0 is one piece; others give pieces of 1 to way × 5 bytes, the same for the same input.</summary>
    public static IEnumerable<ReadOnlyMemory<byte>> Of(ReadOnlyMemory<byte> input, int way)
    {
        if (way == 0)
        {
            yield return input;
            yield break;
        }
        int step = 0;
        for (int at = 0; at < input.Length;)
        {
            int length = way == 1 ? 1 : 1 + (input.Length * 31 + step++ * 17) % (way * 5);
            length = Math.Min(length, input.Length - at);
            yield return input.Slice(at, length);
            at += length;
        }
    }
}

/// <summary>Gives the input cut in one of the <see cref="Cuts"/>, as a socket would; what is written is kept.</summary>
internal sealed class CutStream(ReadOnlyMemory<byte> input, int way) : Stream
{
    private readonly IEnumerator<ReadOnlyMemory<byte>> _pieces = Cuts.Of(input, way).GetEnumerator();
    private ReadOnlyMemory<byte> _piece;

    public MemoryStream Written { get; } = new();

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        // A read of nothing asks whether there is something; there is, or the end is.
        if (buffer.Length == 0) return new(0);
        while (_piece.IsEmpty)
        {
            if (!_pieces.MoveNext()) return new(0);
            _piece = _pieces.Current;
        }
        int length = Math.Min(buffer.Length, _piece.Length);
        _piece[..length].CopyTo(buffer);
        _piece = _piece[length..];
        return new(length);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    public override int Read(byte[] buffer, int offset, int count) => Must.Now(ReadAsync(buffer.AsMemory(offset, count)));
    public override void Write(byte[] buffer, int offset, int count) => Written.Write(buffer, offset, count);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Written.Write(buffer.Span);
        return default;
    }

    public override bool CanRead => true;
    public override bool CanWrite => true;
    public override bool CanSeek => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
}
