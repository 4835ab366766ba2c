using Postern.Core.Queue;

namespace Postern.Tests.Hosting;

/// <summary>A queue of canned answers, to test what stands before a store: the API, the commands, the process.</summary>
internal sealed class MemoryStore : IQueueStore
{
    public List<MessageDetails> Messages { get; } = [];
    public List<(QueueQuery Query, QueueAction Action)> Updates { get; } = [];
    public QueueStats Stats { get; set; } = new();
    public Action<ScheduleEntry>? Filed { set { } }

    public IncomingMessage? TryBegin() => null;
    public Task StartAsync(CancellationToken cancel) => Task.CompletedTask;
    public ValueTask<Lease?> LeaseAsync(MessageId id, string destination, string owner, TimeSpan duration, CancellationToken cancel) => default;
    public bool Renew(Lease lease, TimeSpan duration) => false;
    public void Release(Lease lease, DateTimeOffset due) { }
    public ValueTask<bool> SettleAsync(Lease lease, Settlement settlement, CancellationToken cancel) => default;
    public ValueTask<IReadOnlyList<MessageSummary>> ListAsync(QueueQuery query, CancellationToken cancel) => new([.. Messages.Select(m => m.Summary).Where(s => query.State is null || s.State == query.State).Take(query.Limit)]);
    public ValueTask<QueueTally> CountAsync(QueueQuery query, CancellationToken cancel) => new(new QueueTally(Messages.Count, 0, 0, 0, 0, 0, null));
    public ValueTask<MessageDetails?> ShowAsync(MessageId id, CancellationToken cancel) => new(Messages.FirstOrDefault(m => m.Summary.Id == id));
    public ValueTask<MessageExport?> ExportAsync(MessageId id, CancellationToken cancel) => default;

    public ValueTask<int> UpdateAsync(QueueQuery query, QueueAction action, CancellationToken cancel, Action<int>? progress = null)
    {
        Updates.Add((query, action));
        return new(Messages.Count);
    }

    public ValueTask DisposeAsync() => default;
}
