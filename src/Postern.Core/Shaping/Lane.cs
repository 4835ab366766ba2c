using Postern.Core.WarmUp;

namespace Postern.Core.Shaping;

/// <summary>
/// The shaping state of one limit group (a named upstream, a provider, or a set of MX hosts) at one egress choice. Thread safe. It never
/// reads a clock: every question brings its time. A granted question allocates nothing.
/// </summary>
internal sealed class Lane
{
    /// <summary>A reply that asks for a longer wait is obeyed this long: it may be a mistake, and mail must not be forgotten.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(24);

    /// <summary>While the ramp holds sessions back something is under way that will widen it.</summary>
    private static readonly TimeSpan RampPause = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan AnswerPause = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly SessionRamp _ramp = new();
    private readonly ReplyWatch _replies = new();
    private readonly RateBudget _connections = new("connections"), _messages = new("messages");
    private readonly LimitLearner _learner;
    private LaneLimits _configured;
    private DateTimeOffset _restedUntil, _waitUntil;
    private string? _restReason, _waitReason;
    private readonly LaneLesson?[] _told = new LaneLesson?[Enum.GetValues<LimitKind>().Length];
    private long _usedAt;
    private volatile WarmUpRun? _warmUp;

    public Lane(string group, string egress, LaneLimits configured)
    {
        (Group, Egress, _configured) = (group, egress, configured);
        Name = egress.Length == 0 ? group : $"{group} from {egress}";
        _learner = new LimitLearner(_ramp, _connections, _messages);
        Fix();
        if (configured.Start is { } start) Begin(start);
    }

    public string Name { get; }
    public string Group { get; }
    public string Egress { get; }

    /// <summary>Sessions allowed at once now: what is configured, learned, and what the slow start has come to. Also a try of one more, when it is time.</summary>
    public int MaxSessions
    {
        get
        {
            lock (_gate) return Math.Min(SessionCap, _configured.IsAdaptive ? _ramp.Allowed : int.MaxValue);
        }
    }

    /// <summary>Sessions that may be opened besides those that are.</summary>
    public int Free
    {
        get
        {
            lock (_gate) return Math.Max(0, Math.Min(SessionCap - _ramp.Open, _configured.IsAdaptive ? _ramp.Allowed - _ramp.Known : int.MaxValue));
        }
    }

    /// <summary>Messages a session may carry now; <see cref="int.MaxValue"/> when no limit is known.</summary>
    public int MessagesPerSession
    {
        get
        {
            lock (_gate)
            {
                int configured = _configured.MessagesPerSession ?? int.MaxValue, learned = _learner.SessionLength.Value;
                return learned == 0 ? configured : Math.Min(configured, learned);
            }
        }
    }

    /// <summary>When it was last asked for anything.</summary>
    public DateTimeOffset UsedAt => new(Interlocked.Read(ref _usedAt), TimeSpan.Zero);

    public void Touch(DateTimeOffset now) => Interlocked.Exchange(ref _usedAt, now.UtcTicks);

    public bool IsIdle
    {
        get
        {
            lock (_gate) return _ramp.Open == 0;
        }
    }

    /// <summary>May a session be opened? A granted one is owed <see cref="NotOpened"/>, or <see cref="Opened"/> and later <see cref="Closed"/>.</summary>
    /// <param name="isStranger">Its host has not served us lately; whoever asks bounds how many of these there are at one host.</param>
    public LaneAnswer TryOpen(DateTimeOffset now, bool isStranger = false)
    {
        lock (_gate)
        {
            _usedAt = now.UtcTicks;
            if (Waits(now) is { } wait) return wait;
            if (_ramp.Open >= SessionCap) _learner.Denied(LimitKind.Concurrency, _configured.MaxSessions, now.UtcTicks);
            if (_ramp.Open >= SessionCap) return new(false, DateTimeOffset.MaxValue, "as many sessions are open as are allowed") { IsFull = true };
            if (_configured.IsAdaptive && !isStranger && _ramp.Known >= _ramp.Allowed) return new(false, now + RampPause, "more sessions are opened as mail is taken") { IsFull = true };
            if (!_connections.TryTake(now.UtcTicks, out long until, out string? reason))
            {
                if (_connections.IsBoundByLearned) _learner.Denied(LimitKind.ConnectionRate, int.MaxValue, now.UtcTicks);
                return new(false, new DateTimeOffset(until, TimeSpan.Zero), reason);
            }
            _ramp.Grant(now.UtcTicks, isStranger);
            return LaneAnswer.Granted;
        }
    }

    /// <summary>The session is ready for mail. Not needed, but without it a session counts as let in only with its first message taken.</summary>
    /// <param name="isStranger">As it was granted.</param>
    public void Opened(bool isStranger = false)
    {
        lock (_gate) _ramp.Opened(isStranger);
    }

