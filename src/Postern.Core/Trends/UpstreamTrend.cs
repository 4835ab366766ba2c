using Postern.Diagnosis.Causes;

namespace Postern.Core.Trends;

/// <summary>The last day of one upstream's attempts. Thread safe.</summary>
internal sealed class UpstreamTrend
{
    private readonly Lock _lock = new();
    private readonly MinuteRing<Cell> _ring = new();

    /// <summary>Since 1970; of the last attempt.</summary>
    public long LastMinute { get; private set; }

    public void Add(long minute, AttemptWord word, CauseId cause)
    {
        lock (_lock)
        {
            LastMinute = minute;
            ref var cell = ref _ring.At(minute);
            if (word == AttemptWord.Delivered) cell.Delivered++;
            else if (word == AttemptWord.Refused) cell.Refused++;
            else cell.Deferred++;
            if (word != AttemptWord.Delivered) Blame(ref cell, cause == CauseId.None ? CauseId.Unknown : cause);
        }
    }

    /// <summary>Oldest first, one for each minute.</summary>
    public IReadOnlyList<UpstreamMinute> Read(long last, int count)
    {
        var minutes = new UpstreamMinute[count];
        lock (_lock)
        {
            for (int i = 0; i < count; i++)
            {
                long minute = last - count + 1 + i;
                var at = DateTimeOffset.FromUnixTimeSeconds(minute * 60);
                minutes[i] = _ring.Find(minute) is not { } cell ? new UpstreamMinute(at) : new UpstreamMinute(at)
                {
                    Delivered = cell.Delivered,
                    Deferred = cell.Deferred,
                    Refused = cell.Refused,
                    Cause = cell.First.Count >= cell.Second.Count ? cell.First.Cause : cell.Second.Cause,
                    CauseCount = Math.Max(cell.First.Count, cell.Second.Count),
                    SecondCause = cell.First.Count >= cell.Second.Count ? cell.Second.Cause : cell.First.Cause,
                    SecondCount = Math.Min(cell.First.Count, cell.Second.Count),
                };
            }
        }
        return minutes;
    }

    /// <summary>Two causes of a minute are kept; a third one wears down the rarer of them and takes its place in the end: what leads stays right.</summary>
    private static void Blame(ref Cell cell, CauseId cause)
    {
        if (cell.First.Count == 0 || cell.First.Cause == cause) cell.First = (cause, cell.First.Count + 1);
        else if (cell.Second.Count == 0 || cell.Second.Cause == cause) cell.Second = (cause, cell.Second.Count + 1);
        else
        {
            ref var rarer = ref cell.First.Count < cell.Second.Count ? ref cell.First : ref cell.Second;
            rarer = rarer.Count > 1 ? (rarer.Cause, rarer.Count - 1) : (cause, 1);
        }
    }

    private struct Cell
    {
        public int Delivered, Deferred, Refused;
        public (CauseId Cause, int Count) First, Second;
    }
}

/// <summary>How one attempt ended, for counting.</summary>
internal enum AttemptWord : byte { Delivered, Deferred, Refused }
