using Postern.Protocols.Smtp;

namespace Postern.Core.Queue.Embedded;

/// <summary>A message's bytes in the journal: the chunks in order, then what is inline in the Accept record. Its segments are pinned while it is used.</summary>
internal sealed class JournalContent : MessageContent
{
    private readonly Extent[]? _extents;
    private readonly Segment[] _segments; // of each extent, then of the Accept record
    private readonly Location _accept;
    private readonly int _inlineOffset;
    private readonly bool _hasEightBit;
    private bool _pinned = true;

    /// <summary>Call with the store's gate held: pins.</summary>
    public JournalContent(Journal journal, WaitingMessage message, MessageState state)
    {
        (_extents, _accept) = (message.Extents, message.Accept);
        _inlineOffset = state.InlineOffset;
        Length = state.ContentBytes;
        _hasEightBit = state.Envelope.HasEightBit;
        _segments = new Segment[1 + (_extents?.Length ?? 0)];
        for (int i = 0; i < _segments.Length - 1; i++) _segments[i] = journal.Get(_extents![i].At.Segment);
        _segments[^1] = journal.Get(_accept.Segment);
        foreach (var segment in _segments) segment.Pin();
    }

    public override long Length { get; }
    public override bool HasEightBit => _hasEightBit;

    /// <summary>Read from the page cache as a rule, hence without waiting.</summary>
    public override ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        int total = 0;
        long start = 0;
        for (int i = 0; i < _segments.Length && total < buffer.Length && offset < Length; i++)
        {
            bool last = i == _segments.Length - 1;
            long bytes = last ? Length - start : _extents![i].BodyBytes;
            if (offset < start + bytes)
            {
                long at = last ? _accept.Offset + RecordFormat.HeaderBytes + _inlineOffset : _extents![i].At.Offset + RecordFormat.HeaderBytes + Extent.ChunkPrefixBytes;
                int take = (int)Math.Min(bytes - (offset - start), buffer.Length - total);
                if (_segments[i].File!.Read(buffer.Span.Slice(total, take), at + (offset - start)) != take)
                    throw new IOException($"journal segment {_segments[i].Name} is shorter than it was");
                total += take;
                offset += take;
            }
            start += bytes;
        }
        return ValueTask.FromResult(total);
    }

    public void Unpin()
    {
        if (!Interlocked.Exchange(ref _pinned, false)) return;
        foreach (var segment in _segments) segment.Unpin();
    }
}
