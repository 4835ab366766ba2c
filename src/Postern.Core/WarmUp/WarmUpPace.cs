namespace Postern.Core.WarmUp;

/// <summary>
/// Spreads a day's allowance: at most an eighth of it in an hour, so that it takes a working day to spend. Google asks for "a consistent rate" and no bursts
/// (https://support.google.com/a/answer/81126), SendGrid holds a new address to a limit an hour. Over eight hours and not twenty-four, because an office's
/// mail comes in its working hours: spread over the night as well, most of the allowance could never be used and the plan would stand still. The generic
/// cell rate algorithm (ITU-T I.371). Not thread safe; times are UTC ticks.
/// </summary>
internal struct WarmUpPace
{
    public static readonly TimeSpan Spread = TimeSpan.FromHours(8);

    /// <summary>Saved up for at most a quarter of an hour.</summary>
    private const int Bursts = 32;

    /// <summary>No asker is sent further away than this beyond the next place: one that never returns must not push the others out.</summary>
    private static readonly long Horizon = TimeSpan.FromSeconds(30).Ticks;

    private long _next, _promised;
    private long _interval, _tolerance;

    /// <param name="allowed">Messages in the day.</param>
    public void Set(int allowed, long now)
    {
        long interval = Spread.Ticks / Math.Max(1, allowed);
        if (interval == _interval) return;
        (_interval, _tolerance) = (interval, interval * (Math.Max(2, allowed / Bursts) - 1));
        _next = Math.Min(_next, now + interval);
        _promised = 0;
    }

    /// <summary>When the next one may go; not in the future: now.</summary>
    public readonly long At => _next - _tolerance;

    public void Take(long now) => _next = Math.Max(_next, now) + _interval;

    /// <summary>Gives places back, or, with a negative number, takes more of them.</summary>
    public void Return(int places) => _next -= places * _interval;

    /// <summary>Later askers are told later times, so that they do not all wake for one place.</summary>
    public long Promise(long free)
    {
        long turn = Math.Max(free, _promised + _interval);
        if (turn > free + Math.Max(Horizon, 4 * _interval)) turn = free;
        return _promised = turn;
    }
}
