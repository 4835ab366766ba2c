using Postern.Core.Decisions;
using Postern.Diagnosis.Evidence;

namespace Postern.Core.Delivery;

/// <summary>When what still waits is tried again, and whether the message's schedule is to know of this attempt.</summary>
/// <param name="Counts">False when everybody only waits for their turn.</param>
internal readonly record struct NextTry(DateTimeOffset Due, bool Counts)
{
    /// <summary>What a peer asks us to wait is taken as it is, within these bounds: shorter ones would hammer, longer ones forget the mail.</summary>
    private static readonly TimeSpan ShortestAsked = TimeSpan.FromSeconds(5), LongestAsked = TimeSpan.FromDays(1);

    /// <summary>Attempts after which a peer that asks for less than the schedule's wait is no longer believed.</summary>
    private const int Believed = 5;

    private static readonly TimeSpan ShortestTtl = TimeSpan.FromMinutes(1), LongestTtl = TimeSpan.FromHours(4);

    /// <summary>The earliest of those who wait: they are one part of the message and are tried together. Pure.</summary>
    /// <param name="attempt">Closed.</param>
    /// <param name="standard">By delivery.retry.</param>
    /// <param name="random">0 to 1.</param>
    public static NextTry Of(Attempt attempt, RetrySchedule standard, double random)
    {
        DateTimeOffset? due = null;
        bool counts = false;
        foreach (ref readonly var outcome in attempt.Outcomes)
        {
            if (outcome.Disposition != Disposition.RetryLater) continue;
            counts |= outcome.Decision is not { CountsAsAttempt: false };
            var one = Of(attempt, outcome.Decision, standard, random);
            if (due is null || one < due) due = one;
        }
        return new NextTry(due ?? Scheduled(attempt, standard, random), counts || due is null);
    }

    private static DateTimeOffset Of(Attempt attempt, Decision? decision, RetrySchedule standard, double random)
    {
        var schedule = decision?.Retry is { } own ? standard.With(own) : standard;
        var (now, expires) = (attempt.StartedAt, attempt.Lease.Envelope.ExpiresAt);
        if (decision?.RetryAfter is { } asked && asked <= LongestAsked)
        {
            var wait = asked < ShortestAsked ? ShortestAsked : asked;
            if (attempt.Lease.Attempts < Believed || wait > schedule.Next(now, attempt.Lease.Attempts, 0, DateTimeOffset.MaxValue) - now) return schedule.After(now, wait, random, expires);
        }
        return decision?.Message switch
        {
            MessageAction.Turn => schedule.After(now, TurnWait(decision, now - attempt.Lease.Envelope.AcceptedAt), random, expires),
            MessageAction.LookAgain when Ttl(attempt.Evidence) is { } ttl => schedule.After(now, ttl, random, expires),
            _ => Scheduled(attempt, schedule, random),
        };
    }

    private static DateTimeOffset Scheduled(Attempt attempt, RetrySchedule schedule, double random) =>
        schedule.Next(attempt.StartedAt, attempt.Lease.Attempts, random, attempt.Lease.Envelope.ExpiresAt);

    /// <summary>Attempts do not count then, so the message's age says how patient to be: a quarter of it, between the row's first and last wait.</summary>
    private static TimeSpan TurnWait(Decision decision, TimeSpan age)
    {
        var (least, most) = decision.Retry is [var first, ..] waits ? (first, waits[^1]) : (TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5));
        var wait = age / 4;
        return wait < least ? least : wait > most ? most : wait;
    }

    /// <summary>What is left of the shortest answer that the plan rests on; null when none is known.</summary>
    private static TimeSpan? Ttl(AttemptEvidence? evidence)
    {
        TimeSpan? shortest = null;
        foreach (var dns in evidence?.Dns ?? [])
        {
            if (dns.Ttl > TimeSpan.Zero && (shortest is null || dns.Ttl < shortest)) shortest = dns.Ttl;
        }
        return shortest is not { } ttl ? null : ttl < ShortestTtl ? ShortestTtl : ttl > LongestTtl ? LongestTtl : ttl;
    }
}
