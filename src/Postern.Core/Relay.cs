using System.Net;
using System.Reflection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Postern.Core.Configuration;
using Postern.Core.Delivery;
using Postern.Core.Diagnoses;
using Postern.Core.Events;
using Postern.Core.Queue;
using Postern.Core.Queue.Embedded;
using Postern.Core.Routing;
using Postern.Core.Scheduling;
using Postern.Core.Submission;
using Postern.Core.Submission.Injection;
using Postern.Core.Submission.Pickup;
using Postern.Core.Telemetry;
using Postern.Core.Trends;
using Postern.Core.Upstreams;
using Postern.Protocols.Dns;

namespace Postern.Core;

/// <summary>What a relay takes from outside.</summary>
/// <param name="Random">0 to 1, for jitter.</param>
public sealed record RelayDependencies(IResolver Resolver, TimeProvider? Time = null, ILoggerFactory? Loggers = null, PosternMetrics? Metrics = null, Func<double>? Random = null)
{
    /// <summary>Null for the real probes.</summary>
    internal DiagnosisSetup? Diagnosis { get; init; }
}

/// <summary>
/// A whole relay, from listeners to delivery, made from one configuration: what <c>postern serve</c> runs and what a test starts. Mail it took is on disk;
/// disposing it in any state loses nothing. Start, apply and stop are for one caller at a time.
/// </summary>
public sealed class Relay : IAsyncDisposable
{
    private readonly MailRouter _router;
    private readonly DeliveryEngine _engine;
    private readonly OwnAddresses _own;
    private readonly ListenerSet _listeners;
    private readonly PickupService _pickup;
    private readonly string _spool;
    private readonly PosternMetrics _metrics;
    private readonly RelayEvents _events;
    private readonly RelayNews _news;
    private readonly IncidentKeeper _keeper;
    private readonly TimeProvider _time;
    private readonly TrendListener _trends;
    private PosternConfig _config;
    private int _generation = 1;
    private long? _started;
    private bool _stopped;

    private Relay(PosternConfig config, IQueueStore store, RelayEvents events, PosternMetrics metrics, RelayDependencies dependencies, TimeProvider time, ILoggerFactory loggers)
    {
        (_metrics, _events, _time) = (metrics, events, time);
        _news = new RelayNews(events.Log, metrics);
        var random = dependencies.Random ?? Random.Shared.NextDouble;
        _config = config;
        Store = store;
        _router = new MailRouter(config, time);
        _own = new OwnAddresses(config.Server.Hostname);
        _spool = Path.Combine(config.Server.Data, "spool");
        _engine = DeliveryFactory.Create(config, Store, _router, dependencies.Resolver, _own, metrics, loggers, time, random, _spool, dependencies.Diagnosis, _news, Trends = new TrendBook(time));
        _trends = new TrendListener(Trends, metrics);
        Standings = new AddressStandings(_engine.Parts.Diagnoses.Checks.BlocklistsAsync, time);
        Store.Filed = _engine.Scheduler.File;
        DeliveryGauges.Observe(metrics, _engine);
        DeliveryGauges.ObserveIncidents(metrics, _engine);
        DeliveryGauges.ObserveWebhooks(metrics, events, time);
        _keeper = new IncidentKeeper(_engine.Parts.Diagnoses.Book, events.Log, Path.Combine(config.Server.Data, "state"), loggers.CreateLogger("Postern.Diagnoses"), time);
        DeliveryGauges.ObserveShaping(metrics, _engine);
        Inline = new InlineConnector(_engine);
        var services = new SubmissionServices(Store, _router, metrics, loggers.CreateLogger("Postern.Submission"), time, Inline);
        _listeners = new ListenerSet(services);
        _pickup = new PickupService(services);
        Http = new MailInjector(services, "http");
        Http.Apply(config);
    }

    internal static string Version { get; } = typeof(Relay).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";

    public IQueueStore Store { get; }

    /// <summary>Where SMTP is listened for, in the order of the configuration.</summary>
    public IReadOnlyList<IPEndPoint> SmtpEndpoints => _listeners.EndPoints;

    /// <summary>Client connections open now.</summary>
    public int ClientConnections => _listeners.Connections;

