namespace Postern.Core.Delivery;

/// <summary>When to try again: the configured waits by attempt, each lengthened by a random part so that retries do not come in step. Pure.</summary>
/// <param name="waits">Not empty; the last one repeats.</param>
/// <param name="jitterPercent">Longest random part, in per cent of the wait.</param>
internal sealed class RetrySchedule(IReadOnlyList<TimeSpan> waits, int jitterPercent)
{
    /// <summary>The same with other waits.</summary>
    public RetrySchedule With(IReadOnlyList<TimeSpan> other) => new(other, jitterPercent);

    /// <param name="attempts">Attempts that counted before this one.</param>
    /// <param name="random">0 to 1.</param>
    /// <param name="expires">No wait reaches beyond: the last attempt is made when the message expires.</param>
    public DateTimeOffset Next(DateTimeOffset now, int attempts, double random, DateTimeOffset expires)
        => After(now, waits[Math.Min(attempts, waits.Count - 1)], random, expires);

    /// <summary>A wait of a given length, else as <see cref="Next"/>.</summary>
    public DateTimeOffset After(DateTimeOffset now, TimeSpan wait, double random, DateTimeOffset expires)
    {
        var due = now + wait + wait * (random * jitterPercent / 100);
        return due > expires && expires > now ? expires : due;
    }
}
