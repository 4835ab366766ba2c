namespace Postern.Core.Queue.Embedded;

/// <summary>Builds the entries of the waiting messages from the journal's records, in order.</summary>
internal sealed class JournalReplay(EmbeddedQueueStore store, Destinations destinations)
{
    private readonly Dictionary<long, List<WaitingMessage>> _provisional = [];
    private readonly HashSet<Location> _chunks = [];

    public Dictionary<long, WaitingMessage> Messages { get; } = [];
    public long HighestId { get; private set; }

    /// <summary>False when the record is sound but its content is not.</summary>
    public bool Apply(SegmentScanner record) => record.Type switch
    {
        RecordType.Accept => Accept(record),
        RecordType.Chunk => _chunks.Add(record.At),
        RecordType.Snapshot => Snapshot(record),
        RecordType.Done => Done(record),
        _ => false,
    };

    /// <summary>True when every chunk of its body has been seen.</summary>
    public bool IsWhole(WaitingMessage message) => AreThere(message.Extents);

    private bool AreThere(Extent[]? extents)
    {
        foreach (var extent in extents ?? [])
        {
            if (!_chunks.Contains(extent.At)) return false;
        }
        return true;
    }

    private bool Accept(SegmentScanner record)
    {
        var payload = record.Payload.Span;
        if (!AcceptRecord.TryRead(payload, out var accept)) return false;
        var extents = accept.ReadExtents(payload, out bool valid);
        if (!valid) return false;
        HighestId = Math.Max(HighestId, accept.Id.Value);
        if (accept.IsMoved && Messages.TryGetValue(accept.Id.Value, out var known))
        {
            // Written but not yet synced, the copy of a chunk may be lost while the copy of the record that names it is not. The originals go only when
            // both are stable, so they are still there, and the half-made copy is nothing.
            if (AreThere(extents)) (known.Accept, known.AcceptBytes, known.Extents) = (record.At, record.RecordBytes, extents);
            return true;
        }
        if (EnvelopeCodec.Read(accept.Envelope(payload), destinations) is not { } envelope) return false;
        long content = accept.InlineBytes;
        foreach (var extent in extents ?? []) content += extent.BodyBytes;
        var message = store.Describe(accept.Id, envelope, extents, content);
        (message.Accept, message.AcceptBytes) = (record.At, record.RecordBytes);
        if (accept.Provisional.Value == 0) Messages[accept.Id.Value] = message;
        else if (_provisional.TryGetValue(accept.Provisional.Value, out var list)) list.Add(message);
        else _provisional.Add(accept.Provisional.Value, [message]);
        return true;
    }

    private bool Snapshot(SegmentScanner record)
    {
        var payload = record.Payload.Span;
        if (!SettleRecord.TryRead(payload, out var id, out int commits) || SnapshotCodec.ReadParts(payload, destinations) is not { } parts) return false;
        Commit(id, commits);
        if (!Messages.TryGetValue(id.Value, out var message)) return true;
        (message.Snapshot, message.SnapshotBytes) = (record.At, record.RecordBytes);
        message.First = parts[0];
        message.More = parts.Length == 1 ? null : parts[1..];
        if (SnapshotCodec.ReadLast(payload) is var (cause, upstream, reply)) store.Marks.Set(message, cause, upstream, reply);
        return true;
    }

    private bool Done(SegmentScanner record)
    {
        if (!SettleRecord.TryRead(record.Payload.Span, out var id, out int commits)) return false;
        HighestId = Math.Max(HighestId, id.Value);
        Commit(id, commits);
        if (Messages.Remove(id.Value, out var message)) store.Marks.Release(message);
        return true;
    }

    /// <summary>The last so many provisional messages take effect; earlier ones belong to a settlement that never came to be.</summary>
    private void Commit(MessageId parent, int commits)
    {
        if (!_provisional.Remove(parent.Value, out var made)) return;
        for (int i = Math.Max(0, made.Count - commits); i < made.Count; i++) Messages[made[i].Id.Value] = made[i];
    }
}
