using System.Buffers;

namespace Postern.Core.Queue.Embedded;

public sealed partial class EmbeddedQueueStore
{
    /// <summary>Below this many segments space is not worth the copying.</summary>
    private const int SegmentsLeftAlone = 4;
    private const int MoveBatchBytes = 1 << 20;

    /// <summary>
    /// Only the oldest segment is ever freed, so a Done or Snapshot never outlives the Accept it refers to. What little still lives in it is carried forward
    /// when less than half of all segments' bytes live: each byte freed then costs at most one copied. When new mail finds no room any more, as soon as
    /// two segments' worth is dead, though never with the last spare.
    /// </summary>
    private async Task CleanAsync()
    {
        try
        {
            while (!_stopping.IsCancellationRequested && Journal.OldestClosed() is { } oldest)
            {
                if (oldest.LiveBytes != 0)
                {
                    var usage = Journal.Usage();
                    bool isWorthIt = usage.Count > SegmentsLeftAlone && usage.Live * 2 < usage.Total;
                    bool isPressed = Journal.IsShort && usage.Total - usage.Live >= 2 * _config.SegmentBytes && !_supply!.IsEmpty;
                    if (!isWorthIt && !isPressed) return;
                    await MoveLiveAsync(oldest).ConfigureAwait(false);
                }
                // The settlements (and bounces) that emptied it must be stable before it goes.
                await Journal.FlushAsync(stable: true).ConfigureAwait(false);
                if (oldest.LiveBytes != 0 || oldest.IsPinned) return;
                Journal.FreeOldest(oldest);
            }
        }
        catch (Exception error) when (error is StoreException or IOException or UnauthorizedAccessException)
        {
            // The disk fails: accepting has stopped or will; the next sweep tries again.
            Telemetry.PosternLog.CleaningFailed(_logger, error.Message);
        }
    }

    private async Task MoveLiveAsync(Segment oldest)
    {
        var scanner = new SegmentScanner(oldest.File!, oldest.Number, oldest.Bytes);
        long moved = 0;
        while (!_stopping.IsCancellationRequested && scanner.Next())
        {
            if (scanner.Type == RecordType.Done || FindLive(scanner) is not { } message) continue;
            moved += await MoveAsync(message, oldest.Number).ConfigureAwait(false);
            if (moved < MoveBatchBytes) continue;
            moved = 0;
            await Journal.FlushAsync(stable: false).ConfigureAwait(false);
        }
    }

    /// <summary>The message that the record at hand is still needed for.</summary>
    private WaitingMessage? FindLive(SegmentScanner scanner)
    {
        long id = System.Buffers.Binary.BinaryPrimitives.ReadInt64LittleEndian(scanner.Payload.Span);
        lock (_gate)
        {
            if (!_messages.TryGetValue(id, out var message)) return null;
            if (message.Accept == scanner.At || message.Snapshot == scanner.At) return message;
            foreach (var extent in message.Extents ?? [])
            {
                if (extent.At == scanner.At) return message;
            }
            return null;
        }
    }

