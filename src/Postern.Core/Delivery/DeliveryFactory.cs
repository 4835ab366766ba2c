using Microsoft.Extensions.Logging;
using Postern.Core.Bounces;
using Postern.Core.Configuration;
using Postern.Core.Decisions;
using Postern.Core.Diagnoses;
using Postern.Core.Events;
using Postern.Core.Queue;
using Postern.Core.Routing;
using Postern.Core.Shaping;
using Postern.Core.Telemetry;
using Postern.Core.Trends;
using Postern.Core.Upstreams;
using Postern.Core.WarmUp;
using Postern.Protocols.Dns;

namespace Postern.Core.Delivery;

/// <summary>Puts delivery together from its parts.</summary>
internal static class DeliveryFactory
{
    /// <param name="random">0 to 1, for jitter.</param>
    /// <param name="spoolFolder">Must exist.</param>
    /// <param name="news">Null: nobody listens to events.</param>
    /// <param name="trends">Null: nobody looks back.</param>
    public static DeliveryEngine Create(PosternConfig config, IQueueStore store, MailRouter router, IResolver resolver, OwnAddresses own, PosternMetrics metrics, ILoggerFactory loggers, TimeProvider time, Func<double> random, string spoolFolder, DiagnosisSetup? diagnosis = null, RelayNews? news = null, TrendBook? trends = null)
    {
        var logger = loggers.CreateLogger("Postern.Delivery");
        news ??= new RelayNews(null, metrics);
        string state = Path.Combine(config.Server.Data, "state");
        var registry = new UpstreamRegistry(config.Delivery.Retry, new LaneBook(time, new LearnedLimits(state, logger)), time) { WarmUps = new WarmUpBook(time, new WarmUpFile(state, logger), logger) };
        registry.WarmUps.Apply(config);
        registry.Recovered = static candidate => candidate.Lane.Reset();
        var pool = new SessionPool(time);
        var planner = new DeliveryPlanner(resolver, new MxLookup(resolver, isOurName: own.IsOurName), own, registry.Rests, time);
        var composer = new BounceComposer(new BounceSettings(config.Server.Hostname, config.Delivery.Expire), time, loggers.CreateLogger("Postern.Bounces"));
        var diagnoses = (diagnosis ?? DiagnosisSetup.Default).Start(config, resolver, metrics, loggers, time, news);
        var explainer = new AttemptExplainer(diagnoses.Explainer, registry, time);
        var settler = new Settler(store, new Notifier(composer, router, store, explainer), explainer, news, random, logger);
        var watch = new RestWatch(registry.Rests, diagnoses.Checks.BlocklistsAsync, logger, time);
        var parts = new DeliveryParts(store, new Decider(DecisionTable.Default, router), settler, new Rerouter(router, settler, logger), planner, pool, new SessionOpener(planner, pool, registry, time), registry, watch, explainer, diagnoses, news, metrics, logger, time, spoolFolder) { Trends = trends };
        var engine = new DeliveryEngine(parts, new DeliveryModel(config, registry, generation: 1, time));
        diagnoses.Waiting = destination => engine.Scheduler.Depth(destination);
        return engine;
    }
}
