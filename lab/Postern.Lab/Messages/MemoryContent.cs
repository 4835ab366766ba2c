using System.Text;
using Postern.Protocols.Smtp;

namespace Postern.Lab.Messages;

/// <summary>A message's bytes in memory, for tests. Can pretend to be longer than it is and to give few bytes at a time.</summary>
/// <param name="maxRead">Most bytes given by one read.</param>
public sealed class MemoryContent(ReadOnlyMemory<byte> bytes, int maxRead = int.MaxValue) : MessageContent
{
    /// <param name="latin1">One byte for each character.</param>
    public MemoryContent(string latin1) : this(Encoding.Latin1.GetBytes(latin1))
    {
    }

    public ReadOnlyMemory<byte> Bytes => bytes;
    public override long Length => bytes.Length;
    public override bool HasEightBit => !Ascii.IsValid(bytes.Span);

    /// <summary>Bytes given out so far, in all reads.</summary>
    public long BytesRead { get; private set; }

    public override ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancel)
    {
        if (offset >= bytes.Length) return new(0);
        int length = (int)Math.Min(Math.Min(buffer.Length, maxRead), bytes.Length - offset);
        bytes.Slice((int)offset, length).CopyTo(buffer);
        BytesRead += length;
        return new(length);
    }
}
