namespace Postern.Core.Shaping;

/// <summary>The spans over which a rate is counted.</summary>
internal static class RateSpan
{
    public static readonly TimeSpan[] All = [TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(15), TimeSpan.FromHours(1), TimeSpan.FromDays(1)];
    public const int Minute = 0, Hour = 3, Day = 4;

    /// <summary>The shortest that is not shorter than the given one.</summary>
    public static int For(TimeSpan span)
    {
        int index = Array.FindIndex(All, s => s >= span);
        return index < 0 ? Day : index;
    }

    public static string Words(int span) => span switch { 0 => "a minute", 1 => "5 minutes", 2 => "15 minutes", 3 => "an hour", _ => "a day" };
}

/// <summary>
/// Counts over the last minute, 5 minutes, 15 minutes, hour and day at once: 66 buckets each, 1.3 kB in all. A count may hold what is up to one
/// sixtieth of the span too old, never too little; it can be asked to hold what is a few sixtieths older, for a far side that counts later than we do. Times are UTC ticks and may come slightly out of order. Not thread safe.
/// </summary>
internal sealed class SlidingWindow
{
    /// <summary>Sixtieths of the span by which a count can be prolonged.</summary>
    public const int MostLate = 5;

    /// <summary>A sixtieth of the span each, and one more: the current one has only begun.</summary>
    private const int Counted = 61;
    private const int Buckets = Counted + MostLate;
    private readonly int[] _counts = new int[Buckets * 5];
    private readonly long[] _current = new long[5];
    private readonly long[] _end = new long[5];
    private readonly int[] _sums = new int[5];

    public void Add(long now)
    {
        for (int span = 0; span < 5; span++)
        {
            if (now >= _end[span]) Advance(span, now);
            _counts[span * Buckets + (int)(_current[span] % Buckets)]++;
            _sums[span]++;
        }
    }

    /// <summary>Takes one back from where it was counted, or from the nearest bucket before that holds any.</summary>
    public void Remove(long at)
    {
        for (int span = 0; span < 5; span++)
        {
            long bucket = Math.Min(at / Length(span), _current[span]);
            for (long b = bucket; b > _current[span] - Buckets && b >= 0; b--)
            {
                ref int count = ref _counts[span * Buckets + (int)(b % Buckets)];
                if (count == 0) continue;
                count--;
                _sums[span]--;
                break;
            }
        }
    }

    /// <param name="late">Sixtieths of the span, up to <see cref="MostLate"/>, for which what is older than it counts still.</param>
    public int Count(int span, long now, int late = 0)
    {
        if (now >= _end[span]) Advance(span, now);
        int sum = _sums[span];
        for (long b = Math.Max(0, _current[span] - Buckets + 1); b <= _current[span] - Counted - late; b++) sum -= _counts[span * Buckets + (int)(b % Buckets)];
        return sum;
    }

    /// <summary>Between two times in the past, as finely as the spans that reach so far back allow.</summary>
    public int Between(long from, long to, long now)
    {
        int span = 0;
        while (span < 4 && now - from > RateSpan.All[span].Ticks) span++;
        if (now >= _end[span]) Advance(span, now);
        long last = Math.Min(to / Length(span), _current[span]);
        int sum = 0;
        for (long b = Math.Max(from / Length(span), _current[span] - Buckets + 1); b <= last; b++) sum += _counts[span * Buckets + (int)(b % Buckets)];
        return sum;
    }

    /// <summary>How many sixtieths of the span a time is, as many as can be; less than a quarter of one is none: a paced lane has more between two.</summary>
    public static int Late(int span, long ticks) => (int)Math.Min(MostLate, (ticks + Length(span) * 3 / 4) / Length(span));

    /// <summary>When fewer than <paramref name="limit"/> will be counted, if nothing is added.</summary>
    /// <param name="late">As for <see cref="Count"/>.</param>
    public long FreeAt(int span, int limit, long now, int late = 0)
    {
        int excess = Count(span, now, late) - limit + 1;
        if (excess <= 0) return now;
        for (long b = _current[span] - Counted - late + 1; b <= _current[span]; b++)
        {
            excess -= b < 0 ? 0 : _counts[span * Buckets + (int)(b % Buckets)];
            if (excess <= 0) return (b + Counted + late) * Length(span);
        }
        return (_current[span] + Counted + late) * Length(span);
    }

    private static long Length(int span) => RateSpan.All[span].Ticks / 60;

    private void Advance(int span, long now)
    {
        long bucket = now / Length(span);
        long first = Math.Max(_current[span] + 1, bucket - Buckets + 1);
        for (long b = first; b <= bucket; b++)
        {
            ref int count = ref _counts[span * Buckets + (int)(b % Buckets)];
            _sums[span] -= count;
            count = 0;
        }
        _current[span] = bucket;
        _end[span] = (bucket + 1) * Length(span);
    }
}
