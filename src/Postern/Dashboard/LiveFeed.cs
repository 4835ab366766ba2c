using Postern.Api;
using Postern.Core.Queue;
using Postern.Core.Telemetry;

namespace Postern.Dashboard;

/// <summary>
/// One look at the relay a second for all open pages together, and none while no page is open: however many look, and however much happens, it costs the relay
/// the same. Thread safe.
/// </summary>
internal sealed class LiveFeed(RelayView relay, TimeProvider time, ILogger<LiveFeed> logger) : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>The menu and the page itself, and one to spare.</summary>
    private const int PartsOfPage = 3;

    private readonly Lock _lock = new();
    private readonly EventTail _events = new();
    private readonly List<Following> _followers = [];
    private readonly CancellationTokenSource _stop = new();
    private RelaySnapshot? _current;
    private long _takenAt;
    private bool _runs;

    /// <summary>At most a second old.</summary>
    public RelaySnapshot Current
    {
        get
        {
            lock (_lock)
            {
                if (_current is null || time.GetElapsedTime(_takenAt) >= Interval) TakeNeedsLock();
                return _current!;
            }
        }
    }

    /// <summary>Is told after each look; null when too many follow already. Dispose to follow no more.</summary>
    public IDisposable? Follow(Func<Task> told)
    {
        lock (_lock)
        {
            if (_followers.Count >= DashboardHost.MaxPages * PartsOfPage || _stop.IsCancellationRequested) return null;
            var following = new Following(this, told);
            _followers.Add(following);
            if (!_runs)
            {
                _runs = true;
                _ = Task.Run(RunAsync);
            }
            return following;
        }
    }

    public void Dispose() => _stop.Cancel();

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                Following[] followers;
                lock (_lock)
                {
                    if (_followers.Count == 0)
                    {
                        _runs = false;
                        return;
                    }
                    try
                    {
                        TakeNeedsLock();
                    }
                    catch (Exception e) when (e is IOException or InvalidOperationException or ObjectDisposedException)
                    {
                        // The disk of the event log, or a relay that is stopping: what was seen last stays on the pages until the next look.
                        PosternLog.DashboardBlind(logger, e);
                        continue;
                    }
                    followers = [.. _followers];
                }
                foreach (var follower in followers) follower.Tell();
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    private void TakeNeedsLock()
    {
        _takenAt = time.GetTimestamp();
        var insight = relay.Insight();
        var shaping = relay.Shaping();
        _current = new RelaySnapshot
        {
            At = time.GetUtcNow(),
            Version = relay.Version,
            Hostname = relay.Hostname(),
            StartedAt = relay.StartedAt,
            Listening = relay.Listening(),
            Problems = relay.Problems(),
            Notes = shaping?.Notes() ?? [],
            Queue = relay.Store()?.Stats ?? new QueueStats { AcceptsMail = false },
            Incidents = [.. (insight?.Incidents(false) ?? []).OrderBy(i => i.Level == "alert" ? 0 : 1)],
            Upstreams = relay.Upstreams(),
            Groups = shaping?.Groups() ?? [],
            FailingWebhooks = [.. (insight?.Webhooks() ?? []).Where(w => w.Failures > 0)],
            Events = insight is null ? [] : _events.Read(insight.Events),
            Trends = relay.Detail()?.Trends,
        };
    }

    private sealed class Following(LiveFeed feed, Func<Task> told) : IDisposable
    {
        private Task _last = Task.CompletedTask;

        /// <summary>One that has not drawn the last look yet, because its browser is slow, leaves this one out and holds nobody up.</summary>
        public void Tell()
        {
            if (_last.IsCompleted) _last = told();
        }

        public void Dispose()
        {
            lock (feed._lock) feed._followers.Remove(this);
        }
    }
}
