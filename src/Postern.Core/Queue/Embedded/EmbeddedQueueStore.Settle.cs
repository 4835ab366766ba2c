using System.Buffers;

namespace Postern.Core.Queue.Embedded;

public sealed partial class EmbeddedQueueStore
{
    /// <summary>
    /// The change is made in memory and given its place in the journal under the gate. Deliveries and deferrals return at once and are written within
    /// milliseconds: lost, they mean another attempt. A settlement that bounces or makes new messages returns when it is stable.
    /// </summary>
    public async ValueTask<bool> SettleAsync(Lease lease, Settlement settlement, CancellationToken cancel)
    {
        var mine = (EmbeddedLease)lease;
        byte[]? evidence = settlement.Evidence is { } attempt ? EvidenceCodec.Compress(attempt) : null;
        var newMessages = ComposeNewMessages(settlement.NewMessages, lease.Id);
        bool stable = newMessages.Length > 0;
        foreach (var update in settlement.Recipients) stable |= update.Status is RecipientStatus.Bounced or RecipientStatus.Removed;
        ChangeAppend? change;
        lock (_gate)
        {
            if (mine.IsOver)
            {
                foreach (var made in newMessages) made.ReturnBuffer();
                return false;
            }
            if (Journal.IsShort && !_supply!.IsWhole && TrySettleInMemoryNeedsLock(mine, settlement)) change = null;
            else change = SettleNeedsLock(mine, settlement, evidence, newMessages, stable ? AppendUrgency.Stable : AppendUrgency.Lazy);
        }
        File(mine.Message);
        if (stable) await change!.Task.ConfigureAwait(false);
        return true;
    }

    /// <summary>
    /// With the disk full and the reserve begun, a mere delay is not written down: the space is kept for what must be, and a restart only tries the message
    /// sooner than it would have been.
    /// </summary>
    private bool TrySettleInMemoryNeedsLock(EmbeddedLease lease, Settlement settlement)
    {
        if (settlement.NewMessages.Count > 0 || settlement.DelayNotified) return false;
        foreach (var update in settlement.Recipients)
        {
            if (update.Status != RecipientStatus.Waiting || update.Destination is not null) return false;
        }
        ref var part = ref lease.Message.Part(lease.Message.Find(lease.Destination));
        if (settlement.CountsAsAttempt && part.Attempts < ushort.MaxValue) part.Attempts++;
        EndLeaseNeedsLock(lease, settlement.NextDue.ToUnixTimeMilliseconds());
        return true;
    }

    private AcceptAppend[] ComposeNewMessages(IReadOnlyList<GeneratedMessage> messages, MessageId parent)
    {
        if (messages.Count == 0) return [];
        var appends = new AcceptAppend[messages.Count];
        for (int i = 0; i < appends.Length; i++)
        {
            var content = messages[i].Content;
            if (content.Length > Journal.MaxPayload / 2) throw new StoreException("a generated message is too large for a journal segment; raise queue.segment_bytes");
            byte[]? buffer = EmbeddedIncoming.RentWith(content.Span);
            appends[i] = EmbeddedIncoming.Compose(this, NextId(), messages[i].Envelope, parent, ref buffer, content.Length, content.Length, null, AppendUrgency.Lazy);
        }
        return appends;
    }

    private ChangeAppend SettleNeedsLock(EmbeddedLease lease, Settlement settlement, byte[]? evidence, AcceptAppend[] newMessages, AppendUrgency urgency)
    {
        var (message, state) = (lease.Message, lease.State!);
        var before = Remember(message);
        int index = message.Find(lease.Destination);
        long nextDue = settlement.NextDue.ToUnixTimeMilliseconds();
        ref var part = ref message.Part(index);
        part.Lease = null;
        if (settlement.CountsAsAttempt && part.Attempts < ushort.MaxValue) part.Attempts++;
        if (settlement.DelayNotified) part.Flags |= PartFlags.DelayNotified;
        ushort attempts = part.Attempts;
        foreach (var update in settlement.Recipients)
        {
            string destination = update.Destination is { } moved ? _destinations.Intern(moved) : state.Envelope.Recipients[update.Index].Destination;
            state.Change(update.Index, update.Status, destination, update.Reply);
        }
        if (evidence is not null) state.AddEvidence(evidence);
        var attempt = settlement.Evidence;
        _marks.Set(message, attempt is null ? message.Mark?.Cause : attempt.Diagnosis?.Verdict.Cause, attempt?.Upstream ?? message.Mark?.Upstream, state.LastReply);
        bool waits = false;
        foreach (int pending in lease.Pending) waits |= state.Status(pending) == RecipientStatus.Waiting && state.Envelope.Recipients[pending].Destination == lease.Destination;
        part.DueMs = waits ? nextDue : NowMs; // only newcomers of another part wait: nothing has been tried for them here
        Regroup(message, state, nextDue, attempts);
        int still = message.IsGone ? -1 : message.Find(lease.Destination);
        int wish = still >= 0 ? message.Part(still).Wish : 0;
        if (wish != 0) ActNeedsLock(message, state, still, (QueueAction)(wish - 1));
        lease.End();
        _leases.Remove(lease);
        try
        {
            foreach (var made in newMessages) Journal.Append(made);
            return Record(message, state, before, urgency, newMessages);
        }
        catch (StoreException)
        {
            Restore(message, before);
            _unfiled.Add(message);
            throw;
        }
        finally
        {
            DropStateNeedsLock(message, state);
        }
    }

