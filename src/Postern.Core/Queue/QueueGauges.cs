using Postern.Core.Telemetry;

namespace Postern.Core.Queue;

/// <summary>The queue's figures for whoever scrapes: taken once for all gauges of one scrape, since counting by destination is not free.</summary>
internal sealed class QueueGauges(IQueueStore store, TimeProvider time)
{
    private static readonly TimeSpan _fresh = TimeSpan.FromMilliseconds(500);

    private readonly Lock _lock = new();
    private QueueStats? _stats;
    private long _at;

    public static void Observe(PosternMetrics metrics, IQueueStore store, TimeProvider time) => metrics.ObserveQueue(new QueueGauges(store, time).Stats);

    private QueueStats Stats()
    {
        lock (_lock)
        {
            if (_stats is not null && time.GetElapsedTime(_at) < _fresh) return _stats;
            _at = time.GetTimestamp();
            return _stats = store.Stats;
        }
    }
}
