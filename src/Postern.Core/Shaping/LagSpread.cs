namespace Postern.Core.Shaping;

/// <summary>
/// By how much the time from grant to answer differed lately. We count a message when it is granted, the far side when it arrives, which lies between the two: sessions are opened
/// in between. What came late is free late there, and a quick one may be too early. What is the same for all cancels out. Times are ticks.
/// </summary>
internal struct LagSpread
{
    /// <summary>A little more than the shortest span: as long as the late ones are counted in it.</summary>
    private static readonly long Epoch = TimeSpan.FromSeconds(65).Ticks;

    private long _least, _most, _leastBefore, _mostBefore;
    private long _end;

    public void Note(long lag, long now)
    {
        Turn(now);
        if (_most == 0) (_least, _most) = (lag, lag);
        else (_least, _most) = (Math.Min(_least, lag), Math.Max(_most, lag));
    }

    public long At(long now)
    {
        Turn(now);
        if (_most == 0) return _mostBefore - _leastBefore;
        return _mostBefore == 0 ? _most - _least : Math.Max(_most, _mostBefore) - Math.Min(_least, _leastBefore);
    }

    private void Turn(long now)
    {
        if (now < _end) return;
        (_leastBefore, _mostBefore) = now - _end < Epoch ? (_least, _most) : (0, 0);
        (_least, _most, _end) = (0, 0, now + Epoch);
    }
}
