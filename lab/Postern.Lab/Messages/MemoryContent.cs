using System.Text;
using Postern.Protocols.Smtp;

namespace Postern.Lab.Messages;

/// <summary>A message's bytes in memory, for tests. Can give few bytes at a time and be followed by bytes that take no memory.</summary>
/// <param name="maxRead">Most bytes given by one read.</param>
/// <param name="zeros">How many zero bytes follow.</param>
public sealed class MemoryContent(ReadOnlyMemory<byte> bytes, int maxRead = int.MaxValue, long zeros = 0) : MessageContent
{
    /// <param name="latin1">One byte for each character.</param>
    public MemoryContent(string latin1) : this(Encoding.Latin1.GetBytes(latin1))
    {
    }

    public ReadOnlyMemory<byte> Bytes => bytes;
    public override long Length => bytes.Length + zeros;
    public override bool HasEightBit => !Ascii.IsValid(bytes.Span);

    /// <summary>Bytes given out so far, in all reads.</summary>
    public long BytesRead { get; private set; }

    public override ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancel)
    {
        if (offset >= Length) return new(0);
        int length = (int)Math.Min(Math.Min(buffer.Length, maxRead), (offset < bytes.Length ? bytes.Length : Length) - offset);
        if (offset < bytes.Length) bytes.Slice((int)offset, length).CopyTo(buffer);
        else buffer.Span[..length].Clear();
        BytesRead += length;
        return new(length);
    }
}
