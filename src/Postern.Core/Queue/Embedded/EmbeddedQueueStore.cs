using Microsoft.Extensions.Logging;
using Postern.Core.Configuration;

namespace Postern.Core.Queue.Embedded;

/// <summary>
/// The queue in one folder of the local disk: an append journal that is the truth, and a small entry in memory for every waiting message.
/// One gate guards the entries; it is held for lookups and changes in memory and while a change is given its place in the journal (so that the order of
/// records is the order of changes), never while the disk works or a caller's code runs. See docs/architecture.md, "The embedded queue".
/// </summary>
public sealed partial class EmbeddedQueueStore : IQueueStore
{
    private const int RecentStates = 1024;

    /// <summary>Messages taken under the gate in one go.</summary>
    private const int WalkBatch = 512;

    /// <summary>Recovering this many leaves more garbage than they need themselves; nobody is served yet, and a quiet relay would keep it for hours.</summary>
    private const int MessagesWorthCollecting = 20_000;
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(1);
    private readonly StorageFolder _folder;
    private readonly QueueConfig _config;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly IDisposable? _lock;
    private readonly Lock _gate = new();
    private readonly MessageIndex _messages = new();
    private readonly AttemptMarks _marks = new();
    private readonly HashSet<EmbeddedLease> _leases = [];
    private readonly Destinations _destinations = new();
    private readonly WaitingMessage?[] _recent = new WaitingMessage?[RecentStates];
    private readonly CancellationTokenSource _stopping = new();
    private SegmentSupply? _supply;
    private Journal? _journal;
    private Action<ScheduleEntry>? _filed;
    private ITimer? _sweep;
    private Task _cleaning = Task.CompletedTask;
    private readonly List<WaitingMessage> _unfiled = []; // settled while the journal was broken: filed by the next sweep
    private int _recentAt;
    private long _lastId, _accepted, _setAside, _held;
    private long _freeBytes = long.MaxValue;
    private volatile bool _started;

    /// <param name="folder">The data folder; the queue lives in its sub-folder <c>journal</c>. Created when missing.</param>
    /// <exception cref="StoreException">The folder cannot be used, or another process has it.</exception>
    public EmbeddedQueueStore(string folder, QueueConfig config, TimeProvider time, ILogger logger)
        : this(StoreLock.Prepare(folder, out var held), config, time, logger) => _lock = held;

    internal EmbeddedQueueStore(StorageFolder folder, QueueConfig config, TimeProvider time, ILogger logger) =>
        (_folder, _config, _time, _logger) = (folder, config, time, logger);

    internal Journal Journal => _journal ?? throw new InvalidOperationException("the store has not been started");

    public Action<ScheduleEntry>? Filed
    {
        set => _filed = value;
    }

    public async Task StartAsync(CancellationToken cancel)
    {
        try
        {
            await Task.Run(() => Recover(cancel), cancel).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"the queue in {_folder.Path} cannot be used: {SystemText.Of(error)}; {(StoreLock.IsDiskFull(error) ? "make room on that disk, or set server.data to a folder on a larger one; what waits is safe" : "check the folder's owner, its permissions and the disk")}", error);
        }
        CheckDisk();
        _started = true;
        FileAll();
        if (_messages.Count > MessagesWorthCollecting) GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        _sweep = _time.CreateTimer(static store => ((EmbeddedQueueStore)store!).Sweep(), this, SweepInterval, SweepInterval);
    }

    public IncomingMessage? TryBegin()
    {
        if (!_started || _stopping.IsCancellationRequested || !AcceptsMail) return null;
        return new EmbeddedIncoming(this, NextId());
    }

    public QueueStats Stats
    {
        get
        {
            var usage = Journal.Usage();
            long messages, leased;
            lock (_gate) (messages, leased) = (_messages.Count, _leases.Count);
            return new QueueStats
            {
                Messages = messages,
                Held = Interlocked.Read(ref _held),
                Leased = leased,
                OldestAcceptedAt = OldestAcceptedAt(),
                LiveBytes = usage.Live,
                DiskBytes = usage.Total + _supply!.SpareBytes,
                FreeDiskBytes = Interlocked.Read(ref _freeBytes),
                AcceptsMail = AcceptsMail,
                Accepted = Interlocked.Read(ref _accepted),
                Syncs = Journal.Syncs,
                SetAside = Interlocked.Read(ref _setAside),
                ByDestination = _destinations.Counts(),
            };
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested) return;
        await _stopping.CancelAsync().ConfigureAwait(false);
        if (_sweep is not null) await _sweep.DisposeAsync().ConfigureAwait(false);
        await _cleaning.ConfigureAwait(false);
        _journal?.Dispose();
        Resume();
        _supply?.Dispose();
        _lock?.Dispose();
        _stopping.Dispose();
    }

    private bool AcceptsMail =>
        Journal.Fault is null && !Journal.IsShort && Interlocked.Read(ref _freeBytes) >= _config.MinFreeBytes && Volatile.Read(ref _messageCount) < _config.MaxMessages;

    private long _messageCount;

    private long NowMs => _time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Later than every id before, over restarts too, even when the clock went back.</summary>
    private MessageId NextId()
    {
        long floor = NowMs << 22;
        while (true)
        {
            long last = Interlocked.Read(ref _lastId);
            long next = Math.Max(floor, last + 1);
            if (Interlocked.CompareExchange(ref _lastId, next, last) == last) return new MessageId(next);
        }
    }