    /// <summary>A granted session was never made.</summary>
    /// <param name="isStranger">As it was granted.</param>
    public void NotOpened(bool isStranger = false)
    {
        lock (_gate) _ramp.NotOpened(isStranger);
    }

    /// <summary>A session that was let in is over.</summary>
    public void Closed()
    {
        lock (_gate) _ramp.Closed();
    }

    /// <summary>May a message be sent on an open session? Granted counts it.</summary>
    public LaneAnswer TryMessage(DateTimeOffset now)
    {
        lock (_gate)
        {
            _usedAt = now.UtcTicks;
            if (Waits(now) is { } wait) return wait;
            if (_replies.IsSilent(now.UtcTicks, _learner.MostUnheard)) return new(false, now + AnswerPause, "the messages under way have not been answered");
            if (_warmUp?.Held(now) is { } held) return new(false, held.Until, held.Reason) { IsWarmUp = true };
            if (_messages.TryTake(now.UtcTicks, out long until, out string? reason))
            {
                _warmUp?.Take(now);
                return LaneAnswer.Granted;
            }
            if (_messages.IsBoundByLearned) _learner.Denied(LimitKind.MessageRate, int.MaxValue, now.UtcTicks);
            return new(false, new DateTimeOffset(until, TimeSpan.Zero), reason);
        }
    }

    /// <summary>The first command of a granted message goes out on a session. Owed: <see cref="Heard"/> or <see cref="NotHeard"/>.</summary>
    /// <param name="isNew">The session has carried nothing yet.</param>
    /// <returns>How long to wait on a session that has worked; null: as long as is configured.</returns>
    public TimeSpan? Asked(DateTimeOffset now, bool isNew)
    {
        lock (_gate)
        {
            _replies.Asked(now.UtcTicks, isNew);
            return _replies.Patience(now.UtcTicks);
        }
    }

    /// <summary>The reply to the first command is there, whatever it says.</summary>
    /// <param name="took">Since the command.</param>
    public void Heard(TimeSpan took, DateTimeOffset now)
    {
        lock (_gate) _replies.Heard(took.Ticks, now.UtcTicks);
    }

    /// <summary>No reply to the first command came.</summary>
    public void NotHeard()
    {
        lock (_gate) _replies.GaveUp();
    }

    /// <summary>The granted message was not sent after all. Not for a message that was refused: <see cref="Refused"/> gives it back itself.</summary>
    /// <param name="granted">When; absent: the last one.</param>
    public void Untake(DateTimeOffset granted = default)
    {
        lock (_gate) _messages.Return(granted == default ? _messages.LastGrant : granted.UtcTicks);
        Settled(0);
    }

    /// <summary>The outcome of a granted message is known, whatever it was.</summary>
    /// <param name="taken">Transactions of it that were taken.</param>
    public void Settled(int taken) => _warmUp?.Settle(taken);

    /// <summary>One message was taken.</summary>
    public void Accepted(in LaneSample sample)
    {
        lock (_gate) _learner.Accepted(sample, _configured);
    }

    /// <summary>
    /// The far side refused a session (a stage before MAIL; its message, if one was granted, is given back with <see cref="Untake"/>) or a message.
    /// The session is given back with <see cref="NotOpened"/> or <see cref="Closed"/> as ever. Not for refusals of a recipient.
    /// </summary>
    /// <returns>The lesson in plain words, when it was a limit; null when it teaches nothing and is a failure like others.</returns>
    public LaneLesson? Refused(in LaneSample sample)
    {
        lock (_gate)
        {
            // "Try again in 5 minutes" of a greylisting server is about one recipient, not about the lane.
            if (sample.RetryAfter is { } wait && (sample.IsOpening || sample.Hint is not (LimitKind.None or LimitKind.SessionLength)))
            {
                if (wait > LongestWait) wait = LongestWait;
                if (sample.At + wait > _waitUntil) (_waitUntil, _waitReason) = (sample.At + wait, $"the reply asked to wait {LessonWords.Span(wait)}");
            }
            if (_configured.IsAdaptive) return _learner.Refused(sample, sample is { Manner: RefusalManner.Silent, IsOpening: false } ? _replies.Silence : null);
            (sample.IsOpening ? _connections : _messages).Return(sample.At.UtcTicks);
            return null;
        }
    }

    /// <summary>True once for each lesson: several sessions may come to know of the same one.</summary>
    public bool IsNews(LaneLesson lesson)
    {
        lock (_gate)
        {
            if (ReferenceEquals(_told[(int)lesson.Kind], lesson)) return false;
            _told[(int)lesson.Kind] = lesson;
            return true;
        }
    }

