using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Postern.Core.Decisions;
using Postern.Core.Diagnoses;
using Postern.Core.Events;
using Postern.Core.Queue;
using Postern.Core.Scheduling;
using Postern.Core.Telemetry;
using Postern.Core.Trends;
using Postern.Core.Upstreams;

namespace Postern.Core.Delivery;

/// <summary>
/// Owns the session loops and what they share: starts them where the scheduler says, keeps their leases, sweeps idle sessions, deals with mail whose
/// time runs out behind a closed gate, and stops within bounds.
/// </summary>
internal sealed class DeliveryEngine : IAsyncDisposable
{
    /// <summary>Long enough that a pause of the machine does not cost a lease, short enough that a dead owner's mail (of a shared store) is soon taken over.</summary>
    public static readonly TimeSpan LeaseTime = TimeSpan.FromMinutes(5);

    /// <summary>After trouble of our own with one message.</summary>
    private static readonly TimeSpan BrokenWait = TimeSpan.FromMinutes(5);

    /// <summary>After a stop's grace: time for cut-off sessions to give their messages back.</summary>
    private static readonly TimeSpan AbortTime = TimeSpan.FromSeconds(5);

    private readonly ConcurrentStack<DeliveryWorker> _spare = new();
    private readonly ConcurrentDictionary<DeliveryWorker, byte> _active = new();
    private readonly CancellationTokenSource _abort = new();
    private readonly Overdue _overdue;
    private readonly ITimer _sweep;
    private volatile DeliveryModel _model;
    private int _ticks;

    public DeliveryEngine(DeliveryParts parts, DeliveryModel model)
    {
        Parts = parts;
        _model = model;
        Scheduler = new Scheduler(model.Limits, Start, parts.Time);
        _overdue = new Overdue(this);
        Watch(parts.Registry);
        _sweep = parts.Time.CreateTimer(static e => ((DeliveryEngine)e!).Sweep(), this, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
    }

    public DeliveryParts Parts { get; }
    public Scheduler Scheduler { get; }
    public DeliveryModel Model => _model;
    public CancellationToken Abort => _abort.Token;

    /// <summary>Our name on leases.</summary>
    public string Owner { get; } = $"{Environment.MachineName}/{Environment.ProcessId}";

    public IQueueStore Store => Parts.Store;
    public TimeProvider Time => Parts.Time;
    public Settler Settler => Parts.Settler;
    public Rerouter Rerouter => Parts.Rerouter;
    public DeliveryPlanner Planner => Parts.Planner;
    public SessionPool Pool => Parts.Pool;
    public SessionOpener Opener => Parts.Opener;
    public UpstreamRegistry Registry => Parts.Registry;
    public string SpoolFolder => Parts.SpoolFolder;

    /// <summary>Runs one loop to its end; never throws.</summary>
    public async Task RunAsync(DeliveryWorker worker)
    {
        try
        {
            await worker.RunAsync();
        }
        catch (Exception e)
        {
            // A loop's own catch deals with a message's trouble; what comes here is a bug or a store that is gone. The loop ends, the relay goes on.
            PosternLog.DeliveryBroke(Parts.Logger, e, "", "");
        }
        finally
        {
            _active.TryRemove(worker, out _);
            _spare.Push(worker);
        }
    }

    public void Broke(Exception exception, Lease lease)
    {
        PosternLog.DeliveryBroke(Parts.Logger, exception, lease.Id.ToString(), lease.Destination);
        Store.Release(lease, Time.GetUtcNow() + BrokenWait);
    }

    /// <summary>From now on everything begins under the new model. Sessions of the old one are used up by the message they carry.</summary>
    public void Apply(DeliveryModel model)
    {
        _model = model;
        Registry.Apply(model.Config.Delivery.Retry);
        Registry.WarmUps.Apply(model.Config);
        Pool.CloseIdle(TimeSpan.Zero);
        Scheduler.Apply(model.Limits);
        Parts.Diagnoses.Apply(model.Config);
    }

    /// <summary>No new message is begun; those under way have <paramref name="grace"/>, then they are cut off and given back.</summary>
    public async Task StopAsync(TimeSpan grace)
    {
        Scheduler.Stop();
        await _sweep.DisposeAsync();
        await WaitAsync(grace);
        await _abort.CancelAsync();
        await WaitAsync(AbortTime);
        await _overdue.DisposeAsync();
        await Parts.RestWatch.DisposeAsync();
        await Parts.Diagnoses.DisposeAsync();
        await Pool.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero);
        Scheduler.Dispose();
        Registry.Lanes.Dispose();
        Registry.WarmUps.Dispose();
        _abort.Dispose();
    }

    /// <summary>What the upstreams' state has to tell.</summary>
    private void Watch(UpstreamRegistry registry)
    {
        registry.Rests.Began += rest =>
        {
            PosternLog.EgressRested(Parts.Logger, rest.At, rest.Egress, rest.Address, string.Join(',', rest.Lists), rest.Until, rest.Reason);
            Parts.News.Rested(rest);
        };
        registry.Rests.Began += registry.WarmUps.TurnedAway;
        registry.Rests.Ended += (rest, end) =>
        {
            string words = EgressRest.Words(end);
            PosternLog.EgressReturned(Parts.Logger, rest.At, rest.Egress, rest.Address, words, Time.GetUtcNow() - rest.Since);
            Parts.News.Returned(rest, words, Time.GetUtcNow() - rest.Since);
            bool isSystem = rest.Egress.Length == 0;
            Scheduler.Reopen(q => q.Destination.Egress.Length == 0 == isSystem);
        };
        registry.Ejected += (upstream, ejection) => PosternLog.MemberEjected(Parts.Logger, upstream.Name, ejection.Until, ejection.Times, ejection.Words);
    }

    private void Start(DestinationQueue queue)
    {
        var worker = _spare.TryPop(out var spare) ? spare : new DeliveryWorker(this);
        worker.Begin(queue);
        _active.TryAdd(worker, 0);
        ThreadPool.UnsafeQueueUserWorkItem(worker, preferLocal: false);
    }

    private async Task WaitAsync(TimeSpan limit)
    {
        long begun = Time.GetTimestamp();
        while (!_active.IsEmpty && Time.GetElapsedTime(begun) < limit) await Task.Delay(TimeSpan.FromMilliseconds(10), Time, CancellationToken.None);
    }

    private void Sweep()
    {
        Pool.CloseIdle(Model.Config.Delivery.SessionIdle);
        foreach (var (worker, _) in _active) worker.Renew();
        _overdue.Look();
        Parts.RestWatch.Look();
        if (++_ticks % 60 != 0) return;
        Registry.Sweep();
        Parts.Diagnoses.Book.Sweep();
    }
}

/// <summary>What delivery is made of.</summary>
/// <param name="SpoolFolder">For large converted messages.</param>
internal sealed record DeliveryParts(
    IQueueStore Store, Decider Decider, Settler Settler, Rerouter Rerouter, DeliveryPlanner Planner, SessionPool Pool, SessionOpener Opener, UpstreamRegistry Registry, RestWatch RestWatch,
    AttemptExplainer Explainer, RelayDiagnoses Diagnoses, RelayNews News, PosternMetrics Metrics, ILogger Logger, TimeProvider Time, string SpoolFolder)
{
    /// <summary>Null where nobody looks back.</summary>
    public TrendBook? Trends { get; init; }
}
