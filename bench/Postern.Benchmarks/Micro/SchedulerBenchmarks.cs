using BenchmarkDotNet.Attributes;
using Postern.Core.Configuration;
using Postern.Core.Queue;
using Postern.Core.Scheduling;
using Postern.Core.Shaping;

namespace Postern.Benchmarks.Micro;

/// <summary>A part is filed and taken by a session loop: what the scheduler costs each message.</summary>
public class SchedulerBenchmarks
{
    private const int Parts = 10_000;
    private readonly Queue<DestinationQueue> _started = new();
    private readonly Scheduler _scheduler;
    private readonly string[] _destinations = [.. Enumerable.Range(0, 1000).Select(i => $"mx:d{i}.example.org")];
    private long _id = 4711;

    public SchedulerBenchmarks() => _scheduler = new Scheduler(new SessionLimits(new PosternConfig()), _started.Enqueue, TimeProvider.System);

    [Benchmark(OperationsPerInvoke = Parts)]
    public int FileAndTakeOneDestination() => Run(1);

    [Benchmark(OperationsPerInvoke = Parts)]
    public int FileAndTakeThousandDestinations() => Run(_destinations.Length);

    /// <summary>All to one destination: the turns among those who send.</summary>
    [Benchmark(OperationsPerInvoke = Parts)]
    public int FileAndTakeHundredTenants() => Run(1, tenants: 100);

    private int Run(int destinations, int tenants = 1)
    {
        var now = TimeProvider.System.GetUtcNow();
        for (int i = 0; i < Parts; i++)
            _scheduler.File(new ScheduleEntry(new MessageId(++_id), _destinations[i % destinations], now, now + TimeSpan.FromDays(5), 0, 0, Tenant: (ushort)(i % tenants)));
        int taken = 0;
        while (_started.TryDequeue(out var queue))
        {
            _scheduler.Proven(queue);
            for (int sent = 0; _scheduler.TryTake(queue, sent, holdsSession: true, out _); sent++) taken++;
        }
        return taken == Parts ? taken : throw new InvalidOperationException($"{taken} of {Parts} parts were taken");
    }
}
