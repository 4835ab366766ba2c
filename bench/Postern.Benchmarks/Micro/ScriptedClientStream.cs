namespace Postern.Benchmarks.Micro;

/// <summary>
/// A client in memory: says hello, the same transaction many times, goodbye. Each read gives one piece at most, as each is sent by a client that waits for the
/// reply before it. What the server says is dropped. Nothing is allocated after construction.
/// </summary>
internal sealed class ScriptedClientStream(byte[] hello, IReadOnlyList<byte[]> transaction, int times) : Stream
{
    private static readonly byte[] Goodbye = "QUIT\r\n"u8.ToArray();
    private int _piece;
    private int _at;

    public long BytesFromServer { get; private set; }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty || Piece is not { } piece) return new(0);
        int count = Math.Min(buffer.Length, piece.Length - _at);
        piece.AsMemory(_at, count).CopyTo(buffer);
        _at += count;
        if (_at == piece.Length) (_piece, _at) = (_piece + 1, 0);
        return new(count);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        BytesFromServer += buffer.Length;
        return default;
    }

    private byte[]? Piece
    {
        get
        {
            int inside = _piece - 1;
            if (inside < 0) return hello;
            if (inside < times * transaction.Count) return transaction[inside % transaction.Count];
            return inside == times * transaction.Count ? Goodbye : null;
        }
    }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
    public override void Flush() { }
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
}
