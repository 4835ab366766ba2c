namespace Postern.Core.Shaping;

/// <summary>
/// Learns the four limits of a lane from what is taken and refused. Which limit a refusal speaks of is decided by the words of the reply, else by the
/// stage, else by what coincides; refusals that speak of something else (an unknown recipient, greylisting, an outage) teach nothing. Not thread safe.
/// </summary>
internal sealed partial class LimitLearner(SessionRamp ramp, RateBudget connections, RateBudget messages)
{
    /// <summary>Part of a learned rate at which to go: the far side's clock and count are not ours.</summary>
    private const double Margin = 0.97;

    /// <summary>While something was taken so recently, a refusal is a limit and not an outage.</summary>
    private static readonly long Fresh = TimeSpan.FromSeconds(10).Ticks;

    /// <summary>What refused in the same manner so lately does so again.</summary>
    private static readonly long Recent = TimeSpan.FromMinutes(15).Ticks;

    private readonly LearnedLimit _concurrency = new(LimitKind.Concurrency), _connectionRate = new(LimitKind.ConnectionRate), _messageRate = new(LimitKind.MessageRate), _sessionLength = new(LimitKind.SessionLength);
    private Suspicion _suspicion;
    private long _acceptedAt;
    private int _connectionsPeak, _connectionsBefore;
    private long _connectionsEpochEnd;

    public LearnedLimit Concurrency => _concurrency;
    public LearnedLimit SessionLength => _sessionLength;

    public IEnumerable<LearnedLimit> All => [_concurrency, _connectionRate, _messageRate, _sessionLength];

    /// <summary>Something learned has changed since the flag was taken down.</summary>
    public bool IsChanged { get; set; }

    public void Accepted(in LaneSample sample, LaneLimits configured)
    {
        long now = sample.At.UtcTicks, began = sample.Began == default ? now - TimeSpan.TicksPerSecond : sample.Began.UtcTicks;
        bool isFirst = sample.MessagesInSession == 0;
        _acceptedAt = now;
        _suspicion.Taken(sample.MessagesInSession + 1, began, now);
        messages.Answered(began, now);
        ramp.Accepted(isFirst, configured.MaxSessions, now);
        if (isFirst) CountConnections(now);
        if (_concurrency.State != LimitState.Unknown) AcceptedBelow(_concurrency, ramp.Served, configured.MaxSessions, began, now, isFirst);
        if (_sessionLength.State != LimitState.Unknown) AcceptedBelow(_sessionLength, sample.MessagesInSession + 1, configured.MessagesPerSession ?? int.MaxValue, began, now, isFirst);
        if (_messageRate.State != LimitState.Unknown) AcceptedRate(_messageRate, messages, began, now);
        if (_connectionRate.State != LimitState.Unknown && isFirst) AcceptedRate(_connectionRate, connections, began, now);
    }

    /// <param name="silence">Null while something is answered.</param>
    public LaneLesson? Refused(in LaneSample sample, Silence? silence = null)
    {
        long now = sample.At.UtcTicks;
        var budget = sample.IsOpening ? connections : messages;
        long began = sample.Began == default ? Math.Min(now, budget.LastGrant) : sample.Began.UtcTicks;
        budget.Return(began);
        var kind = Attribute(sample, began, now, silence is not null);
        return kind switch
        {
            LimitKind.Concurrency => LearnConcurrency(sample, began, now),
            LimitKind.ConnectionRate => LearnRate(_connectionRate, connections, sample, began, now, null),
            LimitKind.MessageRate => LearnRate(_messageRate, messages, sample, began, now, silence),
            LimitKind.SessionLength => LearnLength(sample, now),
            _ => null,
        };
    }

    /// <summary>A limit held a session or a message back: is it time to try more?</summary>
    public void Denied(LimitKind kind, int ceiling, long now)
    {
        var limit = Of(kind);
        if (!limit.IsDue(now) || limit.Value >= ceiling) return;
        limit.Raise(now, ceiling);
        Apply(limit);
    }