    /// <summary>Sessions at work on delivery.</summary>
    public int DeliverySessions => _engine.Scheduler.Workers;

    /// <summary>Takes mail that comes by HTTP.</summary>
    public MailInjector Http { get; }

    /// <summary>Opens live sessions for the inline modes.</summary>
    public InlineConnector Inline { get; }

    /// <summary>
    /// Recovers the queue, begins to deliver, then listens. Throws <see cref="StoreException"/>, <see cref="ListenException"/> or
    /// <see cref="InvalidDataException"/> with a message for the operator; nothing is left running then.
    /// </summary>
    public static async Task<Relay> StartAsync(PosternConfig config, RelayDependencies dependencies, CancellationToken cancel)
    {
        var time = dependencies.Time ?? TimeProvider.System;
        var loggers = dependencies.Loggers ?? NullLoggerFactory.Instance;
        var metrics = dependencies.Metrics ?? new PosternMetrics();
        // The store first: it keeps other processes away from the folder, its events included.
        var store = new EmbeddedQueueStore(config.Server.Data, config.Queue, time, loggers.CreateLogger("Postern.Queue"));
        RelayEvents? events = null;
        Relay relay;
        try
        {
            events = new RelayEvents(config, metrics, loggers.CreateLogger("Postern.Events"), time);
            relay = new Relay(config, store, events, metrics, dependencies, time, loggers);
        }
        catch
        {
            if (events is not null) await events.DisposeAsync();
            await store.DisposeAsync();
            throw;
        }
        try
        {
            MakeSpool(relay._spool);
            relay._keeper.Start();
            await relay._events.ApplyAsync(config);
            await relay.Store.StartAsync(cancel);
            QueueGauges.Observe(relay._metrics, relay.Store, time);
            relay._trends.Watch(relay.Store, time);
            await relay._listeners.StartAsync(config, cancel);
            relay._own.Set(config.Server.Hostname, relay._listeners.EndPoints);
            await relay._pickup.StartAsync(config, cancel);
            relay._started = time.GetTimestamp();
            relay._news.Started(Version, config.Server.Hostname, [.. relay.SmtpEndpoints.Select(e => e.ToString())], relay.Store.Stats.Messages);
            return relay;
        }
        catch
        {
            await relay.DisposeAsync();
            throw;
        }
    }

