namespace Postern.Core.Shaping;

/// <summary>
/// One limit as it is known: what is allowed now, what is proven, when more is tried. The moves are <see cref="LimitTable"/>'s; this carries them out.
/// Not thread safe; times are UTC ticks.
/// </summary>
internal sealed class LearnedLimit(LimitKind kind)
{
    private static readonly double[] Fractions = [0.1, 0.4, 1.0];
    private static readonly int[] AtLeast = [1, 2, 4];

    /// <summary>The least that was refused in a run of probes that had found more; between it and the proven value the limit is halved in on.</summary>
    private int _refusedAt;
    private int _step;
    private int _failures;

    public LimitKind Kind => kind;
    public LimitState State { get; private set; }

    /// <summary>Allowed now; 0: no limit known.</summary>
    public int Value { get; private set; }

    /// <summary>What was taken before without a refusal; the value to go back to.</summary>
    public int Proven { get; private set; }

    /// <summary>Index in <see cref="RateSpan.All"/>; no meaning for what is not a rate.</summary>
    public int Span { get; private set; }

    public long ProbeAt { get; private set; }
    public long ChangedAt { get; private set; }
    public long RefusedAt { get; private set; }
    public LimitMove LastMove { get; private set; }

    /// <summary>The time over which was counted what had been taken when it was refused.</summary>
    public (long From, long To) Seen { get; set; }

    /// <summary>Refusals in a row with next to nothing taken between them; the hold doubles with each.</summary>
    public int Stubborn { get; set; }

    /// <summary>Taken since it was learned: a limit, not an outage that looked like one.</summary>
    public bool IsConfirmed { get; set; }

    /// <summary>The far side said so in words.</summary>
    public bool IsHinted { get; set; }

    /// <summary>How it refused the last time. By silence: each refusal is known only a time-out later.</summary>
    public RefusalManner Manner { get; set; }

    public LaneLesson? Lesson { get; set; }

    public bool IsRate => kind is LimitKind.MessageRate or LimitKind.ConnectionRate;

    /// <summary>How long a learned limit is believed before more is tried. A longer session gains little and a failed try costs a message's time.</summary>
    public TimeSpan Patience => kind == LimitKind.SessionLength ? TimeSpan.FromHours(1)
        : IsRate && Span > 1 ? RateSpan.All[Span] * Math.Min(8, 1 << _failures) : TimeSpan.FromMinutes(10);

    /// <param name="seen">What had been taken when it was refused.</param>
    /// <param name="now">When it was refused.</param>
    public void Refuse(LimitEvent happened, int seen, int? span, long now)
    {
        (var next, LastMove) = LimitTable.Move(State, happened);
        switch (LastMove)
        {
            case LimitMove.Set:
                Span = span ?? 0;
                Settle(seen);
                break;
            case LimitMove.Lower:
                // A count that says "as much as allowed" and is refused all the same: the count is a little wide of theirs.
                Settle(seen < Value ? seen : IsRate ? Math.Min(Value - 1, (int)(Value * 0.97)) : Value);
                break;
            case LimitMove.Widen:
                Span = span ?? Math.Min(Span + 1, RateSpan.Day);
                Settle(seen);
                break;
            case LimitMove.Restore:
                _refusedAt = _step > 0 || _refusedAt > 0 ? Math.Max(Proven + 1, Math.Min(seen, Value)) : 0;
                Value = Proven;
                _failures = Math.Min(_failures + 1, 8);
                ProbeAt = now + (IsNarrowing ? (IsRate ? RateSpan.All[Span] : TimeSpan.FromMinutes(1)) : Patience).Ticks;
                break;
        }
        if (LastMove is LimitMove.Set or LimitMove.Lower or LimitMove.Widen) ProbeAt = now + Patience.Ticks;
        if (!IsNarrowing || LastMove != LimitMove.Restore) _step = 0;
        State = next;
        IsConfirmed = false;
        RefusedAt = ChangedAt = now;
    }

    /// <summary>Outcomes of the same moment corrected what had been taken when it was refused.</summary>
    public void Correct(int seen)
    {
        if (LastMove is LimitMove.Set or LimitMove.Lower or LimitMove.Widen) Settle(seen);
        else if (_refusedAt > 0) _refusedAt = Math.Max(Proven + 1, Math.Min(seen, _refusedAt));
    }

    public bool IsDue(long now)
    {
        // A published start is first used as it is.
        if (State == LimitState.Learned && ProbeAt == 0) ProbeAt = now + RateSpan.All[Span].Ticks;
        return State == LimitState.Learned && now >= ProbeAt;
    }

    public void Raise(long now, int ceiling)
    {
        (State, LastMove) = LimitTable.Move(State, LimitEvent.Due);
        if (LastMove != LimitMove.Raise) return;
        int step = kind == LimitKind.Concurrency && _step == 0 ? 1 : Math.Max(AtLeast[_step], (int)(Proven * Fractions[_step]));
        int target = IsNarrowing ? (Proven + _refusedAt + 1) / 2 : Proven + step;
        (Value, ChangedAt) = (Math.Min(target, ceiling), now);
    }

    public void Prove(int taken, long now)
    {
        (State, LastMove) = LimitTable.Move(State, LimitEvent.Proved);
        if (LastMove != LimitMove.Keep) return;
        _failures = 0;
        Proven = Value = Math.Max(Proven, Math.Min(taken, Value));
        if (_refusedAt <= Proven + Math.Max(1, Proven / 20)) (_refusedAt, ProbeAt) = _refusedAt > 0 ? (0, now + Patience.Ticks) : (0, now);
        else ProbeAt = now;
        if (ProbeAt == now) _step = Math.Min(_step + 1, Fractions.Length - 1);
        else _step = 0;
        (ChangedAt, IsConfirmed) = (now, true);
    }

    /// <summary>More was taken than allowed: what was under way when it was learned.</summary>
    public void AtLeastThis(int taken)
    {
        if (State == LimitState.Learned && taken > Value) Settle(taken);
    }

    /// <summary>The try came to nothing: no answer, or no demand.</summary>
    public void Abandon(long now)
    {
        if (State != LimitState.Probing) return;
        (State, Value, ProbeAt, ChangedAt) = (LimitState.Learned, Proven, now + Patience.Ticks, now);
    }

    public void Recall(int value, int span, long learnedAt, long probeAt)
    {
        (State, Value, Proven, Span) = (LimitState.Learned, value, value, span);
        (ChangedAt, ProbeAt, IsConfirmed) = (learnedAt, probeAt, true);
    }

    /// <summary>A published start: grown from at once, each time the whole of it was taken.</summary>
    public void Start(int value, int span)
    {
        Recall(value, span, 0, 0);
        _step = Fractions.Length - 1;
    }

    public void Forget()
    {
        (State, Value, Proven, Span, _step, _refusedAt, Stubborn) = (LimitState.Unknown, 0, 0, 0, 0, 0, 0);
        (Lesson, IsHinted, IsConfirmed, LastMove) = (null, false, false, LimitMove.None);
    }

    private bool IsNarrowing => _refusedAt > Proven + Math.Max(1, Proven / 20);

    private void Settle(int seen) => (Value, Proven, _refusedAt) = (Math.Max(1, seen), Math.Max(1, seen), 0);
}