    /// <summary>Nothing is granted before then: the egress address is refused here.</summary>
    public void Rest(DateTimeOffset until, string why)
    {
        lock (_gate) (_restedUntil, _restReason) = (until, why);
    }

    /// <summary>Ends a rest.</summary>
    public void Clear()
    {
        lock (_gate) (_restedUntil, _restReason) = (default, null);
    }

    /// <summary>After an outage: the sessions ramp up from the start. What was learned stays, but for what was the outage itself.</summary>
    public void Reset()
    {
        lock (_gate) _learner.Reset();
    }

    /// <summary>What was learned is forgotten, with what follows from it: the operator knows better.</summary>
    /// <returns>Limits that were.</returns>
    public int Forget()
    {
        lock (_gate)
        {
            int known = _learner.Forget();
            _messages.Release();
            _connections.Release();
            (_waitUntil, _waitReason) = (default, null);
            if (_configured.Start is { } start) Begin(start);
            _learner.IsChanged = true;
            return known;
        }
    }

    /// <summary>A reload changed what is fixed.</summary>
    /// <param name="warmUp">Null: the address is not warmed up there.</param>
    public void Configure(LaneLimits limits, WarmUpRun? warmUp = null)
    {
        if (!ReferenceEquals(_warmUp, warmUp)) _warmUp = warmUp;
        if (ReferenceEquals(Volatile.Read(ref _configured), limits)) return;
        lock (_gate)
        {
            if (_configured == limits) return;
            _configured = limits;
            Fix();
        }
    }

    /// <summary>Messages sent in the last minute.</summary>
    public int SentInMinute(DateTimeOffset now)
    {
        lock (_gate) return _messages.Window.Count(RateSpan.Minute, now.UtcTicks);
    }

    public LaneSnapshot Snapshot()
    {
        lock (_gate)
        {
            return new(Name, Group, Egress, _ramp.Open, Math.Min(SessionCap, _configured.IsAdaptive ? _ramp.Allowed : int.MaxValue), MessagesPerSession, _messages.PerMinute, _connections.PerMinute,
                _restReason is null ? _waitReason is null ? null : _waitUntil : _restedUntil, _restReason ?? _waitReason, _configured,
                [.. _learner.All.Where(l => l.Lesson is not null).Select(l => l.Lesson!).OrderByDescending(l => l.At)]);
        }
    }

    /// <summary>What is worth keeping over a restart.</summary>
    public IReadOnlyList<KeptLimit> Keep()
    {
        lock (_gate)
        {
            _learner.IsChanged = false;
            return [.. _learner.All.Where(l => l is { State: not LimitState.Unknown, Lesson: not null }).Select(l => new KeptLimit(l.Kind, l.Proven, l.IsRate ? RateSpan.All[l.Span] : null, l.Lesson!.At, l.IsHinted, l.Lesson.Words))];
        }
    }

    /// <summary>Learned since <see cref="Keep"/>.</summary>
    public bool IsChanged
    {
        get
        {
            lock (_gate) return _learner.IsChanged;
        }
    }

    /// <summary>Takes up what was learned before a restart.</summary>
    public void Recall(IEnumerable<KeptLimit> kept, DateTimeOffset now)
    {
        lock (_gate)
        {
            foreach (var k in kept)
            {
                var limit = _learner.Of(k.Kind);
                limit.Recall(Math.Max(1, k.Value), k.Window is { } window ? RateSpan.For(window) : 0, k.At.UtcTicks, (now + limit.Patience).UtcTicks);
                (limit.IsHinted, limit.Lesson) = (k.IsHinted, new LaneLesson(k.At, k.Kind, k.Value, k.Window, k.Words));
                _learner.Apply(limit);
            }
            _learner.IsChanged = false;
        }
    }

    private int SessionCap => _learner.Concurrency.Value is > 0 and var learned ? Math.Min(learned, _configured.MaxSessions) : _configured.MaxSessions;

    private LaneAnswer? Waits(DateTimeOffset now) =>
        now < _restedUntil ? new LaneAnswer(false, _restedUntil, _restReason)
        : now < _waitUntil ? new LaneAnswer(false, _waitUntil, _waitReason)
        : null;

    private void Fix()
    {
        _messages.SetFixed(_configured.MessagesPerMinute, _configured.MessagesPerHour, _configured.MessagesPerDay);
        _connections.SetFixed(_configured.ConnectionsPerMinute, null, null);
    }

    private void Begin(LaneStart start)
    {
        if (start.MessagesPerMinute is not { } rate || !_configured.IsAdaptive) return;
        var limit = _learner.Of(LimitKind.MessageRate);
        limit.Start(rate, RateSpan.Minute);
        _learner.Apply(limit);
        _learner.IsChanged = false;
    }
}
