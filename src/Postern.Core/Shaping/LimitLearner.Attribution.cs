using Postern.Protocols.Smtp;

namespace Postern.Core.Shaping;

// Which limit a refusal speaks of: by its words, else by its stage, else by what coincides.
internal sealed partial class LimitLearner
{
    private LimitKind Attribute(in LaneSample sample, long began, long now, bool isSilent)
    {
        int served = Math.Max(0, ramp.Served - (sample.IsOpening ? 0 : 1));
        if (sample.Hint == LimitKind.Concurrency) return served < _concurrency.Value / 2 && IsBusy(connections, 10, began, now) ? LimitKind.ConnectionRate : LimitKind.Concurrency;
        if (sample.Hint == LimitKind.SessionLength && sample.MessagesInSession == 0) return LimitKind.None;
        if (sample.Hint != LimitKind.None) return sample.Hint;
        // A lane that sends once a minute was served lately when it was served a few minutes ago.
        long fresh = messages.PerMinute is { } pace ? Math.Max(Fresh, (long)(3 * TimeSpan.TicksPerMinute / pace)) : Fresh;
        bool isServing = Math.Min(began, now) - _acceptedAt < fresh;
        return sample.IsOpening
            ? sample.Stage is ClientStage.Connect or ClientStage.Greeting or ClientStage.Ehlo && isServing ? OpeningRefused(served, began, now) : LimitKind.None
            : sample.Manner == RefusalManner.Reply || sample.Stage > ClientStage.EndOfData ? LimitKind.None : Ended(sample, began, now, isServing, isSilent);
    }

    private LimitKind OpeningRefused(int served, long began, long now)
    {
        if (ramp.RecentPeak > 0 && Math.Max(ramp.Known, ramp.MostWhileOpening) > ramp.RecentPeak) return LimitKind.Concurrency;
        bool isBelow = _connectionRate.State != LimitState.Unknown && Before(connections, _connectionRate.Span, began, now) < _connectionRate.Value * 0.8;
        bool isMore = _connectionRate.State != LimitState.Unknown || Before(connections, RateSpan.Minute, began, now) > 1.2 * _connectionsBefore;
        if (IsBusy(connections, 10, began, now) && isMore && !(isBelow && served > 0))
        {
            // Refused at fewer sessions than were served before: what was taken for their number lately was the rate.
            if (IsGuess(_concurrency, began)) Forget(_concurrency);
            return LimitKind.ConnectionRate;
        }
        if (served == 0) return LimitKind.None;
        // A rate that refuses below itself while sessions are served was no rate.
        if (IsGuess(_connectionRate, began)) Forget(_connectionRate);
        return LimitKind.Concurrency;
    }

    private LimitKind Ended(in LaneSample sample, long began, long now, bool isServing, bool isSilent)
    {
        int length = sample.MessagesInSession;
        bool isRateKnown = _messageRate.State != LimitState.Unknown;
        bool isRateUnproven = _messageRate is { State: LimitState.Learned, IsConfirmed: false };
        if (isRateUnproven || isRateKnown && Before(messages, _messageRate.Span, began, now) >= _messageRate.Proven * 0.9) return LimitKind.MessageRate;
        if (!isServing) return LimitKind.None;
        if (_sessionLength.State != LimitState.Unknown && length >= _sessionLength.Proven) return LimitKind.SessionLength;
        if (isRateKnown && _messageRate.Manner == sample.Manner && now - _messageRate.RefusedAt < Recent) return LimitKind.MessageRate;
        bool isLengthUnproven = _sessionLength is { State: not LimitState.Unknown, IsHinted: false, IsConfirmed: false };
        if (length == 0 && isLengthUnproven)
        {
            // A new session is refused at once: it was not the length.
            Forget(_sessionLength);
            return LimitKind.MessageRate;
        }
        bool canBeRate = isRateKnown || IsBusy(messages, 5, began, now);
        return isSilent && canBeRate ? LimitKind.MessageRate : _suspicion.Ended(length, now, canBeRate, isRateKnown);
    }

    /// <summary>Learned lately, from what coincided alone.</summary>
    private static bool IsGuess(LearnedLimit limit, long now) => limit is { State: not LimitState.Unknown, IsHinted: false } && now - limit.RefusedAt < 5 * TimeSpan.TicksPerMinute;

    /// <summary>What was usual before the last minutes: a rate is met by more connections than that, not by as many.</summary>
    private void CountConnections(long now)
    {
        if (now >= _connectionsEpochEnd) (_connectionsBefore, _connectionsPeak, _connectionsEpochEnd) = (_connectionsPeak, 0, now + 2 * TimeSpan.TicksPerMinute);
        _connectionsPeak = Math.Max(_connectionsPeak, connections.Window.Count(RateSpan.Minute, now));
    }

    private static bool IsBusy(RateBudget budget, int least, long began, long now) => Before(budget, RateSpan.Minute, began, now) >= least;

    /// <summary>Counted when the refused one was granted: a time-out tells it late.</summary>
    private static int Before(RateBudget budget, int span, long began, long now) => budget.Window.Between(began - RateSpan.All[span].Ticks, began, now);
}
