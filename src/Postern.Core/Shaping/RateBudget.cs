namespace Postern.Core.Shaping;

/// <summary>
/// Grants messages (or connections) under any number of "at most L in a span" at once: counted over a sliding window and, so that a saturated
/// lane does not go in bursts, paced by the generic cell rate algorithm (ITU-T I.371). Later askers are told later times, so that they do not
/// all wake for one slot. Not thread safe; times are UTC ticks.
/// </summary>
internal sealed class RateBudget(string what)
{
    /// <summary>No asker is sent further away than this beyond the next slot: one that never returns must not push the others out.</summary>
    private static readonly long Horizon = TimeSpan.FromSeconds(30).Ticks;

    private readonly Cap[] _caps = new Cap[5];
    private int _count;
    private long _promised;
    private long _heldUntil;
    private string? _heldReason;
    private LagSpread _lag;

    public SlidingWindow Window { get; } = new();

    /// <summary>When the last one was granted; 0: never.</summary>
    public long LastGrant { get; private set; }

    /// <summary>The reason of the last refusal was the learned limit (the last cap set with <see cref="SetLearned"/>).</summary>
    public bool IsBoundByLearned { get; private set; }

    /// <summary>What is fixed, by minute, hour and day. Null: not.</summary>
    public void SetFixed(int? perMinute, int? perHour, int? perDay)
    {
        var learned = Learned;
        _count = 1;
        Fix(perMinute, RateSpan.Minute);
        Fix(perHour, RateSpan.Hour);
        Fix(perDay, RateSpan.Day);
        _caps[0] = learned;
    }

    /// <param name="limit">0: none.</param>
    /// <param name="margin">Part of the limit at which to pace.</param>
    public void SetLearned(int limit, int span, double margin)
    {
        if (_count == 0) _count = 1;
        _caps[0] = limit == 0 ? default : Cap.Of(limit, span, margin, $"at most {limit} {what} in {RateSpan.Words(span)} are taken here", _caps[0].Next);
    }

    private Cap Learned => _count == 0 ? default : _caps[0];

    /// <summary>Nothing before then.</summary>
    public void Hold(long until, string reason)
    {
        if (until > _heldUntil) (_heldUntil, _heldReason) = (until, reason);
    }

    public void Release() => (_heldUntil, _promised) = (0, 0);

    /// <summary>The tightest pace, per minute; null when there is none.</summary>
    public double? PerMinute
    {
        get
        {
            long interval = 0;
            for (int i = 0; i < _count; i++) interval = Math.Max(interval, _caps[i].Interval);
            return interval == 0 ? null : (double)TimeSpan.TicksPerMinute / interval;
        }
    }

    public bool TryTake(long now, out long until, out string? reason)
    {
        IsBoundByLearned = false;
        if (now < _heldUntil)
        {
            (until, reason) = (Promise(_heldUntil), _heldReason);
            return false;
        }
        int blocked = -1;
        long free = now;
        for (int i = 0; i < _count; i++)
        {
            ref var cap = ref _caps[i];
            if (cap.Limit == 0) continue;
            long at = cap.Next - cap.Tolerance;
            int late = SlidingWindow.Late(cap.Span, _lag.At(now));
            if (Window.Count(cap.Span, now, late) >= cap.Limit) at = Math.Max(at, Window.FreeAt(cap.Span, cap.Limit, now, late));
            if (at > free) (free, blocked) = (at, i);
        }
        if (blocked >= 0)
        {
            IsBoundByLearned = blocked == 0;
            (until, reason) = (Promise(free), _caps[blocked].Reason);
            return false;
        }
        for (int i = 0; i < _count; i++)
            if (_caps[i].Limit > 0) _caps[i].Next = Math.Max(_caps[i].Next, now) + _caps[i].Interval;
        Window.Add(now);
        LastGrant = now;
        (until, reason) = (now, null);
        return true;
    }

    /// <summary>One was taken; see <see cref="LagSpread"/>.</summary>
    public void Answered(long began, long now) => _lag.Note(now - began, now);

    /// <summary>Gives one back; the pace gets its slot back too.</summary>
    public void Return(long at)
    {
        Window.Remove(at);
        for (int i = 0; i < _count; i++)
            if (_caps[i].Limit > 0) _caps[i].Next -= _caps[i].Interval;
    }

    private long Promise(long free)
    {
        long interval = 0;
        for (int i = 0; i < _count; i++) interval = Math.Max(interval, _caps[i].Interval);
        long turn = Math.Max(free, _promised + interval);
        if (turn > free + Math.Max(Horizon, 4 * interval)) turn = free;
        return _promised = turn;
    }

    private void Fix(int? limit, int span)
    {
        if (limit is { } l) _caps[_count++] = Cap.Of(l, span, 1.0, $"at most {l} {what} in {RateSpan.Words(span)} are allowed by the configuration or the provider's published limit", 0);
    }

    private struct Cap
    {
        public int Limit, Span;
        public long Interval, Tolerance, Next;
        public string Reason;

        /// <summary>A short span is sent evenly, with a small burst after a pause. Over an hour or a day people expect their mail at once while the quota lasts.</summary>
        public static Cap Of(int limit, int span, double margin, string reason, long next)
        {
            long interval = (long)(RateSpan.All[span].Ticks / (limit * margin));
            int burst = span <= 1 ? Math.Max(2, limit / 10) : Math.Max(2, limit / 2);
            return new Cap { Limit = limit, Span = span, Interval = interval, Tolerance = interval * (burst - 1), Next = next, Reason = reason };
        }
    }
}
