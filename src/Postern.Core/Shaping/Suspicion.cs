namespace Postern.Core.Shaping;

/// <summary>
/// A session that was ended without a word in its midst may have been long enough, or one message too many in the time. One end does not tell; what
/// follows it does: mail taken on other sessions and a second end at the same length speak for the length, nothing but ends for the rate.
/// </summary>
internal struct Suspicion
{
    private static readonly long Lifetime = TimeSpan.FromMinutes(2).Ticks;

    private long _at;
    private int _length;
    private int _taken;
    private int _longest, _longestBefore;
    private long _epochEnd;

    /// <param name="began">When the message was granted.</param>
    /// <param name="carried">Messages its session has carried with it.</param>
    public void Taken(int carried, long began, long now)
    {
        if (_at > 0 && began > _at) _taken++;
        if (now >= _epochEnd) (_longestBefore, _longest, _epochEnd) = (_longest, 0, now + 2 * Lifetime);
        if (carried > _longest) _longest = carried;
    }

    /// <param name="length">Messages the session had carried.</param>
    /// <param name="now">When its end was noticed.</param>
    /// <param name="canBeRate">So many messages went out lately that a rate is thinkable.</param>
    /// <param name="isRateKnown">Messages are already held below a rate.</param>
    public LimitKind Ended(int length, long now, bool canBeRate, bool isRateKnown)
    {
        bool isAlive = _at > 0 && now - _at < Lifetime;
        // No session is known that carried more.
        bool isLongest = length > 0 && length >= Math.Max(_longest, _longestBefore);
        bool isSame = isLongest && length == _length && (_taken > 0 || length >= 5 && !isRateKnown);
        var kind = !isAlive ? LimitKind.None : isSame ? LimitKind.SessionLength : _taken == 0 && canBeRate ? LimitKind.MessageRate : LimitKind.None;
        (_at, _length, _taken) = kind == LimitKind.None ? (now, length, 0) : (0, 0, 0);
        return kind;
    }

    public void Clear() => (_at, _length, _taken) = (0, 0, 0);
}
