using System.Buffers;

namespace Postern.Core.Queue.Embedded;

/// <summary>
/// A message being received. Up to one chunk is gathered in a pooled buffer, in the very place it will be written from; a small message becomes one record.
/// A large one leaves a Chunk record per buffer behind, one of them under way while the next fills.
/// </summary>
internal sealed class EmbeddedIncoming(EmbeddedQueueStore store, MessageId id) : IncomingMessage
{
    /// <summary>With header and fixed part it just fits a pooled buffer of 128 KiB.</summary>
    public const int ChunkBytes = 120 << 10;
    private const int BodyAt = RecordFormat.HeaderBytes + AcceptRecord.FixedBytes;
    private const int FirstBufferBytes = 8 << 10;
    private byte[]? _buffer;
    private int _bodyBytes;
    private long _total;
    private List<Extent>? _extents;
    private JournalAppend? _underWay;
    private bool _over;

    public override MessageId Id => id;

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancel)
    {
        ObjectDisposedException.ThrowIf(_over, this);
        while (bytes.Length > 0)
        {
            if (_bodyBytes == ChunkBytes) await SpillAsync().ConfigureAwait(false);
            int take = Math.Min(bytes.Length, ChunkBytes - _bodyBytes);
            EnsureRoom(_bodyBytes + take);
            bytes.Span[..take].CopyTo(_buffer.AsSpan(BodyAt + _bodyBytes));
            _bodyBytes += take;
            _total += take;
            bytes = bytes[take..];
        }
    }

    public override ValueTask CommitAsync(QueuedEnvelope envelope, CancellationToken cancel)
    {
        ObjectDisposedException.ThrowIf(_over, this);
        cancel.ThrowIfCancellationRequested();
        var append = Compose(store, id, envelope, default, ref _buffer, _bodyBytes, _total, _extents?.ToArray(), AppendUrgency.Stable);
        store.Journal.Append(append);
        _over = true;
        return append.Task;
    }

    public override async ValueTask DisposeAsync()
    {
        if (_buffer is not null) ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = null;
        if (_over) return;
        _over = true;
        if (_underWay is not null)
        {
            try { await _underWay.Task.ConfigureAwait(false); }
            catch (StoreException) { return; } // its bytes are off the account already
        }
        if (_extents is null) return;
        foreach (var extent in _extents) store.Journal.Get(extent.At.Segment).AddLive(-extent.RecordBytes);
    }

    /// <summary>Makes the Accept record from a buffer that holds the inline body at its place; the buffer goes to the append.</summary>
    public static AcceptAppend Compose(
        EmbeddedQueueStore store, MessageId id, QueuedEnvelope envelope, MessageId provisional, ref byte[]? buffer, int inlineBytes, long total, Extent[]? extents, AppendUrgency urgency)
    {
        ReadOnlySpan<Extent> pieces = extents;
        var sketch = new AcceptRecord(id, false, provisional, inlineBytes, pieces.Length, EnvelopeCodec.MaxBytes(envelope));
        if (sketch.PayloadBytes > store.Journal.MaxPayload) throw new StoreException("the envelope is larger than a journal segment; raise queue.segment_bytes");
        Grow(ref buffer, RecordFormat.Padded(sketch.PayloadBytes), BodyAt + inlineBytes);
        var payload = buffer.AsSpan(RecordFormat.HeaderBytes);
        int envelopeBytes = EnvelopeCodec.Write(envelope, payload[sketch.EnvelopeOffset..]);
        var record = sketch with { EnvelopeBytes = envelopeBytes };
        record.Write(payload, pieces);
        var state = new MessageState(envelope, total, AcceptRecord.FixedBytes);
        var message = store.Describe(id, envelope, extents, total);
        message.State = state;
        var append = new AcceptAppend(store, message) { Urgency = urgency, IsProvisional = provisional.Value != 0 };
        append.Take(buffer!, record.PayloadBytes, RecordType.Accept);
        buffer = null;
        message.AcceptBytes = append.Length;
        return append;
    }

    /// <summary>A rented buffer with the content at its place.</summary>
    public static byte[] RentWith(ReadOnlySpan<byte> content)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BodyAt + content.Length + 1024);
        content.CopyTo(buffer.AsSpan(BodyAt));
        return buffer;
    }

    private async ValueTask SpillAsync()
    {
        if (_underWay is not null) await _underWay.Task.ConfigureAwait(false);
        var append = new ChunkAppend { Urgency = AppendUrgency.Written };
        var payload = _buffer.AsSpan(RecordFormat.HeaderBytes, Extent.ChunkPrefixBytes);
        payload.Clear();
        System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(payload, id.Value);
        append.Take(_buffer!, Extent.ChunkPrefixBytes + _bodyBytes, RecordType.Chunk);
        _buffer = null;
        store.Journal.Append(append);
        _underWay = append;
        (_extents ??= []).Add(new Extent(append.At, _bodyBytes));
        _bodyBytes = 0;
    }

    private void EnsureRoom(int bodyBytes) =>
        Grow(ref _buffer, BodyAt + bodyBytes + 512, BodyAt + _bodyBytes);

    private static void Grow(ref byte[]? buffer, int needed, int used)
    {
        if (buffer is not null && buffer.Length >= needed) return;
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, buffer is null ? FirstBufferBytes : buffer.Length * 2));
        if (buffer is not null)
        {
            buffer.AsSpan(0, used).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(buffer);
        }
        buffer = larger;
    }
}
