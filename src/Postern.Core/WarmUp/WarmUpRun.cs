using System.Globalization;

namespace Postern.Core.WarmUp;

/// <summary>
/// The warm-up of one egress choice at one limit group. A message takes a place before it is sent; only what was taken by the far side counts, so the
/// allowance is never exceeded by more than what one message needs in further transactions. Thread safe; never reads a clock.
/// </summary>
/// <param name="book">Told when a day is over or its allowance used up.</param>
internal sealed class WarmUpRun(string group, string egress, WarmUpPlan plan, WarmUpDay day, WarmUpBook book)
{
    /// <summary>Askers return after this long at the latest: another address may be free again, or the plan changed.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(5);

    /// <summary>A place whose outcome nobody told (a delivery cut short) is free again: longer than any reply is waited for.</summary>
    private static readonly TimeSpan LongestAnswer = TimeSpan.FromMinutes(20);

    private static readonly TimeSpan AnswerWait = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private WarmUpPlan _plan = plan;
    private WarmUpDay _day = day;
    private WarmUpTurn _lastTurn;
    private WarmUpPace _pace;
    private DateTimeOffset _grantedAt;
    private int _reserved;
    private bool _isHeld;
    private DateOnly? _doneOn;
    private volatile bool _isOver;

    public string Group => group;
    public string Egress => egress;

    /// <summary>Nothing is held back any more: it came to its end, or the operator's configuration did.</summary>
    public bool IsOver => _isOver;

    /// <summary>When it came to its end; null while there is one to come to.</summary>
    public DateOnly? DoneOn
    {
        get
        {
            lock (_lock) return _doneOn;
        }
    }

    /// <summary>Its state differs from what <see cref="Keep"/> gave last.</summary>
    public bool IsChanged { get; private set; }

    /// <summary>Null: a message may go now. Else when to ask again, and why not.</summary>
    public (DateTimeOffset Until, string Reason)? Held(DateTimeOffset now)
    {
        if (_isOver) return null;
        lock (_lock)
        {
            if (_plan.From is { } from && DateOnly.FromDateTime(now.UtcDateTime) < from)
                return (Soon(now, new DateTimeOffset(from, default, TimeSpan.Zero)), string.Create(CultureInfo.InvariantCulture, $"the address is to be warmed up from {from:yyyy-MM-dd} on"));
            RollNeedsLock(now);
            if (_isOver) return null;
            if (_reserved > 0 && now - _grantedAt > LongestAnswer) _reserved = 0;
            int allowed = _plan.Allowed(_day.Number);
            _pace.Set(allowed, now.UtcTicks);
            if (_day.Taken >= allowed)
            {
                _isHeld = true;
                return (Soon(now, new DateTimeOffset(_day.Date.AddDays(1), default, TimeSpan.Zero)), Reason($"{_day.Taken} of {allowed} messages were taken today, on day {_day.Number} of {_plan.Days} of its warm-up"));
            }
            if (_day.Taken + _reserved >= allowed) return (now + AnswerWait, Reason($"the last messages of today's {allowed} are under way"));
            if (_pace.At <= now.UtcTicks) return null;
            _isHeld = true;
            return (Soon(now, new DateTimeOffset(_pace.Promise(_pace.At), TimeSpan.Zero)), Reason($"today's {allowed} messages are spread over the day, on day {_day.Number} of {_plan.Days} of its warm-up"));
        }
    }

    /// <summary>A message is sent, after <see cref="Held"/> allowed it. <see cref="Settle"/> must follow.</summary>
    public void Take(DateTimeOffset now)
    {
        if (_isOver) return;
        lock (_lock)
        {
            _reserved++;
            _grantedAt = now;
            _pace.Take(now.UtcTicks);
        }
    }

    /// <param name="taken">Messages (transactions) that were taken; 0: refused, or not sent after all.</param>
    public void Settle(int taken)
    {
        if (_isOver) return;
        lock (_lock)
        {
            // None: the place was given up for lost, or taken before there was a warm-up.
            int places = _reserved > 0 ? 1 : 0;
            _reserved -= places;
            _pace.Return(places - taken);
            if (taken == 0) return;
            int allowed = _plan.Allowed(_day.Number), before = _day.Taken;
            _day = _day with { Taken = before + taken };
            IsChanged = true;
            if (before == 0) book.Used(this, _day, _plan, isFirst: _lastTurn == WarmUpTurn.None);
            if (before < allowed && _day.Taken >= allowed) book.UsedUp(this, _day, _plan);
        }
    }

