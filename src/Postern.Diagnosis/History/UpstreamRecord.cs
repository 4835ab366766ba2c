using Postern.Diagnosis.Evidence;

namespace Postern.Diagnosis.History;

/// <summary>
/// Our own record of attempts at one upstream: seconds for the last 10 minutes, minutes for the last day. Below 8 KiB, whatever happens. Thread safe.
/// </summary>
/// <param name="upstream">Its name, for the facts.</param>
internal sealed class UpstreamRecord(string upstream)
{
    private const int Seconds = 600, Minutes = 1440;

    private readonly Lock _lock = new();
    private readonly RecordPages _seconds = new(Seconds, 60);
    private readonly RecordPages _minutes = new(Minutes, 60, isShort: true);
    private readonly SessionCounts _sessions = new();
    private Open _second, _minute;
    private DateTimeOffset? _last, _lastSuccess, _firstFailure;
    private int _successesBefore;

    /// <summary>The bucket that is being filled: exact until it is put away.</summary>
    private struct Open(long number)
    {
        public long Number = number;
        public int Served, Refused, HighestServed, LowestRefused;

        public void Take(in AttemptSample sample)
        {
            if (sample.IsRefusal)
            {
                Refused++;
                // One that had carried mail had been let in: its end says nothing of how many may be open.
                if (sample.MessagesBefore > 0) return;
                int with = Math.Max(1, sample.Concurrency);
                LowestRefused = LowestRefused == 0 ? with : Math.Min(LowestRefused, with);
                return;
            }
            Served++;
            HighestServed = Math.Max(HighestServed, sample.Concurrency);
        }

        public readonly RecordBucket Closed => new(Served, Refused, HighestServed, LowestRefused);
        public readonly bool IsEmpty => Served == 0 && Refused == 0;
    }

    public string Upstream => upstream;

    /// <summary>Bytes of its buckets; for the bound's test.</summary>
    public int BytesHeld
    {
        get
        {
            lock (_lock) return _seconds.BytesHeld + _minutes.BytesHeld + 256;
        }
    }

    /// <summary>Messages that a session carries before it is ended, when that number repeats; 0 otherwise.</summary>
    public int MessagesPerSession
    {
        get
        {
            lock (_lock) return _sessions.Repeated;
        }
    }

    public void Add(in AttemptSample sample)
    {
        lock (_lock)
        {
            long second = sample.At.ToUnixTimeSeconds();
            _last = Later(_last, sample.At);
            if (!sample.IsRefusal)
            {
                _lastSuccess = Later(_lastSuccess, sample.At);
                _firstFailure = null;
            }
            else if (_firstFailure is null)
            {
                _firstFailure = sample.At;
                _successesBefore = ServedNeedsLock(second - 60, second);
            }
            _sessions.Take(sample);
            TurnNeedsLock(second);
            _second.Take(sample);
            _minute.Take(sample);
        }
    }

    /// <summary>Null when nothing was tried within the window.</summary>
    public HistoryFact? Read(DateTimeOffset now, TimeSpan window)
    {
        lock (_lock)
        {
            var buckets = BucketsNeedsLock(now, window);
            int served = buckets.Sum(b => b.Served), refused = buckets.Sum(b => b.Refused);
            if (served + refused == 0) return null;
            var (accepted, turnedDown) = Concurrency(buckets);
            var seconds = SecondsNeedsLock(now);
            return new HistoryFact
            {
                SaidBy = Protocols.Smtp.Speaker.Us,
                Observed = $"{served} of {served + refused} attempts at {upstream} went well in the last {Causes.CaseReader.Duration(window)}",
                Upstream = upstream,
                Window = window,
                Attempts = served + refused,
                Successes = served,
                LastSuccessAt = _lastSuccess,
                FirstFailureAt = _firstFailure,
                SuccessesBeforeFailure = _firstFailure is null ? 0 : _successesBefore,
                ConcurrencyAccepted = accepted,
                ConcurrencyRefused = turnedDown,
                MessagesPerSessionAtRefusal = _sessions.Repeated,
                Alternates = Alternation.IsRegular(seconds),
                Recoveries = Alternation.Recoveries(seconds),
            };
        }
    }

    /// <summary>Whether anything was tried, and whether the last of it failed: what neighbours ask.</summary>
    public (bool WasTried, bool IsFailing, bool IsUnconnected) State(DateTimeOffset now, TimeSpan window)
    {
        lock (_lock)
        {
            if (_last is not { } last || now - last > window) return default;
            return (true, _firstFailure is not null, _firstFailure is not null && _sessions.LastOutcome == AttemptOutcome.Unconnected);
        }
    }

    /// <summary>Most at once that were served below the fewest that were refused. A refusal at one session says nothing of how many are too many.</summary>
    private static (int Accepted, int Refused) Concurrency(List<RecordBucket> buckets)
    {
        int refused = 0;
        foreach (var bucket in buckets)
            if (bucket.LowestRefused > 0 && (refused == 0 || bucket.LowestRefused < refused)) refused = bucket.LowestRefused;
        int accepted = 0;
        foreach (var bucket in buckets)
            if (refused == 0 || bucket.HighestServed < refused) accepted = Math.Max(accepted, bucket.HighestServed);
        return (accepted, refused);
    }

    private void TurnNeedsLock(long second)
    {
        // A sample that comes late is counted in the bucket that is open.
        if (second > _second.Number)
        {
            if (!_second.IsEmpty) _seconds.Write(_second.Number, _second.Closed);
            _second = new Open(second);
        }
        if (second / 60 > _minute.Number)
        {
            if (!_minute.IsEmpty) _minutes.Write(_minute.Number, _minute.Closed);
            _minute = new Open(second / 60);
        }
    }

    private int ServedNeedsLock(long from, long to)
    {
        int sum = _second.Number >= from && _second.Number <= to ? _second.Served : 0;
        for (long n = from; n <= to; n++) sum += _seconds.Read(n).Served;
        return sum;
    }

    /// <summary>Seconds where they reach, minutes before.</summary>
    private List<RecordBucket> BucketsNeedsLock(DateTimeOffset now, TimeSpan window)
    {
        long to = now.ToUnixTimeSeconds();
        if (window.TotalSeconds <= Seconds) return SecondsNeedsLock(now).FindAll(b => b.Number > to - (long)window.TotalSeconds).ConvertAll(b => b.Bucket);
        var buckets = new List<RecordBucket>();
        long minute = to / 60;
        for (long n = minute - Math.Min(Minutes - 1, (long)window.TotalMinutes); n <= minute; n++)
        {
            var bucket = _minutes.Read(n);
            if (bucket != default) buckets.Add(bucket);
        }
        if (!_minute.IsEmpty && _minute.Number >= minute - (long)window.TotalMinutes) buckets.Add(_minute.Closed);
        return buckets;
    }

    private List<(long Number, RecordBucket Bucket)> SecondsNeedsLock(DateTimeOffset now)
    {
        var buckets = new List<(long, RecordBucket)>();
        long to = now.ToUnixTimeSeconds();
        for (long n = to - Seconds + 1; n <= to; n++)
        {
            var bucket = _seconds.Read(n);
            if (bucket != default) buckets.Add((n, bucket));
        }
        if (!_second.IsEmpty && _second.Number > to - Seconds) buckets.Add((_second.Number, _second.Closed));
        return buckets;
    }

    private static DateTimeOffset Later(DateTimeOffset? one, DateTimeOffset other) => one > other ? one.Value : other;
}
