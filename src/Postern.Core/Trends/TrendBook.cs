using System.Collections.Concurrent;
using Postern.Diagnosis.Causes;

namespace Postern.Core.Trends;

/// <summary>
/// The last 24 hours by the minute: what came in and went out, and how the attempts at each upstream went. In memory only, bounded, thread safe; adding costs
/// a short lock and allocates nothing but an hour's place.
/// </summary>
public sealed class TrendBook(TimeProvider time)
{
    /// <summary>Upstreams and MX hosts that are told apart; those beyond are counted under <see cref="Others"/>.</summary>
    public const int MaxUpstreams = 200;

    /// <summary>How far back it goes.</summary>
    public const int MaxMinutes = MinuteRing<int>.Minutes;

    /// <summary>All upstreams that have no place of their own.</summary>
    public const string Others = "others";

    private readonly Lock _lock = new();
    private readonly MinuteRing<Counts> _ring = new();
    private readonly ConcurrentDictionary<string, UpstreamTrend> _upstreams = new(StringComparer.Ordinal);
    private Counts _totals;

    /// <summary>Since the start; <see cref="TrendMinute.At"/> is the present.</summary>
    public TrendMinute Totals
    {
        get
        {
            lock (_lock) return Minute(time.GetUtcNow(), _totals);
        }
    }

    internal void Count(TrendKind kind, long count)
    {
        if (count <= 0) return;
        long minute = Now();
        lock (_lock)
        {
            Add(ref _ring.At(minute), kind, count);
            Add(ref _totals, kind, count);
        }
    }

    /// <summary>The queue was looked at.</summary>
    internal void Waiting(long messages)
    {
        long minute = Now();
        lock (_lock) _ring.At(minute).WaitingPlusOne = messages + 1;
    }

    /// <param name="upstream">Its name, or "host:port" of an MX host.</param>
    /// <param name="cause">Of a failure; none when it went well or is not explained.</param>
    internal void Attempted(string upstream, AttemptWord word, CauseId cause)
    {
        long minute = Now();
        if (!_upstreams.TryGetValue(upstream, out var trend)) trend = Place(upstream, minute);
        trend.Add(minute, word, cause);
    }

    /// <summary>The last minutes, oldest first, the present one included.</summary>
    /// <param name="count">1 to <see cref="MaxMinutes"/>.</param>
    public IReadOnlyList<TrendMinute> Minutes(int count)
    {
        count = Math.Clamp(count, 1, MaxMinutes);
        long last = Now();
        var minutes = new TrendMinute[count];
        lock (_lock)
        {
            for (int i = 0; i < count; i++)
            {
                long minute = last - count + 1 + i;
                minutes[i] = Minute(DateTimeOffset.FromUnixTimeSeconds(minute * 60), _ring.Find(minute) ?? default);
            }
        }
        return minutes;
    }

    /// <summary>The last minutes of one upstream, oldest first; null when it was not tried in the last day.</summary>
    public IReadOnlyList<UpstreamMinute>? Upstream(string name, int count) => _upstreams.TryGetValue(name, out var trend) ? trend.Read(Now(), Math.Clamp(count, 1, MaxMinutes)) : null;

    /// <summary>Those that were tried in the last day, in the order of their names.</summary>
    public IReadOnlyList<string> Upstreams => [.. _upstreams.Where(u => Now() - u.Value.LastMinute < MaxMinutes).Select(u => u.Key).Order(StringComparer.Ordinal)];

    private long Now() => time.GetUtcNow().ToUnixTimeSeconds() / 60;

    /// <summary>Where there is none left, one that was not used for a day makes room.</summary>
    private UpstreamTrend Place(string name, long minute)
    {
        lock (_lock)
        {
            if (_upstreams.Count >= MaxUpstreams)
            {
                foreach (var (old, trend) in _upstreams)
                {
                    if (minute - trend.LastMinute >= MaxMinutes) _upstreams.TryRemove(old, out _);
                }
            }
            return _upstreams.Count < MaxUpstreams ? _upstreams.GetOrAdd(name, _ => new UpstreamTrend()) : _upstreams.GetOrAdd(Others, _ => new UpstreamTrend());
        }
    }

    private static void Add(ref Counts counts, TrendKind kind, long count)
    {
        switch (kind)
        {
            case TrendKind.Accepted: counts.Accepted += count; break;
            case TrendKind.Refused: counts.Refused += count; break;
            case TrendKind.Delivered: counts.Delivered += count; break;
            case TrendKind.Bounced: counts.Bounced += count; break;
            default: counts.Deferred += count; break;
        }
    }

    private static TrendMinute Minute(DateTimeOffset at, in Counts counts) => new(at)
    {
        Accepted = counts.Accepted,
        Refused = counts.Refused,
        Delivered = counts.Delivered,
        Bounced = counts.Bounced,
        Deferred = counts.Deferred,
        Waiting = counts.WaitingPlusOne == 0 ? null : counts.WaitingPlusOne - 1,
    };

    private struct Counts
    {
        public long Accepted, Refused, Delivered, Bounced, Deferred;

        /// <summary>0: nobody looked.</summary>
        public long WaitingPlusOne;
    }
}

internal enum TrendKind : byte { Accepted, Refused, Delivered, Bounced, Deferred }