    private static void MakeSpool(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException(SystemText.CannotBeKept("converted messages", folder, e), e);
        }
    }

    /// <summary>
    /// Goes over to another configuration, sessions under way excepted. Throws as <see cref="StartAsync"/> does, and then all stays as it was. The data
    /// folder and the resolvers are those of the start.
    /// </summary>
    public async Task ApplyAsync(PosternConfig config, CancellationToken cancel)
    {
        var model = new DeliveryModel(config, _engine.Registry, _generation + 1, _engine.Time);
        await _listeners.ApplyAsync(config, cancel);
        Http.Apply(config);
        _generation++;
        _config = config;
        _own.Set(config.Server.Hostname, _listeners.EndPoints);
        // The router first: what the scheduler gives out from here on is routed anew.
        _router.Apply(config);
        _engine.Apply(model);
        await _pickup.ApplyAsync(config, cancel);
        await _events.ApplyAsync(config);
    }

    /// <summary>Tells of a configuration that is in force now or was refused.</summary>
    /// <param name="source">File, or "environment".</param>
    /// <param name="mistakes">Empty when it is in force.</param>
    public void Reloaded(string source, IReadOnlyList<string> mistakes)
    {
        _metrics.ConfigReloads.Add(1, new KeyValuePair<string, object?>("result", mistakes.Count == 0 ? "applied" : "refused"));
        _news.Reloaded(source, mistakes);
    }

    /// <summary>What waits, the deepest destinations first.</summary>
    public IReadOnlyList<DestinationDepth> Destinations(int most) => _engine.Scheduler.Snapshot(most);

    /// <summary>Upstreams and MX hosts: named ones first, then those that cannot be reached.</summary>
    public IReadOnlyList<UpstreamSnapshot> Upstreams(int most) => _engine.Registry.Snapshot(most);

    /// <summary>What is known of the limits of everybody we send to, and where our addresses rest or are warmed up.</summary>
    internal UpstreamRegistry Registry => _engine.Registry;

    /// <summary>Our addresses that are in use.</summary>
    internal IReadOnlyList<EgressChoice> Egress => _engine.Model.Egress.InUse(_config);

    /// <summary>Forgets what was learned of an upstream: limits, rests of our addresses, its being put out of its turn. What waits for it goes at once.</summary>
    /// <param name="name">See <see cref="UpstreamRegistry.GroupsOf"/>.</param>
    /// <returns>Null when nothing of that name is known.</returns>
    internal UpstreamReset? Reset(string name)
    {
        var groups = _engine.Registry.GroupsOf(name);
        if (groups.Count == 0) return null;
        int limits = 0, rests = 0;
        foreach (string group in groups)
        {
            var forgotten = _engine.Registry.Forget(group);
            limits += forgotten.Limits;
            rests += forgotten.Rests;
            PosternLog.UpstreamReset(_engine.Parts.Logger, group, forgotten.Limits, forgotten.Rests);
        }
        _engine.Scheduler.Resume();
        return new UpstreamReset(groups, limits, rests);
    }

    /// <summary>Troubles of upstreams: open ones first, then those that are over, newest first.</summary>
    public IReadOnlyList<Incident> Incidents(bool withClosed) => _engine.Parts.Diagnoses.Book.Snapshot(withClosed);

    /// <summary>One of them, open or over; null when it is not known (any more).</summary>
    public Incident? Incident(string id) => _engine.Parts.Diagnoses.Book.Find(id);

    /// <summary>What happened, on disk.</summary>
    internal EventLog Events => _events.Log;

    /// <summary>What the blocklists said of our addresses when somebody looked.</summary>
    internal AddressStandings Standings { get; }

    /// <summary>One upstream or MX host by its name; null when it was not used lately.</summary>
    public UpstreamSnapshot? Upstream(string name) => _engine.Registry.Find(name)?.Snapshot();

    /// <summary>The last 24 hours by the minute.</summary>
    public TrendBook Trends { get; }

    /// <summary>Completes when the scheduler's timer has run and the store has answered: for a watchdog, which sets the limit of time.</summary>
    public Task PulseAsync() => Task.WhenAll(_engine.Scheduler.BeatAsync(), Store.PulseAsync().AsTask());

    /// <summary>How far each webhook has been told.</summary>
    public IReadOnlyList<WebhookStatus> Webhooks => _events.Webhooks;

    /// <summary>The last diagnosis of each upstream that failed lately, or of the one named.</summary>
    public IReadOnlyList<UpstreamDiagnosis> Diagnoses(string? upstream) => _engine.Parts.Diagnoses.Book.Latest(upstream);

    /// <summary>Examines destinations under the present configuration.</summary>
    internal CheckService Checks => _engine.Parts.Diagnoses.Checks;

    /// <summary>Stops accepting and beginning; what is under way has <c>server.stop_timeout</c>, then it is cut off, its mail kept.</summary>
    public async Task StopAsync()
    {
        if (_stopped) return;
        _stopped = true;
        var grace = _config.Server.StopTimeout;
        await _pickup.StopAsync();
        await Task.WhenAll(_listeners.StopAsync(grace), _engine.StopAsync(grace));
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _listeners.DisposeAsync();
        await _pickup.DisposeAsync();
        await _engine.DisposeAsync();
        await EndAsync();
        _trends.Dispose();
        await Store.DisposeAsync();
    }

    /// <summary>For a process that ends before all has stopped: tells that it does, and writes down what is known of incidents.</summary>
    public async Task EndAsync()
    {
        if (_started is { } started) _news.Stopped(_config.Server.Hostname, _time.GetElapsedTime(started), Store.Stats.Messages);
        _started = null;
        await _events.DisposeAsync();
        await _keeper.DisposeAsync();
    }
}

/// <summary>What was forgotten.</summary>
/// <param name="Groups">Of which.</param>
internal sealed record UpstreamReset(IReadOnlyList<string> Groups, int Limits, int Rests);
