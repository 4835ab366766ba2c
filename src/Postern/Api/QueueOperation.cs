using Postern.Core.Queue;

namespace Postern.Api;

/// <summary>How an action on the queue stands.</summary>
internal enum OperationState
{
    Running,
    Done,
    Cancelled,
    Failed,
}

/// <summary>An action that is carried out on message after message. Goes on when whoever asked for it is gone. Thread safe.</summary>
internal sealed class QueueOperation(string id, string word, QueueTally matching, TimeProvider time) : IDisposable
{
    private readonly CancellationTokenSource _cancel = new();
    private readonly DateTimeOffset _startedAt = time.GetUtcNow();
    private volatile Outcome? _outcome;
    private long _messages;

    public string Id => id;
    public bool IsOver => _outcome is not null;

    /// <summary>Ends with the operation, never with an exception.</summary>
    public Task Ended { get; private set; } = Task.CompletedTask;

    public void Start(IQueueStore store, QueueQuery query, QueueAction action) => Ended = Task.Run(() => RunAsync(store, query, action));

    public void Cancel()
    {
        if (!IsOver) _cancel.Cancel();
    }

    public QueueActionResultContract Contract()
    {
        var outcome = _outcome;
        return new QueueActionResultContract
        {
            Operation = id,
            Action = word,
            State = QueueText.Word(outcome?.State ?? OperationState.Running),
            Messages = Interlocked.Read(ref _messages),
            Matching = QueueText.Tally(matching),
            StartedAt = _startedAt,
            EndedAt = outcome?.At,
            Problem = outcome?.Problem,
        };
    }

    public void Dispose() => _cancel.Dispose();

    private async Task RunAsync(IQueueStore store, QueueQuery query, QueueAction action)
    {
        try
        {
            int all = await store.UpdateAsync(query, action, _cancel.Token, done => Interlocked.Exchange(ref _messages, done));
            Interlocked.Exchange(ref _messages, all);
            End(OperationState.Done);
        }
        catch (OperationCanceledException)
        {
            End(OperationState.Cancelled);
        }
        catch (Exception e) when (e is StoreException or IOException or ObjectDisposedException)
        {
            End(OperationState.Failed, e.Message);
        }
    }

    private void End(OperationState state, string? problem = null) => _outcome = new Outcome(state, time.GetUtcNow(), problem);

    private sealed record Outcome(OperationState State, DateTimeOffset At, string? Problem);
}
