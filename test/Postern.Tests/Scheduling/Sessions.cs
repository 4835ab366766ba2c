using Postern.Core.Scheduling;

namespace Postern.Tests.Scheduling;

/// <summary>Session loops on the scheduler's clock: each message takes its time, and a black hole takes the connect time-out and serves nothing.</summary>
internal sealed class Sessions(SchedulerRig rig, Scheduler scheduler)
{
    public static readonly TimeSpan Service = TimeSpan.FromMilliseconds(100), ConnectTimeout = TimeSpan.FromSeconds(30), Backoff = TimeSpan.FromSeconds(10);
    private readonly PriorityQueue<Action, (DateTimeOffset, int)> _events = new();
    private int _order, _seen;

    public List<(DestinationQueue Queue, WaitingPart Part, DateTimeOffset At)> Served { get; } = [];
    public int MostInBlackHoles { get; private set; }
    private int _inBlackHoles;

    /// <summary>Until the time has passed or nothing is under way.</summary>
    public void Run(TimeSpan time)
    {
        var end = rig.Time.GetUtcNow() + time;
        while (true)
        {
            while (_seen < rig.Started.Count) Turn(rig.Started[_seen++], 0);
            if (_seen < rig.Started.Count) continue;
            if (!_events.TryPeek(out _, out var next) || next.Item1 > end) break;
            // In small steps: the scheduler's timer has business of its own in between.
            var step = rig.Time.GetUtcNow() + TimeSpan.FromMilliseconds(25);
            if (next.Item1 > step)
            {
                rig.Time.SetUtcNow(step);
                continue;
            }
            if (next.Item1 > rig.Time.GetUtcNow()) rig.Time.SetUtcNow(next.Item1);
            _events.Dequeue()();
        }
        if (rig.Time.GetUtcNow() < end) rig.Time.SetUtcNow(end);
    }

    private void Turn(DestinationQueue queue, int sent)
    {
        if (!scheduler.TryTake(queue, sent, true, out var part)) return;
        if (queue.Name.StartsWith("mx:hole", StringComparison.Ordinal))
        {
            MostInBlackHoles = Math.Max(MostInBlackHoles, ++_inBlackHoles);
            After(ConnectTimeout, () =>
            {
                _inBlackHoles--;
                scheduler.Gate(queue, rig.Time.GetUtcNow() + Backoff);
                scheduler.EndWorker(queue);
            });
            return;
        }
        After(Service, () =>
        {
            scheduler.Proven(queue);
            Served.Add((queue, part, rig.Time.GetUtcNow()));
            Turn(queue, sent + 1);
        });
    }

    private void After(TimeSpan time, Action action) => _events.Enqueue(action, (rig.Time.GetUtcNow() + time, _order++));
}
