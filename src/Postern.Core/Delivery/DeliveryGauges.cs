using System.Diagnostics.Metrics;
using Postern.Core.Events;
using Postern.Core.Scheduling;
using Postern.Core.Telemetry;
using Postern.Core.Upstreams;

namespace Postern.Core.Delivery;

/// <summary>The gauges that look at delivery and what tells of it when somebody scrapes; nothing is kept for them meanwhile.</summary>
internal static class DeliveryGauges
{
    public static void Observe(PosternMetrics metrics, DeliveryEngine engine) => metrics.ObserveDelivery(
        () => Depth(engine.Scheduler),
        () => Age(engine.Scheduler, engine.Time.GetUtcNow()),
        () => engine.Scheduler.Workers,
        () => engine.Pool.Idle,
        () => engine.Registry.CountGated());

    public static void ObserveIncidents(PosternMetrics metrics, DeliveryEngine engine) => metrics.ObserveIncidents(engine.Parts.Diagnoses.Book.CountByCause);

    public static void ObserveWebhooks(PosternMetrics metrics, RelayEvents events, TimeProvider time) => metrics.ObserveWebhooks(
        () => events.Webhooks.Select(w => new Measurement<long>(w.Waiting, new KeyValuePair<string, object?>("webhook", w.Name))),
        () => events.Webhooks.Select(w => new Measurement<double>(w.PendingSince is { } since ? Math.Max(0, (time.GetUtcNow() - since).TotalSeconds) : 0, new KeyValuePair<string, object?>("webhook", w.Name))));

    private static IEnumerable<Measurement<long>> Depth(Scheduler scheduler)
    {
        long named = 0;
        foreach (var destination in scheduler.Snapshot(PosternMetrics.TopDestinations))
        {
            named += destination.Waiting;
            yield return new Measurement<long>(destination.Waiting, new KeyValuePair<string, object?>("destination", destination.Destination));
        }
        long rest = scheduler.Waiting - named;
        if (rest > 0) yield return new Measurement<long>(rest, new KeyValuePair<string, object?>("destination", "other"));
    }

    private static IEnumerable<Measurement<double>> Age(Scheduler scheduler, DateTimeOffset now)
    {
        foreach (var destination in scheduler.Snapshot(PosternMetrics.TopDestinations))
        {
            if (destination.OldestAcceptedAt is { } oldest) yield return new Measurement<double>((now - oldest).TotalSeconds, new KeyValuePair<string, object?>("destination", destination.Destination));
        }
    }
}
