using Postern.Core.Queue;
using Postern.Core.Shaping;

namespace Postern.Core.Scheduling;

/// <summary>
/// Decides which destination's mail goes next. Holds what waits in memory, per destination; starts session loops where mail is due, within
/// the limits; serves destinations in turn when all sessions are in use. One timer for everything. Thread safe; the loops are started
/// outside the lock.
/// </summary>
internal sealed class Scheduler : IDisposable
{
    /// <summary>A further session is opened when this many messages wait for each that is open: fewer are served sooner by those than by a new handshake.</summary>
    private const int BacklogPerSession = 4;

    /// <summary>... or when one has waited this long, because the open sessions are slow; one session more each time this has passed.</summary>
    private const long PatienceMilliseconds = 25;

    /// <summary>Messages that a loop sends before it makes room for a destination that waits for a session.</summary>
    private const int TurnLength = 16;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, DestinationQueue> _queues = new(StringComparer.Ordinal);
    private readonly Queue<DestinationQueue> _line = new();
    private readonly PriorityQueue<DestinationQueue, long> _wakes = new();
    private readonly Action<DestinationQueue> _start;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private SessionLimits _limits;
    private long _armedFor = long.MaxValue;
    private int _workers;
    private bool _stopped;

    /// <param name="start">Starts one session loop, which ends by <see cref="TryTake"/> or <see cref="EndWorker"/>. Must not block.</param>
    public Scheduler(SessionLimits limits, Action<DestinationQueue> start, TimeProvider time)
    {
        _limits = limits;
        _start = start;
        _time = time;
        _timer = time.CreateTimer(static s => ((Scheduler)s!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    private long Now => _time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Sessions loops at work.</summary>
    public int Workers => Volatile.Read(ref _workers);

    /// <summary>Parts that wait, for all destinations.</summary>
    public long Waiting
    {
        get
        {
            lock (_lock)
            {
                long sum = 0;
                foreach (var queue in _queues.Values) sum += queue.Count;
                return sum;
            }
        }
    }

    /// <summary>A part is due at its time. Called by the store for everything that is filed.</summary>
    public void File(ScheduleEntry entry)
    {
        DestinationQueue? start;
        lock (_lock)
        {
            if (_stopped) return;
            if (!_queues.TryGetValue(entry.Destination, out var queue)) _queues.Add(entry.Destination, queue = new DestinationQueue(entry.Destination));
            long now = Now;
            queue.Add(new WaitingPart(entry), now);
            if ((entry.Notes & FilingNotes.RetryRequested) != 0) ForceOpenNeedsLock(queue);
            start = GrowNeedsLock(queue, now);
            SetWakeNeedsLock(queue, now);
        }
        if (start is not null) _start(start);
    }

    /// <summary>
    /// The next part of this destination for a session loop that has sent <paramref name="sent"/> in a row. False when the loop is to end: nothing
    /// is due, others wait for its session, or the relay stops. The loop then counts as ended; nothing filed later is missed.
    /// </summary>
    /// <param name="holdsSession">The loop leaves a good session behind: what comes next may use it even when no new one can be opened.</param>
    public bool TryTake(DestinationQueue queue, int sent, bool holdsSession, out WaitingPart part)
    {
        DestinationQueue? start, next = null;
        bool taken = false;
        part = default;
        lock (_lock)
        {
            long now = Now;
            queue.MoveDue(now);
            bool yields = sent >= TurnLength && _line.Count > 0;
            if (!_stopped && !yields && queue.Ready > 0)
            {
                part = queue.Take();
                taken = true;
                start = GrowNeedsLock(queue, now);
            }
            else
            {
                if (yields && queue.Ready > 0) LineUpNeedsLock(queue);
                if (holdsSession) queue.GatedUntil = 0;
                (start, next) = EndNeedsLock(queue, now);
            }
        }
        if (start is not null) _start(start);
        if (next is not null) _start(next);
        return taken;
    }

    /// <summary>A loop ends although mail is due: it got no session.</summary>
    public void EndWorker(DestinationQueue queue)
    {
        DestinationQueue? start, next;
        lock (_lock) (start, next) = EndNeedsLock(queue, Now);
        if (start is not null) _start(start);
        if (next is not null) _start(next);
    }

    /// <summary>No new loop is started for this destination before <paramref name="until"/>; then one, until <see cref="Open"/>. Loops with a session go on.</summary>
    public void Gate(DestinationQueue queue, DateTimeOffset until)
    {
        lock (_lock)
        {
            queue.GatedUntil = Math.Max(until.ToUnixTimeMilliseconds(), Now + 1);
            queue.HalfOpen = true;
            queue.Probing = false;
            SetWakeNeedsLock(queue, Now);
        }
    }

    /// <summary>The destination was reached: everything due may go.</summary>
    public void Open(DestinationQueue queue)
    {
        // Read without the lock: this is called for every message, and a gate set this moment is opened by the next one.
        if (!queue.HalfOpen && queue.GatedUntil == 0) return;
        DestinationQueue? start;
        lock (_lock)
        {
            queue.GatedUntil = 0;
            queue.HalfOpen = queue.Probing = false;
            start = GrowNeedsLock(queue, Now);
            SetWakeNeedsLock(queue, Now);
        }
        if (start is not null) _start(start);
    }

    /// <summary>An upstream came back, or the configuration changed: gated destinations that match may try at once, one loop each.</summary>
    public void Reopen(Func<DestinationQueue, bool> matches)
    {
        var starts = new List<DestinationQueue>();
        lock (_lock)
        {
            long now = Now;
            foreach (var queue in _queues.Values)
            {
                if (queue.GatedUntil == 0 || !matches(queue)) continue;
                queue.GatedUntil = 0;
                if (GrowNeedsLock(queue, now) is { } start) starts.Add(start);
                SetWakeNeedsLock(queue, now);
            }
        }
        starts.ForEach(_start);
    }

    /// <summary>True once after the operator asked for an attempt now.</summary>
    public bool TakeRetryAsked(DestinationQueue queue)
    {
        if (!queue.RetryAsked) return false;
        lock (_lock)
        {
            bool asked = queue.RetryAsked;
            queue.RetryAsked = false;
            return asked;
        }
    }

    /// <summary>
    /// Parts of gated destinations whose time has run out (see <see cref="OverdueRule"/>): at most <paramref name="most"/>, and a bounded look at
    /// the rest, which the next call goes on with. They are no longer filed; who takes them settles or releases them.
    /// </summary>
    public IReadOnlyList<(DestinationQueue Queue, WaitingPart Part)> TakeOverdue(TimeSpan delayNotice, int most)
    {
        var found = new List<(DestinationQueue, WaitingPart)>();
        var parts = new List<WaitingPart>();
        lock (_lock)
        {
            int look = 50_000;
            var rule = new OverdueRule(Now, (long)delayNotice.TotalMilliseconds);
            foreach (var queue in _queues.Values)
            {
                if (!queue.HalfOpen) continue;
                queue.TakeOverdue(rule, ref look, ref most, parts);
                foreach (var part in parts) found.Add((queue, part));
                parts.Clear();
                if (look <= 0 || most <= 0) break;
            }
        }
        return found;
    }

    public void Apply(SessionLimits limits)
    {
        lock (_lock) _limits = limits;
        Reopen(static _ => true);
    }

    /// <summary>The destinations with most mail, for gauges and the API.</summary>
    public IReadOnlyList<DestinationDepth> Snapshot(int most)
    {
        lock (_lock)
        {
            return [.. _queues.Values.OrderByDescending(q => q.Count).Take(most).Select(q => new DestinationDepth(
                q.Name, q.Count, q.Ready, q.Workers,
                q.Count == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(q.OldestAccepted()),
                q.GatedUntil == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(q.GatedUntil)))];
        }
    }

    /// <summary>Parts that wait for one destination.</summary>
    public int Depth(string destination)
    {
        lock (_lock) return _queues.TryGetValue(destination, out var queue) ? queue.Count : 0;
    }

    /// <summary>No loop is started and no part given out any more.</summary>
    public void Stop()
    {
        lock (_lock) _stopped = true;
        _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Dispose() => _timer.Dispose();

    private static void ForceOpenNeedsLock(DestinationQueue queue)
    {
        queue.RetryAsked = true;
        queue.GatedUntil = 0;
    }

    /// <summary>The queue when one more loop is to be started for it (it counts from now on), else null.</summary>
    private DestinationQueue? GrowNeedsLock(DestinationQueue queue, long now)
    {
        if (_stopped || queue.GatedUntil > now) return null;
        queue.GatedUntil = 0;
        queue.MoveDue(now);
        if (queue.Ready == 0 || queue.Workers >= queue.Limit(_limits) || queue.Probing) return null;
        bool wanted = queue.Workers == 0 || queue.HalfOpen || queue.Ready > BacklogPerSession * queue.Workers || (now - queue.FirstReadyDue >= PatienceMilliseconds && now - queue.GrownAt >= PatienceMilliseconds);
        if (!wanted) return null;
        if (_workers >= _limits.Total)
        {
            // Who has a session already asks again when it ends its turn, or at its next wake-up.
            if (queue.Workers == 0) LineUpNeedsLock(queue);
            return null;
        }
        queue.Workers++;
        queue.GrownAt = now;
        _workers++;
        queue.Probing = queue.HalfOpen;
        return queue;
    }

    private void LineUpNeedsLock(DestinationQueue queue)
    {
        if (queue.InLine) return;
        queue.InLine = true;
        _line.Enqueue(queue);
    }

    /// <summary>One loop less; what may be started instead: a loop for who stands in line, or again for this queue.</summary>
    private (DestinationQueue?, DestinationQueue?) EndNeedsLock(DestinationQueue queue, long now)
    {
        queue.Workers--;
        _workers--;
        queue.Probing = false;
        DestinationQueue? next = null;
        while (next is null && _line.TryDequeue(out var first))
        {
            first.InLine = false;
            next = GrowNeedsLock(first, now);
            DropNeedsLock(first);
        }
        var again = queue.Workers == 0 ? GrowNeedsLock(queue, now) : null;
        SetWakeNeedsLock(queue, now);
        DropNeedsLock(queue);
        return (next, again);
    }

    private void DropNeedsLock(DestinationQueue queue)
    {
        if (queue.IsIdle && _queues.TryGetValue(queue.Name, out var known) && ReferenceEquals(known, queue)) _queues.Remove(queue.Name);
    }

    /// <summary>Sees to it that the queue is looked at when something about it may change with time alone.</summary>
    private void SetWakeNeedsLock(DestinationQueue queue, long now)
    {
        if (_stopped) return;
        long wake = queue.GatedUntil > now ? queue.GatedUntil : queue.NextDue;
        if (queue.GatedUntil <= now && queue.Ready > 0 && !queue.InLine && !queue.Probing && queue.Workers < queue.Limit(_limits)) wake = Math.Min(wake, now + PatienceMilliseconds);
        if (wake == long.MaxValue || (queue.Wake != 0 && queue.Wake <= wake)) return;
        queue.Wake = wake;
        _wakes.Enqueue(queue, wake);
        if (wake < _armedFor) ArmNeedsLock(wake, now);
    }

    private void ArmNeedsLock(long wake, long now)
    {
        _armedFor = wake;
        // Far wake-ups are taken in steps: a timer's longest interval is about 49 days.
        _timer.Change(TimeSpan.FromMilliseconds(Math.Clamp(wake - now, 1, 3_600_000)), Timeout.InfiniteTimeSpan);
    }

    private void OnTimer()
    {
        var starts = new List<DestinationQueue>();
        lock (_lock)
        {
            long now = Now;
            _armedFor = long.MaxValue;
            while (_wakes.TryPeek(out var queue, out long wake) && wake <= now)
            {
                _wakes.Dequeue();
                if (queue.Wake != wake) continue;
                queue.Wake = 0;
                if (GrowNeedsLock(queue, now) is { } start) starts.Add(start);
                SetWakeNeedsLock(queue, now);
            }
            if (!_stopped && _wakes.TryPeek(out _, out long next)) ArmNeedsLock(next, now);
        }
        starts.ForEach(_start);
    }
}

/// <summary>What waits for one destination.</summary>
/// <param name="Waiting">Parts, due or not.</param>
/// <param name="Due">Parts due now.</param>
/// <param name="Sessions">Session loops at work on it.</param>
/// <param name="OldestAcceptedAt">Of the messages that wait.</param>
/// <param name="GatedUntil">Not null while its upstreams are known to be unreachable: when the next try is made.</param>
public sealed record DestinationDepth(string Destination, int Waiting, int Due, int Sessions, DateTimeOffset? OldestAcceptedAt, DateTimeOffset? GatedUntil);
