namespace Postern.Core.Shaping;

/// <summary>
/// The sessions of a lane: how many are open, how many of them are proven to be served, and the slow start. It begins with two and grows by one for
/// each message taken, which doubles it each round (TCP's slow start, RFC 5681 section 3.1), and never has more than half as many sessions
/// waiting to be let in as are being served: a far side that drops connections holds each of them for a whole time-out. Those at a host that has
/// not served us lately wait for that host alone: they do not count against the others', whoever opens them bounds their number. Not thread safe.
/// </summary>
internal sealed class SessionRamp
{
    private const int Start = 2;

    /// <summary>A session that did not say so after this long is taken to be served: whoever opened it may not report it.</summary>
    private static readonly long Stale = TimeSpan.FromMinutes(1).Ticks;

    /// <summary>How long a number of sessions that was served counts as recent.</summary>
    private static readonly long Epoch = TimeSpan.FromMinutes(3).Ticks;

    private int _allowed = Start;
    private bool _isTold;
    private long _openingSince;
    private int _peak, _peakBefore;
    private long _epochEnd;

    public int Open { get; private set; }
    public int Opening { get; private set; }

    /// <summary>Of those open: they wait to be let in by hosts that have not served us lately.</summary>
    public int Strangers { get; private set; }

    /// <summary>Sessions at hosts that have served us, those that wait to be let in included: what <see cref="Allowed"/> bounds.</summary>
    public int Known => Open - Strangers;
    public int Served => Known - Opening;

    /// <summary>Sessions allowed by the ramp alone.</summary>
    public int Allowed
    {
        get
        {
            int usual = Math.Max(Served, RecentPeak);
            return Math.Min(_allowed, usual + Math.Max(Start, usual / 2));
        }
    }

    /// <summary>The most that were open since the sessions that wait to be let in began to: the others may be gone by the time one is given up.</summary>
    public int MostWhileOpening { get; private set; }

    /// <summary>The most that were served at once in the last minutes.</summary>
    public int RecentPeak => Math.Max(_peak, _peakBefore);

    public void Grant(long now, bool isStranger = false)
    {
        if (isStranger)
        {
            Open++;
            Strangers++;
            return;
        }
        if (Opening > 0 && now - _openingSince > Stale) Opening = 0;
        if (Opening == 0) (_openingSince, MostWhileOpening) = (now, 0);
        Open++;
        Opening++;
        MostWhileOpening = Math.Max(MostWhileOpening, Known);
    }

    /// <summary>The session is ready for mail.</summary>
    public void Opened(bool isStranger = false)
    {
        _isTold = true;
        if (isStranger) Strangers--;
        else LetIn();
    }

    /// <summary>A granted session was not let in.</summary>
    public void NotOpened(bool isStranger = false)
    {
        if (isStranger) Strangers--;
        else LetIn();
        if (Open > 0) Open--;
    }

    /// <summary>A session that was let in is over.</summary>
    public void Closed()
    {
        if (Open > 0) Open--;
        Opening = Math.Min(Opening, Math.Max(0, Known));
    }

    public void Accepted(bool isFirst, int limit, long now)
    {
        if (isFirst && !_isTold) LetIn();
        if (_allowed < limit) _allowed++;
        if (now >= _epochEnd) (_peakBefore, _peak, _epochEnd) = (now - _epochEnd > Epoch ? 0 : _peak, 0, now + Epoch);
        if (Served > _peak) _peak = Served;
    }

    public void ForgetPeak(int now) => (_peak, _peakBefore) = (now, 0);

    public void Restart() => (_allowed, _peak, _peakBefore) = (Start, 0, 0);

    private void LetIn()
    {
        if (Opening > 0) Opening--;
    }
}
