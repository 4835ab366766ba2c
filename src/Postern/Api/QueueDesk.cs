using System.Globalization;
using System.Text.Json;
using Postern.Core.Queue;

namespace Postern.Api;

/// <summary>
/// All that an operator does with waiting mail: search, count, look at one, act on one or on all that match. The HTTP API and the dashboard call the same. What is
/// refused is a value with the reason. Thread safe.
/// </summary>
/// <param name="store">Null while the relay starts.</param>
internal sealed class QueueDesk(Func<IQueueStore?> store, TimeProvider time) : IAsyncDisposable
{
    /// <summary>Each walks over all that waits; more at once would take the processor from the mail.</summary>
    private const int MaxWalks = 2;
    private const int MaxRunning = 4;
    private const int MaxEnded = 100;

    private readonly SemaphoreSlim _walks = new(MaxWalks);
    private readonly Lock _lock = new();
    private readonly LinkedList<QueueOperation> _operations = [];
    private readonly IdempotencyTable<QueueOperation> _keys = new(time);
    private long _lastOperation = time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <param name="count">Also count all that match.</param>
    public async Task<Answer<QueuePageContract>> SearchAsync(QueueQuery query, bool count, CancellationToken cancel)
    {
        if (store() is not { } queue) return Problems.Starting;
        await _walks.WaitAsync(cancel);
        try
        {
            var total = count ? QueueText.Tally(await queue.CountAsync(query, cancel)) : null;
            // One more than asked for tells whether there is a next page.
            var found = await queue.ListAsync(query with { Limit = query.Limit + 1 }, cancel);
            string? next = found.Count > query.Limit ? found[query.Limit - 1].Id.ToString() : null;
            return new QueuePageContract([.. found.Take(query.Limit).Select(QueueText.Item)], next) { Total = total };
        }
        finally
        {
            _walks.Release();
        }
    }

    public async Task<Answer<QueueTallyContract>> CountAsync(QueueFilterContract filters, CancellationToken cancel)
    {
        if (store() is not { } queue) return Problems.Starting;
        if (QueueFilters.Read(filters, out var problem) is not { } query) return problem!;
        return QueueText.Tally(await TallyAsync(queue, query, cancel));
    }

    public async Task<Answer<QueueDetailsContract>> ShowAsync(string id, CancellationToken cancel)
    {
        if (store() is not { } queue) return Problems.Starting;
        if (!MessageId.TryParse(id, out var parsed)) return Problems.NotAnId(id);
        return await queue.ShowAsync(parsed, cancel) is { } details ? QueueText.Details(details) : Problems.UnknownMessage(id);
    }

    /// <summary>The message's bytes; dispose them.</summary>
    public async Task<Answer<MessageExport>> ExportAsync(string id, CancellationToken cancel)
    {
        if (store() is not { } queue) return Problems.Starting;
        if (!MessageId.TryParse(id, out var parsed)) return Problems.NotAnId(id);
        return await queue.ExportAsync(parsed, cancel) is { } export ? export : Problems.UnknownMessage(id);
    }

    /// <summary>
    /// Begins an action, or for a dry run counts what it would be carried out on, and waits for its end for a while. It goes on when that time is over or the
    /// caller leaves. The same key with the same request is the same action.
    /// </summary>
    /// <param name="key">Null for none.</param>
    public async Task<Answer<QueueActionResultContract>> ActAsync(QueueActionContract request, string? key, TimeSpan wait, CancellationToken cancel)
    {
        if (store() is not { } queue) return Problems.Starting;
        if (!Enum.TryParse<QueueAction>(request.Action, ignoreCase: true, out var action) || !char.IsAsciiLetter(request.Action[0]))
            return Problems.Wrong($"no such action: {request.Action}", "use retry, hold, release, bounce or remove");
        if (QueueFilters.Read(request, out var problem) is not { } query) return problem!;
        if (QueueFilters.IsEmpty(request) && request.All != true) return Problems.Wrong("no message named and no filter given", "name ids, give a filter, or say all");
        if (request.DryRun == true)
        {
            var would = await TallyAsync(queue, query, cancel);
            return new QueueActionResultContract { Action = QueueText.Word(action), State = "dry_run", Messages = would.Messages, Matching = QueueText.Tally(would) };
        }
        var begun = await BeginAsync(queue, query, action, request, key, cancel);
        if (begun.Problem is not null) return begun.Problem;
        await WaitAsync(begun.Value!, wait, cancel);
        return begun.Value!.Contract();
    }

