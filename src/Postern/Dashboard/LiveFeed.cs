using Postern.Api;
using Postern.Core.Queue;

namespace Postern.Dashboard;

/// <summary>
/// One look at the relay a second for all open pages together, and none while no page is open: however many look, and however much happens, it costs the relay
/// the same. Thread safe.
/// </summary>
internal sealed class LiveFeed(RelayView relay, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>The menu and the page itself, and one to spare.</summary>
    private const int PartsOfPage = 3;

    private readonly Lock _lock = new();
    private readonly EventTail _events = new();
    private readonly List<Func<Task>> _followers = [];
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
            _followers.Add(told);
            if (!_runs)
            {
                _runs = true;
                _ = Task.Run(RunAsync);
            }
        }
        return new Following(this, told);
    }

    public void Dispose() => _stop.Cancel();

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                Func<Task>[] followers;
                lock (_lock)
                {
                    if (_followers.Count == 0)
                    {
                        _runs = false;
                        return;
                    }
                    TakeNeedsLock();
                    followers = [.. _followers];
                }
                foreach (var told in followers) await told();
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
        public void Dispose()
        {
            lock (feed._lock) feed._followers.Remove(told);
        }
    }
}