    /// <summary>After an outage: what was taken for a limit and never confirmed was the outage's beginning.</summary>
    public void Reset()
    {
        ramp.Restart();
        _suspicion.Clear();
        foreach (var limit in All)
            if (limit is { State: not LimitState.Unknown, IsConfirmed: false, IsHinted: false }) Forget(limit);
    }

    /// <summary>All of it, and the sessions ramp up from the start.</summary>
    /// <returns>Limits that were known.</returns>
    public int Forget()
    {
        int known = All.Count(l => l.Lesson is not null);
        ramp.Restart();
        _suspicion.Clear();
        foreach (var limit in All) Forget(limit);
        return known;
    }

    public LearnedLimit Of(LimitKind kind) => kind switch
    {
        LimitKind.Concurrency => _concurrency,
        LimitKind.ConnectionRate => _connectionRate,
        LimitKind.MessageRate => _messageRate,
        _ => _sessionLength,
    };

    public void Apply(LearnedLimit limit)
    {
        IsChanged = true;
        double margin = limit.State == LimitState.Probing ? 1.0 : Margin;
        if (limit.Kind == LimitKind.MessageRate) messages.SetLearned(limit.Value, limit.Span, margin);
        if (limit.Kind == LimitKind.ConnectionRate) connections.SetLearned(limit.Value, limit.Span, margin);
    }

    /// <summary>A far side that refuses by silence is not sent more than a second's worth before it answers: each would be lost for a whole time-out.</summary>
    public int MostUnheard => _messageRate.Manner == RefusalManner.Silent && _messageRate.State != LimitState.Unknown ? 3 + _messageRate.Value / (int)RateSpan.All[_messageRate.Span].TotalSeconds : int.MaxValue;

    private LaneLesson? LearnConcurrency(in LaneSample sample, long began, long now)
    {
        int served = Math.Max(1, ramp.Served - (sample.IsOpening ? 0 : 1));
        var limit = _concurrency;
        // One that was dropped tells it a time-out later: sessions have come and gone since.
        if (sample.Manner == RefusalManner.Silent && ramp.MostWhileOpening > ramp.RecentPeak) served = Math.Max(served, ramp.RecentPeak);
        // One refusal just below what was served may be a session that they have not closed yet.
        if (limit.State == LimitState.Learned && served < limit.Value && served >= limit.Value - 1 && limit.Stubborn++ == 0)
        {
            connections.Hold(now + TimeSpan.TicksPerSecond, "they refused a session; the ones before may not be gone yet");
            return limit.Lesson;
        }
        limit.Refuse(LimitEvent.Refused, limit.State == LimitState.Learned ? Math.Min(served, limit.Value) : served, null, now);
        ramp.ForgetPeak(limit.Value);
        return Teach(limit, sample, served, 0);
    }

    private LaneLesson? LearnLength(in LaneSample sample, long now)
    {
        int length = Math.Max(1, sample.MessagesInSession);
        _sessionLength.Refuse(LimitEvent.Refused, _sessionLength.State == LimitState.Learned ? Math.Min(length, _sessionLength.Value) : length, null, now);
        return Teach(_sessionLength, sample, length, 0);
    }

