using System.Buffers;
using Postern.Core.Telemetry;

namespace Postern.Core.Queue.Embedded;

public sealed partial class EmbeddedQueueStore
{
    /// <summary>Completes when the journal takes records again, or the store closes.</summary>
    private TaskCompletionSource? _resumed;

    public ValueTask<Lease?> LeaseAsync(MessageId id, string destination, string owner, TimeSpan duration, CancellationToken cancel)
    {
        if (Journal.Fault is not null) return LeaseLaterAsync(id, destination, owner, duration, cancel);
        EmbeddedLease lease;
        lock (_gate)
        {
            if (!_messages.TryGetValue(id.Value, out var message)) return default;
            int index = message.Find(destination);
            if (index < 0) return default;
            ref var part = ref message.Part(index);
            if (part.Lease is not null || part.IsHeld || part.DueMs > NowMs) return default;
            lease = new EmbeddedLease(message, part.Destination.Key, owner) { LapsesAt = After(duration) };
            part.Lease = lease;
            if (message.State is { } state)
            {
                lease.Attach(state, part, new JournalContent(Journal, message, state));
                _leases.Add(lease);
                return new ValueTask<Lease?>(lease);
            }
        }
        return LeaseSlowlyAsync(lease, duration);
    }

    private async ValueTask<Lease?> LeaseLaterAsync(MessageId id, string destination, string owner, TimeSpan duration, CancellationToken cancel)
    {
        Task resumed;
        lock (_gate) resumed = (_resumed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        // The fault may have ended between the caller's look and the registration above: nobody would wake us.
        if (Journal.Fault is not null && !_stopping.IsCancellationRequested) await resumed.WaitAsync(cancel).ConfigureAwait(false);
        if (_stopping.IsCancellationRequested) return null;
        return await LeaseAsync(id, destination, owner, duration, cancel).ConfigureAwait(false);
    }

    private void Resume()
    {
        TaskCompletionSource? waiting;
        lock (_gate) (waiting, _resumed) = (_resumed, null);
        waiting?.SetResult();
    }

    /// <summary>As <see cref="LeaseAsync"/> when the message has to be read back first. The part is taken already.</summary>
    private async ValueTask<Lease?> LeaseSlowlyAsync(EmbeddedLease lease, TimeSpan duration)
    {
        MessageState? state = null;
        try
        {
            state = await HoldStateAsync(lease.Message).ConfigureAwait(false);
        }
        finally
        {
            if (state is null)
            {
                lock (_gate) FreePartNeedsLock(lease);
            }
        }
        if (state is null) return null;
        lock (_gate)
        {
            int index = lease.Message.IsGone ? -1 : lease.Message.Find(lease.Destination);
            bool taken = index >= 0 && lease.Message.Part(index).Lease == lease;
            if (taken)
            {
                lease.LapsesAt = After(duration);
                lease.Attach(state, lease.Message.Part(index), new JournalContent(Journal, lease.Message, state));
                _leases.Add(lease);
            }
            DropStateNeedsLock(lease.Message, state);
            return taken ? lease : null;
        }
    }

    public bool Renew(Lease lease, TimeSpan duration)
    {
        var mine = (EmbeddedLease)lease;
        lock (_gate)
        {
            if (mine.IsOver) return false;
            mine.LapsesAt = After(duration);
            return true;
        }
    }

    public void Release(Lease lease, DateTimeOffset due)
    {
        var mine = (EmbeddedLease)lease;
        lock (_gate)
        {
            if (mine.IsOver) return;
            EndLeaseNeedsLock(mine, due.ToUnixTimeMilliseconds());
        }
        File(mine.Message);
    }

    private void LapseLeases()
    {
        List<EmbeddedLease>? lapsed = null;
        long now = _time.GetTimestamp();
        lock (_gate)
        {
            foreach (var lease in _leases)
            {
                if (lease.LapsesAt <= now) (lapsed ??= []).Add(lease);
            }
            foreach (var lease in lapsed ?? []) EndLeaseNeedsLock(lease, NowMs);
        }
        foreach (var lease in lapsed ?? [])
        {
            PosternLog.PartLeaseLapsed(_logger, lease.Id, lease.Destination, lease.Owner);
            File(lease.Message);
        }
    }

    private long After(TimeSpan duration) => _time.GetTimestamp() + (long)(duration.TotalSeconds * _time.TimestampFrequency);

    /// <summary>The part waits again; an operator's wish made meanwhile is carried out.</summary>
    private void EndLeaseNeedsLock(EmbeddedLease lease, long dueMs)
    {
        var (message, state) = (lease.Message, lease.End());
        _leases.Remove(lease);
        var before = Remember(message);
        int index = message.IsGone ? -1 : message.Find(lease.Destination);
        if (index >= 0 && message.Part(index).Lease == lease)
        {
            ref var part = ref message.Part(index);
            part.Lease = null;
            part.DueMs = dueMs;
            if (part.Wish != 0)
            {
                ActNeedsLock(message, state, index, (QueueAction)(part.Wish - 1));
                try
                {
                    Record(message, state, before, AppendUrgency.Lazy, []);
                }
                catch (StoreException)
                {
                    Restore(message, before); // the wish is lost with the disk; the operator sees the message unchanged
                }
            }
            CountHeldNeedsLock(message);
        }
        DropStateNeedsLock(message, state);
    }

    private void FreePartNeedsLock(EmbeddedLease lease)
    {
        lease.IsOver = true;
        int index = lease.Message.IsGone ? -1 : lease.Message.Find(lease.Destination);
        if (index >= 0 && lease.Message.Part(index).Lease == lease) lease.Message.Part(index).Lease = null;
    }

    private static void DropStateNeedsLock(WaitingMessage message, MessageState state)
    {
        if (--state.Users == 0 && message.State == state) message.State = null;
    }

    /// <summary>
    /// The message's state with one user more, read back from the journal when it is not in memory. Null when the message has gone, or its record
    /// cannot be read any more: then it has been set aside.
    /// </summary>
    private async ValueTask<MessageState?> HoldStateAsync(WaitingMessage message)
    {
        while (true)
        {
            Location accept, snapshot;
            int acceptBytes, snapshotBytes;
            Segment acceptSegment, snapshotSegment;
            lock (_gate)
            {
                if (message.IsGone) return null;
                if (message.State is { } present)
                {
                    present.Users++;
                    return present;
                }
                (accept, snapshot, acceptBytes, snapshotBytes) = (message.Accept, message.Snapshot, message.AcceptBytes, message.SnapshotBytes);
                acceptSegment = Journal.Get(accept.Segment);
                snapshotSegment = snapshot.IsNone ? acceptSegment : Journal.Get(snapshot.Segment);
                acceptSegment.Pin();
                snapshotSegment.Pin();
            }
            MessageState? state;
            try
            {
                if (!Journal.IsWritten(accept) || !Journal.IsWritten(snapshot)) await Journal.FlushAsync(stable: false).ConfigureAwait(false);
                state = Read(acceptSegment, accept, acceptBytes, snapshotSegment, snapshot, snapshotBytes);
            }
            finally
            {
                acceptSegment.Unpin();
                snapshotSegment.Unpin();
            }
            lock (_gate)
            {
                if (message.IsGone) return null;
                if (message.State is null && (message.Accept != accept || message.Snapshot != snapshot)) continue;
                message.State ??= state;
                if (message.State is { } found)
                {
                    found.Users++;
                    return found;
                }
            }
            SetAside(message);
            return null;
        }
    }

    private MessageState? Read(Segment acceptSegment, Location accept, int acceptBytes, Segment snapshotSegment, Location snapshot, int snapshotBytes)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Math.Max(acceptBytes, snapshotBytes));
        try
        {
            if (!TryReadRecord(acceptSegment, accept, buffer.AsSpan(0, acceptBytes), RecordType.Accept, out var payload)) return null;
            if (!AcceptRecord.TryRead(payload, out var record) || EnvelopeCodec.Read(record.Envelope(payload), _destinations) is not { } envelope) return null;
            long total = record.InlineBytes;
            foreach (var extent in record.ReadExtents(payload, out _) ?? []) total += extent.BodyBytes;
            var state = new MessageState(envelope, total, AcceptRecord.FixedBytes);
            if (snapshot.IsNone) return state;
            return TryReadRecord(snapshotSegment, snapshot, buffer.AsSpan(0, snapshotBytes), RecordType.Snapshot, out payload) && SnapshotCodec.Apply(payload, state, _destinations) ? state : null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static bool TryReadRecord(Segment segment, Location at, Span<byte> record, RecordType expected, out ReadOnlySpan<byte> payload)
    {
        payload = default;
        if (segment.File!.Read(record, at.Offset) != record.Length) return false;
        if (!RecordFormat.TryReadHeader(record, at, out int bytes, out var type) || type != expected || RecordFormat.Padded(bytes) != record.Length) return false;
        payload = record.Slice(RecordFormat.HeaderBytes, bytes);
        return RecordFormat.PayloadMatches(record, payload);
    }
}
