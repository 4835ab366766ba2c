using System.Buffers;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Postern.Core.Telemetry;

namespace Postern.Core.Events;

/// <summary>
/// The relay's events as lines of JSON in files of its data folder. Publishing only puts a line into memory, so that it may be done under any lock; one task writes and
/// syncs what has gathered, within <see cref="Gather"/>. Bounded on disk by what is to be kept, in memory by <see cref="MaxPending"/>. Thread safe.
/// </summary>
internal sealed class EventLog : IAsyncDisposable
{
    /// <summary>Bytes that wait for a disk that does not take them; what comes then is lost, and said to be.</summary>
    internal const int MaxPending = 16 << 20;

    /// <summary>Events are news for people: a tenth of a second saves most syncs of a storm.</summary>
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly string _folder;
    private readonly EventFiles _files;
    private readonly ILogger _logger;
    private readonly PosternMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _work = new(0, 1);
    private readonly CancellationTokenSource _stop = new(), _closed = new();
    private readonly Task _writer;
    private TaskCompletionSource _written = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ArrayBufferWriter<byte> _pending = new(), _spare = new();
    private long _next, _pendingFirst, _last;
    private long _keep;
    private string _relay;

    /// <exception cref="IOException">The folder cannot be used; the message says which and why.</exception>
    public EventLog(string folder, string relay, long keep, PosternMetrics metrics, ILogger logger, TimeProvider time)
    {
        (_folder, _relay, _keep, _metrics, _logger, _time) = (folder, relay, keep, metrics, logger, time);
        _files = new EventFiles(folder);
        _last = _files.LastId;
        _next = _last + 1;
        Closed = _closed.Token;
        _writer = Task.Run(WriteAsync);
    }

    public string Folder => _folder;

    /// <summary>Of the last event on disk.</summary>
    public long LastId => Volatile.Read(ref _last);

    /// <summary>Of the last event that was published; it may still be on its way to the disk.</summary>
    public long PublishedId
    {
        get
        {
            lock (_lock) return _next - 1;
        }
    }

    /// <summary>Cancelled when all is written and nothing more will come.</summary>
    public CancellationToken Closed { get; }

    public void Apply(string relay, long keep)
    {
        lock (_lock) (_relay, _keep) = (relay, keep);
    }

    /// <param name="subject">What it is about: an upstream, a message id.</param>
    /// <param name="data">Writes the members of the event's data.</param>
    public void Publish(EventType type, string subject, Action<Utf8JsonWriter>? data = null)
    {
        lock (_lock)
        {
            if (_stop.IsCancellationRequested) return;
            if (_pending.WrittenCount >= MaxPending)
            {
                _metrics.EventsLost.Add(1);
                return;
            }
            if (_pending.WrittenCount == 0) _pendingFirst = _next;
            var made = RelayEvent.Make(_next++, _time.GetUtcNow(), type, _relay, subject, data);
            _pending.Write(made.Line.Span);
            _pending.Write("\n"u8);
            if (_work.CurrentCount == 0) _work.Release();
        }
        _metrics.EventsPublished.Add(1, new KeyValuePair<string, object?>("type", EventTypes.Word(type)));
    }

    /// <summary>At most <paramref name="most"/> events after <paramref name="after"/>, in order; those that are no longer kept are passed over.</summary>
    public IReadOnlyList<RelayEvent> Read(long after, int most) => EventReader.Read(_folder, after, LastId, most);

    /// <summary>Returns when there is something after <paramref name="after"/>; false when there never will be, because the log is closed.</summary>
    public async Task<bool> WaitAsync(long after, CancellationToken cancel)
    {
        while (true)
        {
            Task next;
            lock (_lock) next = _written.Task;
            if (LastId > after) return true;
            if (Closed.IsCancellationRequested) return false;
            await next.WaitAsync(cancel);
        }
    }

    /// <summary>Writes what is left.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_stop.IsCancellationRequested) return;
            _stop.Cancel();
        }
        await _writer;
        _files.Dispose();
        _work.Dispose();
        _stop.Dispose();
        TaskCompletionSource written;
        lock (_lock) written = _written;
        await _closed.CancelAsync();
        written.SetResult();
        _closed.Dispose();
    }

    private async Task WriteAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await _work.WaitAsync(_stop.Token);
                await Task.Delay(Gather, _time, _stop.Token);
            }
            catch (OperationCanceledException)
            {
                // What gathered is written all the same.
            }
            Flush();
        }
        Flush();
    }

    private void Flush()
    {
        ArrayBufferWriter<byte> batch;
        long first, last, keep;
        lock (_lock)
        {
            if (_pending.WrittenCount == 0) return;
            batch = _pending;
            (_pending, _spare) = (_spare, batch);
            (first, last, keep) = (_pendingFirst, _next - 1, _keep);
        }
        try
        {
            _files.Append(batch.WrittenSpan, first, last);
            _files.Forget(keep);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Mail goes on without its news.
            _metrics.EventsLost.Add(last - first + 1);
            PosternLog.EventsLost(_logger, e, _folder, last - first + 1);
        }
        batch.ResetWrittenCount();
        TaskCompletionSource written;
        lock (_lock)
        {
            Volatile.Write(ref _last, last);
            written = _written;
            _written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        written.SetResult();
    }
}
