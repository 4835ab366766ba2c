using Postern.Core.Shaping;

namespace Postern.Tests.Shaping;

internal enum CountedBy { FixedWindow, SlidingWindow, TokenBucket }

/// <summary>"At most so many in a span", counted in one of the three usual ways.</summary>
internal sealed class EnforcedRate(CountedBy by, int limit, TimeSpan span)
{
    private readonly Queue<DateTimeOffset> _taken = new();
    private double _tokens = limit;
    private DateTimeOffset _filled;
    private long _window;
    private int _inWindow;

    public int Limit { get; set; } = limit;

    public bool Take(DateTimeOffset now)
    {
        switch (by)
        {
            case CountedBy.FixedWindow:
                if (now.Ticks / span.Ticks != _window) (_window, _inWindow) = (now.Ticks / span.Ticks, 0);
                return _inWindow < Limit && ++_inWindow > 0;
            case CountedBy.SlidingWindow:
                while (_taken.Count > 0 && now - _taken.Peek() >= span) _taken.Dequeue();
                if (_taken.Count >= Limit) return false;
                _taken.Enqueue(now);
                return true;
            default:
                if (_filled != default) _tokens = Math.Min(Limit, _tokens + Limit * ((now - _filled) / span));
                _filled = now;
                if (_tokens < 1) return false;
                _tokens--;
                return true;
        }
    }
}

/// <summary>A far side with limits, and with the manner in which it says no.</summary>
internal sealed class SimulatedUpstream
{
    public RefusalManner Manner { get; init; }
    public int? Concurrent { get; set; }
    public int? PerSession { get; init; }
    public EnforcedRate? Messages { get; init; }
    public EnforcedRate? Connections { get; init; }

    /// <summary>What is wrong with a message that no limit refused; null: nothing.</summary>
    public Func<int, bool> Fails { get; init; } = _ => false;

    public int Open { get; private set; }

    /// <returns>None: let in.</returns>
    public LimitKind Connect(DateTimeOffset now)
    {
        if (Open >= Concurrent) return LimitKind.Concurrency;
        if (Connections?.Take(now) == false) return LimitKind.ConnectionRate;
        Open++;
        return LimitKind.None;
    }

    public LimitKind Message(DateTimeOffset now, int inSession) =>
        inSession >= PerSession ? LimitKind.SessionLength : Messages?.Take(now) == false ? LimitKind.MessageRate : LimitKind.None;

    public void Gone() => Open--;
}
