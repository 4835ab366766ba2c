using Microsoft.Extensions.Time.Testing;
using Postern.Core.Configuration;
using Postern.Core.Queue;
using Postern.Core.Scheduling;
using Postern.Core.Shaping;

namespace Postern.Tests.Scheduling;

/// <summary>A scheduler on a clock that stands still, and the loops it started.</summary>
internal sealed class SchedulerRig : IDisposable
{
    private Scheduler? _scheduler;
    private int _sequence;

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    public List<DestinationQueue> Started { get; } = [];
    public SessionLimits Limits { get; private set; } = new(new PosternConfig());

    public Scheduler New(int perDestination = 20, int total = 500, params UserConfig[] users)
    {
        Limits = new SessionLimits(new PosternConfig { User = users, Delivery = new() { MaxSessionsPerDestination = perDestination, MaxSessions = total } });
        return _scheduler = new Scheduler(Limits, Started.Add, Time);
    }

    public MessageId File(string destination, TimeSpan due = default, int priority = 0, FilingNotes notes = FilingNotes.None, TimeSpan? expires = null, ushort tenant = 0, TimeSpan age = default)
    {
        var now = Time.GetUtcNow();
        var id = new MessageId(((now - age).ToUnixTimeMilliseconds() << 22) + _sequence++);
        _scheduler!.File(new ScheduleEntry(id, destination, now - age + due, now + (expires ?? TimeSpan.FromDays(5)), 0, priority, notes, tenant));
        return id;
    }

    public void FileMany(string destination, int count, ushort tenant = 0, int priority = 0)
    {
        for (int i = 0; i < count; i++) File(destination, tenant: tenant, priority: priority);
    }

    /// <summary>The next parts that one loop takes.</summary>
    public List<WaitingPart> Take(DestinationQueue queue, int most = int.MaxValue)
    {
        var parts = new List<WaitingPart>();
        while (parts.Count < most && _scheduler!.TryTake(queue, 0, true, out var part)) parts.Add(part);
        return parts;
    }

    public void Dispose() => _scheduler?.Dispose();
}
