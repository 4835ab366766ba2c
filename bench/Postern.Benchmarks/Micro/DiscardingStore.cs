using Postern.Core.Queue;

namespace Postern.Benchmarks.Micro;

/// <summary>A store that copies and forgets, so that submission can be measured without a disk. It gives nothing back.</summary>
internal sealed class DiscardingStore : IQueueStore
{
    private readonly byte[] _room = new byte[64 << 10];
    private long _lastId = 0x0123456789abcd;

    public long Committed { get; private set; }
    public Action<ScheduleEntry>? Filed { private get; set; }
    public QueueStats Stats { get; } = new();

    public IncomingMessage? TryBegin() => new Incoming(this, new MessageId(++_lastId));
    public Task StartAsync(CancellationToken cancel) => Task.CompletedTask;
    public ValueTask<Lease?> LeaseAsync(MessageId id, string destination, string owner, TimeSpan duration, CancellationToken cancel) => throw new NotSupportedException();
    public bool Renew(Lease lease, TimeSpan duration) => throw new NotSupportedException();
    public void Release(Lease lease, DateTimeOffset due) => throw new NotSupportedException();
    public ValueTask<bool> SettleAsync(Lease lease, Settlement settlement, CancellationToken cancel) => throw new NotSupportedException();
    public ValueTask<IReadOnlyList<MessageSummary>> ListAsync(QueueQuery query, CancellationToken cancel) => throw new NotSupportedException();
    public ValueTask<QueueTally> CountAsync(QueueQuery query, CancellationToken cancel) => throw new NotSupportedException();
    public ValueTask<MessageDetails?> ShowAsync(MessageId id, CancellationToken cancel) => throw new NotSupportedException();
    public ValueTask<MessageExport?> ExportAsync(MessageId id, CancellationToken cancel) => throw new NotSupportedException();
    public ValueTask<int> UpdateAsync(QueueQuery query, QueueAction action, CancellationToken cancel, Action<int>? progress = null) => throw new NotSupportedException();
    public ValueTask DisposeAsync() => default;

    private sealed class Incoming(DiscardingStore store, MessageId id) : IncomingMessage
    {
        public override MessageId Id => id;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancel)
        {
            bytes.CopyTo(store._room);
            return default;
        }

        public override ValueTask CommitAsync(QueuedEnvelope envelope, CancellationToken cancel)
        {
            store.Committed++;
            return default;
        }

        public override ValueTask DisposeAsync() => default;
    }
}
