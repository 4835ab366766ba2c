using Postern.Protocols.Smtp;

namespace Postern.Core.Upstreams;

/// <summary>Whether new sessions to an upstream may be opened.</summary>
public enum GateState : byte
{
    /// <summary>Freely.</summary>
    Open,

    /// <summary>Not before a time: the last tries failed.</summary>
    Closed,

    /// <summary>One is being tried.</summary>
    HalfOpen,
}

/// <summary>What a failure did to a gate.</summary>
/// <param name="IsLimit">
/// Others are served by the same host at this moment: it is up and only will not have this many or this much. The gate stays as it was; who shapes
/// should learn from it.
/// </param>
/// <param name="Until">When the next try may be made; no meaning for a limit.</param>
internal readonly record struct GateVerdict(bool IsLimit, DateTimeOffset Until);

/// <summary>
/// The gate in front of one upstream host (or one domain whose look-up fails): closed by a failure to reach it, tried by one attempt at a time
/// at growing intervals, opened by the first that succeeds. So a dead upstream is tried once per interval, not once per message.
/// Thread safe.
/// </summary>
internal sealed class UpstreamHealth(GateLadder ladder, TimeProvider time)
{
    /// <summary>How long a host that served a message counts as up, against failures that come quicker than its next answer.</summary>
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private GateState _state;
    private DateTimeOffset _until;
    private DateTimeOffset? _since;
    private int _failures;
    private StageFailure? _last;

    /// <summary>Timestamp of the last change to closed or half-open: who began before it knows nothing newer.</summary>
    private long _turned = long.MinValue;
    private long _served = long.MinValue;

    /// <summary>Sessions opened at once at a host that is not known to answer: as many as a lane begins with (<see cref="Shaping.SessionRamp"/>).</summary>
    private const int MostMeeting = 2;

    private int _meeting;

    public GateState State => _state;

    /// <summary>A session to a host that has not served us lately: few at once, because each may wait for a whole time-out. True obliges the caller to <see cref="Met"/>.</summary>
    public bool TryMeet()
    {
        if (Interlocked.Increment(ref _meeting) <= MostMeeting) return true;
        Interlocked.Decrement(ref _meeting);
        return false;
    }

    /// <summary>It answered, or not: what <see cref="TryMeet"/> allowed is over.</summary>
    public void Met() => Interlocked.Decrement(ref _meeting);

    /// <summary>A session may be asked for now: it is open, or the next try is due and nobody makes it.</summary>
    public bool CanEnter(DateTimeOffset now)
    {
        if (_state == GateState.Open) return true;
        lock (_lock) return _state == GateState.Open || (_state == GateState.Closed && now >= _until);
    }

    /// <summary>
    /// Asks to open a session. True obliges the caller to report <see cref="Succeeded"/>, <see cref="Failed"/> or <see cref="Abandoned"/>.
    /// False tells in <paramref name="until"/> when to ask again.
    /// </summary>
    /// <param name="now">True opens a closed gate for this try (the operator asked).</param>
    public bool TryEnter(bool now, out DateTimeOffset until)
    {
        until = default;
        // Not locked: this is the way of every session that is opened, and a gate that closes this moment closes for the next one.
        if (_state == GateState.Open) return true;
        lock (_lock)
        {
            if (_state == GateState.Open) return true;
            if (_state == GateState.Closed && (now || time.GetUtcNow() >= _until))
            {
                _state = GateState.HalfOpen;
                _turned = time.GetTimestamp();
                return true;
            }
            until = _state == GateState.Closed ? _until : time.GetUtcNow() + ladder.Wait(1, default);
            return false;
        }
    }

    /// <summary>Reached. True when that opened the gate.</summary>
    public bool Succeeded()
    {
        Volatile.Write(ref _served, time.GetTimestamp());
        if (_state == GateState.Open && _failures == 0) return false;
        lock (_lock)
        {
            bool opened = _state != GateState.Open;
            _state = GateState.Open;
            _failures = 0;
            _since = null;
            return opened;
        }
    }

    /// <summary>A message was served on a session opened earlier: the host is up now, whatever becomes of sessions that are being opened.</summary>
    public void Served() => Volatile.Write(ref _served, time.GetTimestamp());

    /// <summary>The host works for others at this moment.</summary>
    /// <param name="begun">Timestamp of the provider, of when the session in question began to be opened.</param>
    /// <param name="hasOthers">Other sessions to it are open: what they were served a moment ago counts too.</param>
    public bool IsServing(long begun, bool hasOthers)
    {
        long served = Volatile.Read(ref _served);
        return served > begun || (hasOthers && served != long.MinValue && time.GetElapsedTime(served) < Moment);
    }

    /// <summary>The host served somebody after then, or in so long a time before it.</summary>
    /// <param name="begun">See <see cref="IsServing"/>.</param>
    public bool HasServed(long begun, TimeSpan before)
    {
        long served = Volatile.Read(ref _served);
        return served != long.MinValue && (served > begun || time.GetElapsedTime(served, begun) < before);
    }

    /// <summary>Not reached. Failures of sessions that were being opened at the same time count once.</summary>
    /// <param name="begun">Timestamp of the provider, taken after <see cref="TryEnter"/>; null when there was none.</param>
    /// <param name="hasOthers">See <see cref="IsServing"/>.</param>
    public GateVerdict Failed(StageFailure failure, long? begun = null, bool hasOthers = false)
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            _last = failure;
            if (begun is { } since && _state == GateState.Open && IsServing(since, hasOthers)) return new GateVerdict(true, now);
            // Another one's try is under way, or has been since: what we saw is older.
            if (begun < _turned && _state != GateState.Open) return new GateVerdict(false, _state == GateState.Closed ? _until : now + ladder.Wait(1, default));
            _since ??= now;
            if (_state == GateState.Closed && _until > now) return new GateVerdict(false, _until);
            _state = GateState.Closed;
            _turned = time.GetTimestamp();
            _failures++;
            return new GateVerdict(false, _until = now + ladder.Wait(_failures, now - _since.Value));
        }
    }

    /// <summary>The try ended without an answer to the question (we are stopping).</summary>
    /// <param name="begun">As for <see cref="Failed"/>: who did not begin as the try does not end it.</param>
    public void Abandoned(long begun)
    {
        lock (_lock)
        {
            if (_state == GateState.HalfOpen && begun >= _turned) _state = GateState.Closed;
        }
    }

    /// <summary>The next try may be made at once.</summary>
    /// <param name="afresh">The reason to wait is gone: should it fail all the same, the waits begin from the first.</param>
    public void Reset(bool afresh = false)
    {
        lock (_lock)
        {
            _until = default;
            if (!afresh) return;
            _failures = 0;
            _since = null;
        }
    }

    public HealthSnapshot Snapshot()
    {
        lock (_lock) return new HealthSnapshot(_state, _state == GateState.Open ? null : _until, _since, _failures, _last);
    }
}

/// <param name="Until">When the next try may be made; null while open.</param>
/// <param name="Since">First failure of the present row; null while open.</param>
/// <param name="Failures">Tries in a row that failed.</param>
/// <param name="LastFailure">Kept after recovery; null when there was none.</param>
public sealed record HealthSnapshot(GateState State, DateTimeOffset? Until, DateTimeOffset? Since, int Failures, StageFailure? LastFailure);
