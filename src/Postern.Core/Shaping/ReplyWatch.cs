namespace Postern.Core.Shaping;

/// <summary>Nobody has been answered for a while, on new sessions neither.</summary>
/// <param name="Since">When the first was asked of those.</param>
/// <param name="Unheard">How many were asked since then.</param>
internal readonly record struct Silence(long Since, int Unheard);

/// <summary>
/// How long a far side takes to answer the first command of a message, and whether it has fallen silent: several wait, nobody has heard anything for much longer than usual. A far
/// side that drops what is above a limit looks like that, minutes before the first time-out, and whatever is sent meanwhile is lost for as long. A slow one is only asked
/// less until it answers again. Not thread safe; times are UTC ticks.
/// </summary>
internal sealed class ReplyWatch
{
    /// <summary>A lost packet is repeated after a second (RFC 6298), once more after two.</summary>
    private static readonly long LeastSilence = TimeSpan.FromSeconds(2).Ticks;

    /// <summary>One message goes out all the same in so long a silence: somebody must find out that it is over.</summary>
    private static readonly long Trickle = TimeSpan.FromSeconds(10).Ticks;

    private static readonly long LeastPatience = TimeSpan.FromSeconds(10).Ticks;
    private static readonly long Epoch = TimeSpan.FromMinutes(5).Ticks;

    /// <summary>Sessions that wait, and those asked since the last reply; of these, new ones.</summary>
    private int _waiting, _unheard, _newUnheard;
    private long _silentSince, _trickledAt;
    private long _slowest, _slowestBefore, _epochEnd;

    /// <summary>A session that was let in since the last reply, and has carried nothing, is not answered either: no limit of a session's length is like that, and no host that is down.</summary>
    public Silence? Silence => _newUnheard > 0 ? new(_silentSince, _unheard) : null;

    /// <param name="isNew">The session has carried nothing yet.</param>
    public void Asked(long now, bool isNew = false)
    {
        if (_unheard++ == 0) _silentSince = now;
        _waiting++;
        if (isNew) _newUnheard++;
    }

    /// <param name="took">From the command to the reply, in ticks.</param>
    public void Heard(long took, long now)
    {
        if (_waiting > 0) _waiting--;
        _unheard = _newUnheard = 0;
        Turn(now);
        _slowest = Math.Max(Math.Max(1, _slowest), took);
    }

    /// <summary>No reply came.</summary>
    public void GaveUp()
    {
        if (_waiting > 0) _waiting--;
        if (_waiting == 0) _unheard = _newUnheard = 0;
    }

    /// <summary>Nothing more is to be sent now. Lets one through now and then: asked once for each message.</summary>
    /// <param name="mostUnheard">So many may be asked before the first of them is answered.</param>
    public bool IsSilent(long now, int mostUnheard = int.MaxValue)
    {
        long slowest = Slowest(now), limit = Math.Max(LeastSilence, 5 * slowest);
        bool isSilent = slowest > 0 && _waiting > 0 && (_unheard >= 2 && now - _silentSince >= limit || _unheard >= mostUnheard);
        if (!isSilent) return false;
        if (now - Math.Max(_trickledAt, _silentSince + limit) < Math.Max(Trickle, limit)) return true;
        _trickledAt = now;
        return false;
    }

    /// <summary>How long a session that has worked is waited for; null while nothing is known of it.</summary>
    public TimeSpan? Patience(long now) => Slowest(now) is var slowest and > 0 ? new TimeSpan(Math.Max(LeastPatience, 20 * slowest)) : null;

    private long Slowest(long now)
    {
        Turn(now);
        return Math.Max(_slowest, _slowestBefore);
    }

    private void Turn(long now)
    {
        if (now < _epochEnd) return;
        (_slowestBefore, _slowest, _epochEnd) = (now - _epochEnd < Epoch ? _slowest : 0, 0, now + Epoch);
    }
}