    /// <summary>Copies the message's chunks that lie in the segment, then its Accept and Snapshot, to the end of the journal. Returns the bytes copied.</summary>
    private async ValueTask<long> MoveAsync(WaitingMessage message, uint from)
    {
        Extent[]? old;
        lock (_gate) old = message.Extents;
        var extents = (Extent[]?)old?.Clone();
        long bytes = 0;
        for (int i = 0; i < (extents?.Length ?? 0); i++)
        {
            if (extents![i].At.Segment != from) continue;
            var copy = CopyRecord(extents[i].At, extents[i].RecordBytes, RecordType.Chunk, static () => { }, AppendUrgency.Written);
            if (copy is null) return bytes;
            Journal.Append(copy);
            await copy.Task.ConfigureAwait(false);
            bytes += copy.Length;
            extents[i] = extents[i] with { At = copy.At };
        }
        while (true)
        {
            (Location Accept, Location Snapshot, int AcceptBytes, int SnapshotBytes) places;
            lock (_gate)
            {
                if (message.IsGone) break;
                places = (message.Accept, message.Snapshot, message.AcceptBytes, message.SnapshotBytes);
            }
            if (!Journal.IsWritten(places.Snapshot)) await Journal.FlushAsync(stable: false).ConfigureAwait(false);
            var accept = CopyRecord(places.Accept, places.AcceptBytes, RecordType.Accept, () => MoveBack(message, places, old), AppendUrgency.Lazy, extents);
            var snapshot = places.Snapshot.IsNone ? null : CopyRecord(places.Snapshot, places.SnapshotBytes, RecordType.Snapshot, static () => { }, AppendUrgency.Lazy);
            if (accept is null || (snapshot is null && !places.Snapshot.IsNone)) break;
            lock (_gate)
            {
                if (!message.IsGone && message.Accept == places.Accept && message.Snapshot == places.Snapshot)
                {
                    AppendMoved(message, accept, snapshot, extents);
                    return bytes + accept.Length;
                }
            }
            accept.ReturnBuffer();
            snapshot?.ReturnBuffer();
        }
        // It went, or cannot be read: the copied chunks belong to nobody.
        for (int i = 0; i < (extents?.Length ?? 0); i++)
        {
            if (extents![i] != old![i]) Journal.Get(extents[i].At.Segment).AddLive(-extents[i].RecordBytes);
        }
        return bytes;
    }

    private void AppendMoved(WaitingMessage message, MoveAppend accept, MoveAppend? snapshot, Extent[]? extents)
    {
        Journal.Append(accept);
        if (snapshot is not null) Journal.Append(snapshot);
        AddLive(message, -1);
        for (int i = 0; i < (extents?.Length ?? 0); i++)
        {
            // Those not copied stay live where they are; the copies were counted when appended.
            if (extents![i] == message.Extents![i]) Journal.Get(extents[i].At.Segment).AddLive(extents[i].RecordBytes);
        }
        message.Accept = accept.At;
        if (snapshot is not null) message.Snapshot = snapshot.At;
        message.Extents = extents;
    }

    /// <summary>The copies could not be written: the originals count again.</summary>
    private void MoveBack(WaitingMessage message, (Location Accept, Location Snapshot, int AcceptBytes, int SnapshotBytes) places, Extent[]? extents)
    {
        lock (_gate)
        {
            Journal.Get(places.Accept.Segment).AddLive(places.AcceptBytes);
            if (!places.Snapshot.IsNone) Journal.Get(places.Snapshot.Segment).AddLive(places.SnapshotBytes);
            for (int i = 0; i < (extents?.Length ?? 0); i++)
            {
                if (extents![i] != message.Extents![i]) Journal.Get(extents[i].At.Segment).AddLive(extents[i].RecordBytes);
            }
            (message.Accept, message.Snapshot, message.Extents) = (places.Accept, places.Snapshot, extents);
        }
    }

    /// <summary>Null when the original cannot be read.</summary>
    private MoveAppend? CopyRecord(Location at, int recordBytes, RecordType type, Action undo, AppendUrgency urgency, Extent[]? extents = null)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(recordBytes);
        if (!TryReadRecord(Journal.Get(at.Segment), at, buffer.AsSpan(0, recordBytes), type, out var payload))
        {
            ArrayPool<byte>.Shared.Return(buffer);
            return null;
        }
        int bytes = payload.Length;
        var writable = buffer.AsSpan(RecordFormat.HeaderBytes, bytes);
        if (type == RecordType.Snapshot) SettleRecord.ClearCommits(writable);
        if (type == RecordType.Accept && AcceptRecord.TryRead(payload, out var record))
            (record with { IsMoved = true, Provisional = default }).Write(writable, extents);
        var append = new MoveAppend(undo) { Urgency = urgency };
        append.Take(buffer, bytes, type);
        return append;
    }
}
