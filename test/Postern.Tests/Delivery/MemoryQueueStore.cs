using System.Collections.Concurrent;
using Postern.Core.Queue;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Delivery;

/// <summary>A queue without a disk, for what delivery does with a queue. What it keeps of a message can be looked at after the message is gone.</summary>
internal sealed class MemoryQueueStore(TimeProvider time) : IQueueStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<MessageId, Entry> _entries = [];
    private Action<ScheduleEntry>? _filed;
    private int _sequence;

    public Action<ScheduleEntry>? Filed { set => _filed = value; }
    /// <summary>Not null: a settlement is not written; true says so by an exception, false as a lapsed lease.</summary>
    public bool? SettlementFails { get; set; }
    public ConcurrentQueue<(MessageId Id, Settlement Settlement)> Settlements { get; } = new();
    public int Releases;
    public int Leases;
    public QueueStats Stats => new();

    public sealed class Entry
    {
        public required QueuedEnvelope Envelope;
        public required byte[] Content;
        public RecipientUpdate[] Recipients = [];
        public Dictionary<string, Part> Parts = [];
        public List<AttemptEvidence> Evidence = [];
    }

    public sealed class Part
    {
        public int Attempts;
        public bool Notified, Bounce, Leased;
        public DateTimeOffset Due;
    }

    public MessageId Add(QueuedEnvelope envelope, byte[] content)
    {
        var id = new MessageId((envelope.AcceptedAt.ToUnixTimeMilliseconds() << 22) + Interlocked.Increment(ref _sequence));
        var entry = new Entry { Envelope = envelope, Content = content, Recipients = [.. envelope.Recipients.Select((r, i) => new RecipientUpdate(i, RecipientStatus.Waiting, null, r.Destination))] };
        lock (_lock)
        {
            foreach (var destination in entry.Recipients.Select(r => r.Destination!).Distinct()) entry.Parts[destination] = new Part { Due = time.GetUtcNow() };
            _entries[id] = entry;
        }
        foreach (var destination in entry.Parts.Keys.ToList()) File(id, entry, destination);
        return id;
    }

    public bool Contains(MessageId id)
    {
        lock (_lock) return _entries.ContainsKey(id);
    }

    public int Count
    {
        get { lock (_lock) return _entries.Count; }
    }

    public Entry? Find(MessageId id)
    {
        lock (_lock) return _entries.GetValueOrDefault(id);
    }

    public void Ask(MessageId id, FilingNotes notes)
    {
        var entry = _entries[id];
        foreach (var (destination, part) in entry.Parts)
        {
            part.Due = time.GetUtcNow();
            part.Bounce = notes.HasFlag(FilingNotes.BounceRequested);
            File(id, entry, destination, notes);
        }
    }

    private void File(MessageId id, Entry entry, string destination, FilingNotes notes = FilingNotes.None)
    {
        var part = entry.Parts[destination];
        if (part.Notified) notes |= FilingNotes.DelayNotified;
        _filed?.Invoke(new ScheduleEntry(id, destination, part.Due, entry.Envelope.ExpiresAt, part.Attempts, entry.Envelope.Priority, notes, TenantTag.Of(entry.Envelope)));
    }

    public ValueTask<Lease?> LeaseAsync(MessageId id, string destination, string owner, TimeSpan duration, CancellationToken cancel)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(id, out var entry) || !entry.Parts.TryGetValue(destination, out var part) || part.Leased || part.Due > time.GetUtcNow()) return ValueTask.FromResult<Lease?>(null);
            var pending = entry.Recipients.Where(r => r.Status == RecipientStatus.Waiting && r.Destination == destination).Select(r => r.Index).ToList();
            if (pending.Count == 0) return ValueTask.FromResult<Lease?>(null);
            part.Leased = true;
            Leases++;
            return ValueTask.FromResult<Lease?>(new MemoryLease(id, destination, entry, pending, part));
        }
    }

    public bool Renew(Lease lease, TimeSpan duration) => true;

    public void Release(Lease lease, DateTimeOffset due)
    {
        Interlocked.Increment(ref Releases);
        var own = (MemoryLease)lease;
        own.Part.Leased = false;
        own.Part.Due = due;
        File(lease.Id, own.Entry, lease.Destination);
    }

    public ValueTask<bool> SettleAsync(Lease lease, Settlement settlement, CancellationToken cancel)
    {
        var own = (MemoryLease)lease;
        if (SettlementFails == true) throw new StoreException("no space left on device");
        if (SettlementFails == false)
        {
            // Whoever swept the lapsed lease has filed the part again.
            Release(lease, time.GetUtcNow() + TimeSpan.FromMinutes(1));
            return ValueTask.FromResult(false);
        }
        Settlements.Enqueue((lease.Id, settlement));
        var entry = own.Entry;
        var refile = new HashSet<string>();
        lock (_lock)
        {
            own.Part.Leased = false;
            if (settlement.CountsAsAttempt) own.Part.Attempts++;
            own.Part.Notified |= settlement.DelayNotified;
            if (settlement.Evidence is { } evidence) entry.Evidence.Add(evidence);
            foreach (var update in settlement.Recipients)
                entry.Recipients[update.Index] = entry.Recipients[update.Index] with { Status = update.Status, Reply = update.Reply, Destination = update.Destination ?? entry.Recipients[update.Index].Destination };
            foreach (var waiting in entry.Recipients.Where(r => r.Status == RecipientStatus.Waiting))
            {
                if (!entry.Parts.TryGetValue(waiting.Destination!, out var part)) entry.Parts[waiting.Destination!] = part = new Part();
                if (waiting.Destination != lease.Destination && part.Due != default) continue;
                part.Due = settlement.NextDue;
                refile.Add(waiting.Destination!);
            }
            if (entry.Recipients.All(r => r.Status is RecipientStatus.Delivered or RecipientStatus.Bounced)) _entries.Remove(lease.Id);
        }
        foreach (var destination in refile) File(lease.Id, entry, destination);
        foreach (var message in settlement.NewMessages) Add(message.Envelope, message.Content.ToArray());
        return ValueTask.FromResult(true);
    }

    public ValueTask<QueueTally> CountAsync(QueueQuery query, CancellationToken cancel) => ValueTask.FromResult(default(QueueTally));
    public ValueTask<MessageDetails?> ShowAsync(MessageId id, CancellationToken cancel)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(id, out var entry)) return ValueTask.FromResult<MessageDetails?>(null);
            return ValueTask.FromResult<MessageDetails?>(new MessageDetails(null!, entry.Envelope, [], entry.Evidence));
        }
    }

    public IncomingMessage? TryBegin() => null;
    public Task StartAsync(CancellationToken cancel) => Task.CompletedTask;
    public ValueTask<IReadOnlyList<MessageSummary>> ListAsync(QueueQuery query, CancellationToken cancel) => ValueTask.FromResult<IReadOnlyList<MessageSummary>>([]);
    public ValueTask<MessageExport?> ExportAsync(MessageId id, CancellationToken cancel) => ValueTask.FromResult<MessageExport?>(null);
    public ValueTask<int> UpdateAsync(QueueQuery query, QueueAction action, CancellationToken cancel, Action<int>? progress = null) => ValueTask.FromResult(0);
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private sealed class MemoryLease(MessageId id, string destination, Entry entry, IReadOnlyList<int> pending, Part part) : Lease
    {
        public Entry Entry => entry;
        public Part Part => part;
        public override MessageId Id => id;
        public override string Destination => destination;
        public override QueuedEnvelope Envelope => entry.Envelope;
        public override IReadOnlyList<int> Pending => pending;
        public override int Attempts => part.Attempts;
        public override bool DelayNotified => part.Notified;
        public override bool BounceRequested => part.Bounce;
        public override MessageContent Content { get; } = new MemoryContent(entry.Content);
        public override void Dispose() { }
    }
}

/// <summary>A message's bytes in memory.</summary>
internal sealed class MemoryContent(byte[] bytes) : MessageContent
{
    public override long Length => bytes.Length;
    public override bool HasEightBit => bytes.AsSpan().IndexOfAnyExceptInRange((byte)0, (byte)127) >= 0;

    public override ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancel)
    {
        int count = (int)Math.Min(buffer.Length, bytes.Length - offset);
        bytes.AsMemory((int)offset, count).CopyTo(buffer);
        return ValueTask.FromResult(count);
    }
}