    /// <summary>
    /// Makes the parts agree with the recipients: parts that nobody waits in go, recipients moved to a new destination get a part there.
    /// A part whose recipients are all held is held.
    /// </summary>
    private void Regroup(WaitingMessage message, MessageState state, long due, ushort attempts)
    {
        var recipients = state.Envelope.Recipients;
        for (int i = 0; i < recipients.Count; i++)
        {
            if (recipients[i].Status is not (RecipientStatus.Waiting or RecipientStatus.Held) || message.Find(recipients[i].Destination) >= 0) continue;
            var destination = _destinations.Of(recipients[i].Destination);
            destination.Add(1);
            message.Add(new MessagePart { Destination = destination, DueMs = due, Attempts = attempts });
        }
        for (int p = message.PartCount - 1; p >= 0; p--)
        {
            ref var part = ref message.Part(p);
            bool waiting = false, held = false;
            for (int i = 0; i < recipients.Count; i++)
            {
                if (recipients[i].Destination != part.Destination.Key) continue;
                waiting |= recipients[i].Status == RecipientStatus.Waiting;
                held |= recipients[i].Status == RecipientStatus.Held;
            }
            if (!waiting && held) part.Flags |= PartFlags.Held;
            if (waiting || held || part.Lease is not null) continue;
            part.Destination.Add(-1);
            if (message.PartCount == 1)
            {
                message.IsGone = true;
                return;
            }
            message.RemoveAt(p);
        }
    }

    private readonly record struct Before(MessagePart First, MessagePart[]? More);

    private static Before Remember(WaitingMessage message) =>
        new(message.First, message.More is { } more ? (MessagePart[])more.Clone() : null);

    /// <summary>Writes down what became of the message: a Done when no part is left, else a Snapshot. Call with the gate held.</summary>
    private ChangeAppend Record(WaitingMessage message, MessageState state, in Before before, AppendUrgency urgency, AcceptAppend[] newMessages)
    {
        bool done = message.IsGone;
        var append = new ChangeAppend(this, message, done)
        {
            Urgency = urgency,
            FirstBefore = before.First,
            MoreBefore = before.More,
            SnapshotBefore = message.Snapshot,
            SnapshotBytesBefore = message.SnapshotBytes,
            NewMessages = newMessages,
        };
        if (done) append.Take(SettleRecord.RentDone(message.Id, newMessages.Length), SettleRecord.DoneBytes, RecordType.Done);
        else
        {
            byte[] buffer = ArrayPool<byte>.Shared.Rent(RecordFormat.Padded(SnapshotCodec.MaxBytes(message, state)));
            int bytes = SnapshotCodec.Write(message, state, newMessages.Length, buffer.AsSpan(RecordFormat.HeaderBytes));
            append.Take(buffer, bytes, RecordType.Snapshot);
        }
        Journal.Append(append);
        if (done) LeaveNeedsLock(message);
        else
        {
            if (!message.Snapshot.IsNone) Journal.Get(message.Snapshot.Segment).AddLive(-message.SnapshotBytes);
            (message.Snapshot, message.SnapshotBytes) = (append.At, append.Length);
            CountHeldNeedsLock(message);
        }
        return append;
    }

    /// <summary>The journal would not take the change: memory goes back to what is on disk. Call with the gate held.</summary>
    private void Restore(WaitingMessage message, in Before before)
    {
        for (int i = 0; i < message.PartCount && !message.IsGone; i++) message.Part(i).Destination.Add(-1);
        (message.First, message.More, message.IsGone) = (before.First, before.More, false);
        message.State = null;
        long due = NowMs + 1000;
        for (int i = 0; i < message.PartCount; i++)
        {
            ref var part = ref message.Part(i);
            part.Destination.Add(1);
            if (part.Lease is { IsOver: true }) part.Lease = null;
            if (part.Lease is null) part.DueMs = Math.Max(part.DueMs, due);
        }
        CountHeldNeedsLock(message);
    }

    /// <summary>Called by the journal, latest first, for changes that could not be written.</summary>
    internal void Undo(ChangeAppend change)
    {
        var message = change.Message;
        lock (_gate)
        {
            if (change.IsDone)
            {
                Restore(message, new Before(change.FirstBefore, change.MoreBefore));
                for (int i = 0; i < message.PartCount; i++) message.Part(i).Destination.Add(-1); // entering counts them
                EnterNeedsLock(message);
                _marks.Retain(message);
                AddLive(message, +1);
            }
            else if (!message.IsGone)
            {
                (message.Snapshot, message.SnapshotBytes) = (change.SnapshotBefore, change.SnapshotBytesBefore);
                if (!message.Snapshot.IsNone) Journal.Get(message.Snapshot.Segment).AddLive(message.SnapshotBytes);
                Restore(message, new Before(change.FirstBefore, change.MoreBefore));
            }
        }
        File(message);
    }
}