    public QueueOperationsContract Operations()
    {
        lock (_lock) return new QueueOperationsContract([.. _operations.Reverse().Select(o => o.Contract())]);
    }

    public Answer<QueueActionResultContract> Operation(string id) => Find(id) is { } operation ? operation.Contract() : Unknown(id);

    /// <summary>Stops it; what is done stays done. One that is over is as it was.</summary>
    public async Task<Answer<QueueActionResultContract>> CancelAsync(string id, TimeSpan wait, CancellationToken cancel)
    {
        if (Find(id) is not { } operation) return Unknown(id);
        operation.Cancel();
        await WaitAsync(operation, wait, cancel);
        return operation.Contract();
    }

    public async ValueTask DisposeAsync()
    {
        QueueOperation[] all;
        lock (_lock) all = [.. _operations];
        foreach (var operation in all) operation.Cancel();
        await Task.WhenAll(all.Select(o => o.Ended));
        foreach (var operation in all) operation.Dispose();
    }

    private async Task<Answer<QueueOperation>> BeginAsync(IQueueStore queue, QueueQuery query, QueueAction action, QueueActionContract request, string? key, CancellationToken cancel)
    {
        if (key is null) return await StartAsync(queue, query, action, cancel);
        switch (_keys.Begin(key, JsonSerializer.Serialize(request, ApiJson.Default.QueueActionContract), out var first))
        {
            case KeyUse.Other:
                return Problems.Of(ProblemKind.KeyReused, $"the key {key} was used for another action", "use a key of its own for each action");
            case KeyUse.Full:
                return Problems.Of(ProblemKind.Busy, "too many actions with keys are under way", "try again in a moment");
            case KeyUse.Repeated:
                return await first!.WaitAsync(cancel);
        }
        QueueOperation? started = null;
        try
        {
            var answer = await StartAsync(queue, query, action, cancel);
            started = answer.Value;
            return answer;
        }
        finally
        {
            if (started is null) _keys.Forget(key);
            else _keys.Complete(key, started);
        }
    }

    private async Task<Answer<QueueOperation>> StartAsync(IQueueStore queue, QueueQuery query, QueueAction action, CancellationToken cancel)
    {
        var matching = await TallyAsync(queue, query, cancel);
        lock (_lock)
        {
            if (_operations.Count(o => !o.IsOver) >= MaxRunning) return Problems.Of(ProblemKind.Busy, $"{MaxRunning} actions are under way", "wait until one of them has ended; /api/v1/queue/operations shows them");
            var operation = new QueueOperation((++_lastOperation).ToString("x", CultureInfo.InvariantCulture), QueueText.Word(action), matching, time);
            operation.Start(queue, query, action);
            _operations.AddLast(operation);
            for (var node = _operations.First; node is not null && _operations.Count > MaxEnded + MaxRunning;)
            {
                var next = node.Next;
                if (node.Value.IsOver) _operations.Remove(node);
                node = next;
            }
            return operation;
        }
    }

    private async Task WaitAsync(QueueOperation operation, TimeSpan wait, CancellationToken cancel)
    {
        try
        {
            await operation.Ended.WaitAsync(wait, time, cancel);
        }
        catch (TimeoutException)
        {
            // It goes on; the caller asks again.
        }
    }

    private async Task<QueueTally> TallyAsync(IQueueStore queue, QueueQuery query, CancellationToken cancel)
    {
        await _walks.WaitAsync(cancel);
        try
        {
            return await queue.CountAsync(query, cancel);
        }
        finally
        {
            _walks.Release();
        }
    }

    private QueueOperation? Find(string id)
    {
        lock (_lock) return _operations.FirstOrDefault(o => o.Id == id);
    }

    private static ProblemContract Unknown(string id) => Problems.Of(ProblemKind.UnknownOperation, $"no operation {id}", "the last hundred are kept until the relay stops; /api/v1/queue/operations shows them");
}