    /// <summary>The entry of a new message: one part for each destination.</summary>
    internal WaitingMessage Describe(MessageId id, QueuedEnvelope envelope, Extent[]? extents, long contentBytes)
    {
        long due = envelope.AcceptedAt.ToUnixTimeMilliseconds();
        var recipients = envelope.Recipients;
        if (recipients.Count == 0) throw new ArgumentException("a message has at least one recipient", nameof(envelope));
        var message = new WaitingMessage
        {
            Id = id,
            Extents = extents,
            Text = SearchText.Of(envelope, out bool isCut),
            IsTextCut = isCut,
            ContentBytes = contentBytes,
            ExpiresMs = envelope.ExpiresAt.ToUnixTimeMilliseconds(),
            Priority = (sbyte)envelope.Priority,
            Tenant = TenantTag.Of(envelope),
            First = new MessagePart { Destination = _destinations.Of(recipients[0].Destination), DueMs = due },
        };
        for (int i = 1; i < recipients.Count; i++)
        {
            string destination = recipients[i].Destination;
            if (message.Find(destination) < 0) message.Add(new MessagePart { Destination = _destinations.Of(destination), DueMs = due });
        }
        return message;
    }

    /// <summary>For recovery only: nothing else runs yet.</summary>
    internal AttemptMarks Marks => _marks;

    /// <summary>Called by the journal when an accepted message is stable.</summary>
    internal void Enter(AcceptAppend accept)
    {
        var message = accept.Message;
        message.Accept = accept.At;
        lock (_gate)
        {
            EnterNeedsLock(message);
            var forgotten = _recent[_recentAt];
            _recent[_recentAt] = message;
            _recentAt = (_recentAt + 1) % RecentStates;
            if (forgotten is { State.Users: 0 }) forgotten.State = null;
        }
        Interlocked.Increment(ref _accepted);
        File(message);
    }

    private void EnterNeedsLock(WaitingMessage message)
    {
        _messages.Set(message);
        Volatile.Write(ref _messageCount, _messages.Count);
        message.IsGone = false;
        for (int i = 0; i < message.PartCount; i++) message.Part(i).Destination.Add(1);
        CountHeldNeedsLock(message);
    }

    /// <summary>The message is finished or to be re-read: its entry goes, its bytes are dead.</summary>
    private void LeaveNeedsLock(WaitingMessage message)
    {
        _messages.Remove(message.Id.Value);
        _marks.Release(message);
        Volatile.Write(ref _messageCount, _messages.Count);
        message.IsGone = true;
        CountHeldNeedsLock(message);
        AddLive(message, -1);
    }

    private void CountHeldNeedsLock(WaitingMessage message)
    {
        bool held = !message.IsGone && message.QueueState == QueueState.Held;
        if (held == message.IsCountedHeld) return;
        message.IsCountedHeld = held;
        Interlocked.Add(ref _held, held ? 1 : -1);
    }

    private void AddLive(WaitingMessage message, int sign)
    {
        Journal.Get(message.Accept.Segment).AddLive(sign * message.AcceptBytes);
        if (!message.Snapshot.IsNone) Journal.Get(message.Snapshot.Segment).AddLive(sign * message.SnapshotBytes);
        foreach (var extent in message.Extents ?? []) Journal.Get(extent.At.Segment).AddLive(sign * extent.RecordBytes);
    }

    private void File(WaitingMessage message)
    {
        if (_filed is not { } filed) return;
        for (int i = 0; ; i++)
        {
            ScheduleEntry entry;
            lock (_gate)
            {
                if (message.IsGone || i >= message.PartCount) return;
                ref var part = ref message.Part(i);
                if (part.Lease is not null || part.IsHeld) continue;
                entry = message.Entry(i);
            }
            filed(entry);
        }
    }

    private void FileAll()
    {
        var batch = new WaitingMessage[WalkBatch];
        for (long after = long.MinValue; ;)
        {
            int count;
            lock (_gate) count = _messages.CopyAfter(after, batch);
            if (count == 0) return;
            after = batch[count - 1].Id.Value;
            foreach (var message in batch.AsSpan(0, count)) File(message);
        }
    }

    /// <summary>Every second: leases that lapsed, the disk, segments to clean.</summary>
    private void Sweep()
    {
        if (_stopping.IsCancellationRequested) return;
        LapseLeases();
        CheckDisk();
        Journal.LookForRoom();
        if (Journal.Fault is not null && Journal.TryReopen()) Resume();
        if (Journal.Fault is null) _supply!.PrepareAhead();
        WaitingMessage[] unfiled = [];
        lock (_gate)
        {
            if (_unfiled.Count > 0)
            {
                unfiled = [.. _unfiled];
                _unfiled.Clear();
            }
            _destinations.Trim(above: 100_000);
            if (_cleaning.IsCompleted && !_stopping.IsCancellationRequested) _cleaning = Task.Run(CleanAsync);
        }
        foreach (var message in unfiled) File(message);
    }

    private void CheckDisk()
    {
        try { Interlocked.Exchange(ref _freeBytes, _folder.FreeBytes); }
        catch (IOException) { Interlocked.Exchange(ref _freeBytes, 0); }
    }

    private DateTimeOffset? OldestAcceptedAt()
    {
        lock (_gate) return _messages.Oldest is { } oldest ? DateTimeOffset.FromUnixTimeMilliseconds(oldest >> 22) : null;
    }
}
