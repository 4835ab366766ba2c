namespace Postern.Core.Upstreams;

/// <summary>Attempts of the last minute and how many of them failed, in steps of ten seconds. Thread safe.</summary>
internal sealed class RecentShare(TimeProvider time)
{
    private const int Steps = 6;
    private static readonly long StepTicks = TimeSpan.FromSeconds(10).Ticks;

    private readonly Lock _lock = new();
    private readonly (long Step, int All, int Failed)[] _counts = new (long, int, int)[Steps];

    public void Add(bool failed)
    {
        long step = Step;
        lock (_lock)
        {
            ref var count = ref _counts[step % Steps];
            if (count.Step != step) count = (step, 0, 0);
            count.All++;
            if (failed) count.Failed++;
        }
    }

    public (int All, int Failed) Read()
    {
        long oldest = Step - Steps + 1;
        int all = 0, failed = 0;
        lock (_lock)
        {
            foreach (var count in _counts)
            {
                if (count.Step < oldest) continue;
                all += count.All;
                failed += count.Failed;
            }
        }
        return (all, failed);
    }

    /// <summary>What came before says nothing of what comes.</summary>
    public void Clear()
    {
        lock (_lock) Array.Clear(_counts);
    }

    private long Step => time.GetUtcNow().Ticks / StepTicks;
}
