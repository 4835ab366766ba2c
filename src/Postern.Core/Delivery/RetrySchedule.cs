namespace Postern.Core.Delivery;

/// <summary>When to try again: the configured waits by attempt, each lengthened by a random part so that retries do not come in step. Pure.</summary>
/// <param name="waits">Not empty; the last one repeats.</param>
/// <param name="jitterPercent">Longest random part, in per cent of the wait.</param>
internal sealed class RetrySchedule(IReadOnlyList<TimeSpan> waits, int jitterPercent)
{
    /// <param name="attempts">Attempts that counted before this one.</param>
    /// <param name="random">0 to 1.</param>
    /// <param name="expires">No wait reaches beyond: the last attempt is made when the message expires.</param>
    public DateTimeOffset Next(DateTimeOffset now, int attempts, double random, DateTimeOffset expires)
    {
        var wait = waits[Math.Min(attempts, waits.Count - 1)];
        var due = now + wait + wait * (random * jitterPercent / 100);
        return due > expires && expires > now ? expires : due;
    }
}
