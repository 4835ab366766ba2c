using Postern.Core.Queue;
using Postern.Core.Shaping;

namespace Postern.Core.Scheduling;

/// <summary>
/// Decides which destination's mail goes next. Holds what waits in memory, per destination; starts session loops where mail is due, within
/// the limits; serves destinations in turn when all sessions are in use. One timer for everything. Thread safe; the loops are started
/// outside the lock.
/// </summary>
internal sealed partial class Scheduler : IDisposable
{
    /// <summary>A further session is opened when this many messages wait for each that is open: fewer are served sooner by those than by a new handshake.</summary>
    private const int BacklogPerSession = 4;

    /// <summary>... or when one has waited this long, because the open sessions are slow; one session more each time this has passed.</summary>
    private const long PatienceMilliseconds = 25;

    /// <summary>Messages that a loop sends before it makes room for a destination that waits for a session; more or fewer as the destination weighs.</summary>
    private const int TurnLength = 16;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, DestinationQueue> _queues = new(StringComparer.Ordinal);
    private readonly StandingLoops _loops = new();
    private readonly SessionLine _line;
    private readonly ProvenNames _proven = new();
    private readonly PriorityQueue<DestinationQueue, long> _wakes = new();
    private readonly Action<DestinationQueue> _start;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly long _since;
    private SessionLimits _limits;
    private long _armedFor = long.MaxValue;
    private int _workers, _served;
    private bool _stopped;

    /// <param name="start">Starts one session loop, which ends by <see cref="TryTake"/> or <see cref="EndWorker"/>. Must not block.</param>
    public Scheduler(SessionLimits limits, Action<DestinationQueue> start, TimeProvider time)
    {
        _limits = limits;
        _start = start;
        _time = time;
        _since = Now;
        _line = new SessionLine(_loops);
        _timer = time.CreateTimer(static s => ((Scheduler)s!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    private long Now => _time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>A part of a millisecond counts as one: who is woken too early is refused again.</summary>
    private static long Up(DateTimeOffset time) => (time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks + TimeSpan.TicksPerMillisecond - 1) / TimeSpan.TicksPerMillisecond;

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
            long now = Now;
            var part = new WaitingPart(entry);
            if (!_queues.TryGetValue(entry.Destination, out var queue)) queue = BeginNeedsLock(entry.Destination, part);
            queue.Add(part, _limits.Weights, now);
            if ((entry.Notes & FilingNotes.RetryRequested) != 0) ForceOpenNeedsLock(queue);
            start = GrowNeedsLock(queue, now);
            SetWakeNeedsLock(queue, now);
        }
        if (start is not null) _start(start);
    }

    /// <summary>
    /// The next part of this destination for a session loop that has sent <paramref name="sent"/> in a row. False when the loop is to end: nothing
    /// is due or the destination is paused, it has more loops than are allowed now, others wait for its session, or the relay stops. The loop then counts as ended; nothing filed later is missed.
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
            queue.MoveDue(_limits.Weights, now);
            bool yields = sent > 0 && _line.Count > 0 && HasHadItsTurnNeedsLock(queue, sent);
            bool mayGoOn = queue.PausedUntil <= now && queue.Workers <= queue.Limit(_limits);
            if (!_stopped && !yields && mayGoOn && queue.Ready > 0)
            {
                part = queue.Take(_limits.Weights);
                taken = true;
                start = GrowNeedsLock(queue, now);
            }
            else
            {
                if (yields && queue.Ready > 0) _line.Add(queue);
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
            queue.GatedUntil = Math.Max(Up(until), Now + 1);
            queue.HalfOpen = true;
            queue.Probing = false;
            SetStandingNeedsLock(queue, Standing.Failing);
            SetWakeNeedsLock(queue, Now);
        }
    }

    /// <summary>
    /// Nothing is given out for this destination and no loop started before <paramref name="until"/>, whoever asks; then as many as before. The
    /// last call counts, and one for the past ends the pause. A gate holds besides: the later of both counts, and the gate alone decides
    /// whether one loop or many follow.
    /// </summary>
    public void Pause(DestinationQueue queue, DateTimeOffset until)
    {
        DestinationQueue? start;
        lock (_lock)
        {
            long now = Now;
            queue.PausedUntil = Up(until);
            start = GrowNeedsLock(queue, now);
            SetWakeNeedsLock(queue, now);
        }
        if (start is not null) _start(start);
    }

    /// <summary>A loop got no session although others have one: no more are started than work without it, until <see cref="Allow"/>. False when it is the only one.</summary>
    public bool Narrow(DestinationQueue queue)
    {
        lock (_lock)
        {
            if (queue.Workers <= 1) return false;
            queue.MaxWorkers = queue.Workers - 1;
            return true;
        }
    }

