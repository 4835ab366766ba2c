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

/// <summary>
/// The gate in front of one upstream host (or one domain whose look-up fails): closed by a failure to reach it, tried by one attempt at a time
/// at growing intervals, opened by the first that succeeds. So a dead upstream is tried once per interval, not once per message.
/// Thread safe.
/// </summary>
internal sealed class UpstreamHealth(GateLadder ladder, TimeProvider time)
{
    private readonly Lock _lock = new();
    private GateState _state;
    private DateTimeOffset _until;
    private DateTimeOffset? _since;
    private int _failures;
    private StageFailure? _last;

    public GateState State => _state;

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
                return true;
            }
            until = _state == GateState.Closed ? _until : time.GetUtcNow() + ladder.Wait(1);
            return false;
        }
    }

    /// <summary>Reached. True when that opened the gate.</summary>
    public bool Succeeded()
    {
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

    /// <summary>Not reached; returns when it may be tried again. Failures of sessions that were being opened at the same time count once.</summary>
    public DateTimeOffset Failed(StageFailure failure)
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            _last = failure;
            _since ??= now;
            if (_state == GateState.Closed && _until > now) return _until;
            _state = GateState.Closed;
            return _until = now + ladder.Wait(++_failures);
        }
    }

    /// <summary>The try ended without an answer to the question (we are stopping).</summary>
    public void Abandoned()
    {
        lock (_lock)
        {
            if (_state == GateState.HalfOpen) _state = GateState.Closed;
        }
    }

    /// <summary>The next try may be made at once.</summary>
    public void Reset()
    {
        lock (_lock) _until = default;
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