    /// <summary>The address began to be turned away there.</summary>
    public void TurnedAway(DateTimeOffset now)
    {
        if (_isOver) return;
        lock (_lock)
        {
            RollNeedsLock(now);
            _day = _day with { IsTurnedAway = true };
            IsChanged = true;
        }
    }

    /// <summary>Begins the day that it is, where the last one saw any use; others are left until the next message asks.</summary>
    public void Tend(DateTimeOffset now)
    {
        if (_isOver) return;
        lock (_lock)
        {
            if (_day is { Taken: > 0 } or { IsTurnedAway: true }) RollNeedsLock(now);
        }
    }

    /// <summary>A reload changed the plan, or brought it back.</summary>
    public void Configure(WarmUpPlan plan)
    {
        lock (_lock) (_plan, _isOver) = (plan, _doneOn is not null);
    }

    public int IdleDays(DateOnly today)
    {
        lock (_lock) return today.DayNumber - _day.Date.DayNumber;
    }

    /// <summary>Holds nothing back from now on: it is not wanted any more.</summary>
    public void End()
    {
        lock (_lock) _isOver = true;
    }

    public WarmUpSnapshot Snapshot(DateTimeOffset now)
    {
        lock (_lock)
        {
            // What it will be with the next message, should nobody have asked today.
            var (day, turn) = _isOver ? (_day, WarmUpTurn.None) : _plan.After(_day, DateOnly.FromDateTime(now.UtcDateTime));
            int allowed = _plan.Allowed(day.Number);
            bool isHeld = _isHeld && turn == WarmUpTurn.None;
            DateTimeOffset? next = !isHeld || _isOver ? null : day.Taken >= allowed ? new DateTimeOffset(day.Date.AddDays(1), default, TimeSpan.Zero) : new DateTimeOffset(_pace.At, TimeSpan.Zero);
            return new WarmUpSnapshot(group, egress, _plan, day, allowed, turn == WarmUpTurn.None || IsIdle(turn, _day) ? _lastTurn : turn, isHeld, next, _doneOn);
        }
    }

    public KeptRun Keep()
    {
        lock (_lock)
        {
            IsChanged = false;
            return new KeptRun(group, egress, _day.Number, _day.Date, _day.Taken, _day.IsTurnedAway, _lastTurn, _doneOn);
        }
    }

    public void Recall(KeptRun kept)
    {
        lock (_lock)
        {
            _lastTurn = kept.LastTurn;
            (_doneOn, _isOver) = (kept.DoneOn, kept.DoneOn is not null);
        }
    }

    private void RollNeedsLock(DateTimeOffset now)
    {
        var (next, turn) = _plan.After(_day, DateOnly.FromDateTime(now.UtcDateTime));
        if (turn == WarmUpTurn.None) return;
        var over = _day;
        (_day, _isHeld, IsChanged) = (next, false, true);
        // A day without any mail is none that anybody wants to hear of.
        if (IsIdle(turn, over)) return;
        _lastTurn = turn;
        if (turn == WarmUpTurn.Finish) (_isOver, _doneOn) = (true, next.Date);
        book.Turned(this, turn, over, next, _plan);
    }

    private static bool IsIdle(WarmUpTurn turn, WarmUpDay over) => turn == WarmUpTurn.Repeat && over.Taken == 0;

    private string Reason(FormattableString what) => string.Create(CultureInfo.InvariantCulture, $"our address {egress} is new to {group}: {what.ToString(CultureInfo.InvariantCulture)}");

    /// <summary>In whole milliseconds, rounded up: who waits counts in them, and would else come a moment too early and be sent away to the next place.</summary>
    private static DateTimeOffset Soon(DateTimeOffset now, DateTimeOffset until)
    {
        if (until - now > LongestWait) until = now + LongestWait;
        long over = until.UtcTicks % TimeSpan.TicksPerMillisecond;
        return over == 0 ? until : until.AddTicks(TimeSpan.TicksPerMillisecond - over);
    }
}