    /// <summary>How many loops the upstream is known to allow; null when that is not known. More are started at once when mail waits for them; those too many end with their next message.</summary>
    public void Allow(DestinationQueue queue, int? workers)
    {
        // Read without the lock: this is called for every message, and only the loops of this destination write it.
        if (queue.MaxWorkers == workers) return;
        var starts = new List<DestinationQueue>();
        lock (_lock)
        {
            long now = Now;
            queue.MaxWorkers = workers;
            while (GrowNeedsLock(queue, now) is { } start) starts.Add(start);
            SetWakeNeedsLock(queue, now);
        }
        starts.ForEach(_start);
    }

    /// <summary>The destination was reached: everything due may go.</summary>
    public void Open(DestinationQueue queue)
    {
        // Read without the lock: this is called for every message, and a gate set this moment is opened by the next one.
        if (!queue.HalfOpen && queue.GatedUntil == 0 && queue.Standing == Standing.Proven) return;
        Served(queue, opens: true);
    }

    /// <summary>The destination has served a message: it may have as many loops as its limits say. A gate that another loop closed stays closed.</summary>
    public void Proven(DestinationQueue queue)
    {
        // Read without the lock: as for Open.
        if (queue.Standing != Standing.Proven) Served(queue, opens: false);
    }

    private void Served(DestinationQueue queue, bool opens)
    {
        var starts = new List<DestinationQueue>();
        lock (_lock)
        {
            long now = Now;
            SetStandingNeedsLock(queue, Standing.Proven);
            if (opens)
            {
                if (queue.HalfOpen) queue.BeginBacklog(now);
                queue.GatedUntil = 0;
                queue.HalfOpen = queue.Probing = false;
            }
            if (GrowNeedsLock(queue, now) is { } start) starts.Add(start);
            // Its loops no longer count among the unproven ones: others may take their place.
            while (NextInLineNeedsLock(now) is { } next) starts.Add(next);
            SetWakeNeedsLock(queue, now);
        }
        starts.ForEach(_start);
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
    /// Parts of gated and paused destinations whose time has run out (see <see cref="OverdueRule"/>): at most <paramref name="most"/>, and a bounded look at
    /// the rest, which the next call goes on with. They are no longer filed; who takes them settles or releases them.
    /// </summary>
    public IReadOnlyList<(DestinationQueue Queue, WaitingPart Part)> TakeOverdue(TimeSpan delayNotice, int most)
    {
        var found = new List<(DestinationQueue, WaitingPart)>();
        var parts = new List<WaitingPart>();
        lock (_lock)
        {
            int look = 50_000;
            long now = Now;
            var rule = new OverdueRule(now, (long)delayNotice.TotalMilliseconds);
            foreach (var queue in _queues.Values)
            {
                if (!queue.HalfOpen && queue.PausedUntil <= now) continue;
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
        Resume();
        Reopen(static _ => true);
    }

    /// <summary>Limits were raised or forgotten: whatever is paused asks again at once, and where they still hold it is paused again.</summary>
    public void Resume()
    {
        var starts = new List<DestinationQueue>();
        lock (_lock)
        {
            long now = Now;
            foreach (var queue in _queues.Values)
            {
                if (queue.PausedUntil == 0 && queue.MaxWorkers is null) continue;
                queue.PausedUntil = 0;
                queue.MaxWorkers = null;
                if (GrowNeedsLock(queue, now) is { } start) starts.Add(start);
                SetWakeNeedsLock(queue, now);
            }
        }
        starts.ForEach(_start);
    }

    /// <summary>The destinations with most mail, for gauges and the API.</summary>
    public IReadOnlyList<DestinationDepth> Snapshot(int most)
    {
        lock (_lock)
        {
            return [.. _queues.Values.OrderByDescending(q => q.Count).Take(most).Select(q => new DestinationDepth(
                q.Name, q.Count, q.Ready, q.Workers,
                q.Count == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(q.OldestAccepted()),
                q.GatedUntil == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(q.GatedUntil),
                q.PausedUntil <= Now ? null : DateTimeOffset.FromUnixTimeMilliseconds(q.PausedUntil)))];
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
        lock (_lock)
        {
            _stopped = true;
            BeatNeedsLock();
        }
        _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Dispose() => _timer.Dispose();

    /// <summary>Sees to it that the queue is looked at when something about it may change with time alone.</summary>
    private void SetWakeNeedsLock(DestinationQueue queue, long now)
    {
        if (_stopped) return;
        bool isClosed = queue.ClosedUntil > now;
        long wake = isClosed ? queue.ClosedUntil : queue.NextDue;
        if (!isClosed && queue.Ready > 0 && !queue.InLine && !queue.Probing && queue.Workers < MostWorkersNeedsLock(queue)) wake = Math.Min(wake, now + PatienceMilliseconds);
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
            BeatNeedsLock();
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