    private LaneLesson? LearnRate(LearnedLimit limit, RateBudget budget, in LaneSample sample, long began, long now, Silence? silence)
    {
        if (limit.RefusedAt > 0 && began <= limit.RefusedAt)
        {
            // Under way before the refusal was known: it teaches nothing new but that it was not taken.
            limit.Correct(Math.Min(limit.Value, budget.Window.Between(limit.Seen.From, limit.Seen.To, now)));
            Apply(limit);
            return limit.Lesson;
        }
        int span = Math.Max(limit.Span, sample.Window is { } window ? RateSpan.For(window) : 0);
        // What went out after a message that was dropped, and before its time-out, was most likely dropped too.
        long to = sample.Manner == RefusalManner.Silent ? Math.Min(began, silence?.Since ?? began) : now;
        long length = RateSpan.All[span].Ticks, since = to - limit.RefusedAt;
        int seen = Seen(length), between = budget.Window.Between(limit.RefusedAt, to, now);
        bool isFar = limit.State != LimitState.Unknown && (span > limit.Span || seen * 4 < limit.Value);
        limit.Stubborn = limit.State != LimitState.Unknown && between <= limit.Value / 10 ? limit.Stubborn + 1 : 0;
        if (isFar)
        {
            if (span == limit.Span) span = Math.Min(span + 1, RateSpan.Day);
            seen = Seen(RateSpan.All[span].Ticks);
            limit.Refuse(LimitEvent.RefusedFarBelow, seen, span, now);
        }
        else
        {
            bool isLower = limit.State == LimitState.Probing && seen < limit.Proven * 0.9;
            // Over a long time what is taken between two refusals is the rate itself, whatever the far side counts with (a bucket of tokens has a stock).
            int rate = limit.State == LimitState.Learned && since >= 3 * length ? (int)Math.Min(seen, Math.Max(1, Math.Round((double)between * length / since))) : seen;
            // While we waited for time-outs little was sent: a small count is no small limit.
            if (sample.Manner == RefusalManner.Silent && limit.State == LimitState.Learned && since < 3 * length) rate = Math.Max(rate, (int)(limit.Value * 0.8));
            limit.Refuse(LimitEvent.Refused, rate, span, now);
            if (isLower) limit.Refuse(LimitEvent.Refused, seen, span, now);
        }
        long hold = now + Math.Min(RateSpan.All[limit.Span].Ticks / 12 << Math.Min(limit.Stubborn, 4), RateSpan.All[limit.Span].Ticks);
        limit.Seen = (began - RateSpan.All[limit.Span].Ticks, to);
        Apply(limit);
        var lesson = Teach(limit, sample, seen, hold);
        budget.Hold(hold, lesson.Words);
        return lesson;

        // Counts of the past are coarse: what went out in a silence is known better than where it ends. The refused one is off the count already.
        int Seen(long time) => silence is { } all ? Math.Max(1, budget.Window.Between(began - time, now, now) - all.Unheard + 1) : budget.Window.Between(began - time, to, now);
    }

    private LaneLesson Teach(LearnedLimit limit, in LaneSample sample, int seen, long hold)
    {
        limit.Manner = sample.Manner;
        limit.IsHinted = sample.Hint != LimitKind.None;
        IsChanged = true;
        return limit.Lesson = new LaneLesson(sample.At, limit.Kind, limit.Value, limit.IsRate ? RateSpan.All[limit.Span] : null, LessonWords.Of(limit, sample, seen, hold));
    }

    private void AcceptedRate(LearnedLimit limit, RateBudget budget, long began, long now)
    {
        if (began > limit.RefusedAt) limit.IsConfirmed = true;
        if (limit.State != LimitState.Probing || now - limit.ChangedAt < RateSpan.All[limit.Span].Ticks) return;
        int taken = budget.Window.Count(limit.Span, now);
        if (taken <= limit.Proven || taken < limit.Value * 0.93) return;
        Proved(limit, taken, now);
        Apply(limit);
    }

    private void AcceptedBelow(LearnedLimit limit, int taken, int ceiling, long began, long now, bool isFirst)
    {
        // Whoever keeps to the limit never asks for more: it is tried when all of it is in use.
        if (taken >= limit.Value) Denied(limit.Kind, ceiling, now);
        if (began > limit.RefusedAt) limit.IsConfirmed |= isFirst || limit.Kind == LimitKind.Concurrency;
        if (isFirst && limit.IsConfirmed) limit.Stubborn = 0;
        if (taken > limit.Value) limit.AtLeastThis(taken);
        if (limit.State != LimitState.Probing || taken < limit.Value) return;
        Proved(limit, taken, now);
        if (limit.Proven >= ceiling) Forget(limit);
    }

    private void Proved(LearnedLimit limit, int taken, long now)
    {
        limit.Prove(taken, now);
        IsChanged = true;
        limit.Lesson = new LaneLesson(new DateTimeOffset(now, TimeSpan.Zero), limit.Kind, limit.Value, limit.IsRate ? RateSpan.All[limit.Span] : null, LessonWords.Proven(limit));
    }

    private void Forget(LearnedLimit limit)
    {
        limit.Forget();
        Apply(limit);
    }
}
