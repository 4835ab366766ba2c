using System.Collections.Concurrent;
using Postern.Core.Queue;

namespace Postern.Tests.Submission;

/// <summary>A store in memory that keeps what was committed, in order, and can be full or broken on demand.</summary>
internal sealed class RecordingStore : IQueueStore
{
    private long _lastId = 0x0123456789abcd;

    public ConcurrentQueue<(MessageId Id, QueuedEnvelope Envelope, byte[] Content)> Committed { get; } = new();

    /// <summary>Ids that are answered as waiting in the queue.</summary>
    public HashSet<MessageId> Known { get; } = [];

    public int Begun;
    public int Dropped;

    /// <summary>Writes made by the last message: one copy of the body means no more of them than pieces came.</summary>
    public int LastWrites;

    public bool IsFull { get; set; }
    public Exception? FailWrite { get; set; }
    public Exception? FailCommit { get; set; }

    public Action<ScheduleEntry>? Filed { private get; set; }

    public QueueStats Stats => new() { AcceptsMail = !IsFull };

    public IncomingMessage? TryBegin()
    {
        if (IsFull) return null;
        Interlocked.Increment(ref Begun);
        LastWrites = 0;
        return new Incoming(this, new MessageId(Interlocked.Increment(ref _lastId)));
    }

    public Task StartAsync(CancellationToken cancel) => Task.CompletedTask;
    public ValueTask<Lease?> LeaseAsync(MessageId id, string destination, string owner, TimeSpan duration, CancellationToken cancel) => throw new NotSupportedException();
    public bool Renew(Lease lease, TimeSpan duration) => throw new NotSupportedException();
    public void Release(Lease lease, DateTimeOffset due) => throw new NotSupportedException();
    public ValueTask<bool> SettleAsync(Lease lease, Settlement settlement, CancellationToken cancel) => throw new NotSupportedException();
    public ValueTask<IReadOnlyList<MessageSummary>> ListAsync(QueueQuery query, CancellationToken cancel) => throw new NotSupportedException();
    public ValueTask<QueueTally> CountAsync(QueueQuery query, CancellationToken cancel) => throw new NotSupportedException();
    public ValueTask<MessageDetails?> ShowAsync(MessageId id, CancellationToken cancel) => new(Known.Contains(id) ? new MessageDetails(null!, null!, [], []) : null);
    public ValueTask<MessageExport?> ExportAsync(MessageId id, CancellationToken cancel) => throw new NotSupportedException();
    public ValueTask<int> UpdateAsync(QueueQuery query, QueueAction action, CancellationToken cancel, Action<int>? progress = null) => throw new NotSupportedException();
    public ValueTask DisposeAsync() => default;

    private sealed class Incoming(RecordingStore store, MessageId id) : IncomingMessage
    {
        private readonly MemoryStream _content = new();
        private bool _committed;
        private bool _disposed;

        public override MessageId Id => id;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancel)
        {
            if (store.FailWrite is { } e) throw e;
            store.LastWrites++;
            _content.Write(bytes.Span);
            return default;
        }

        public override ValueTask CommitAsync(QueuedEnvelope envelope, CancellationToken cancel)
        {
            if (store.FailCommit is { } e) throw e;
            _committed = true;
            store.Committed.Enqueue((id, envelope, _content.ToArray()));
            return default;
        }

        public override ValueTask DisposeAsync()
        {
            if (!_committed && !_disposed) Interlocked.Increment(ref store.Dropped);
            _disposed = true;
            return default;
        }
    }
}
