using System.Diagnostics.Metrics;
using Postern.Core.Events;
using Postern.Core.Scheduling;
using Postern.Core.Shaping;
using Postern.Core.Telemetry;
using Postern.Diagnosis.History;

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

    /// <summary>Groups that are neither configured nor a known provider are left out: their names are endless.</summary>
    public static void ObserveShaping(PosternMetrics metrics, DeliveryEngine engine) => metrics.ObserveShaping(
        () => Lanes(engine).Select(l => new Measurement<long>(l.MaxSessions, new("upstream", l.Group), new("egress", l.Egress))),
        () => Lanes(engine).SelectMany(l => l.Lessons, (l, lesson) => new Measurement<double>(PerMinute(lesson), new("upstream", l.Group), new("egress", l.Egress), new("limit", Word(lesson.Kind)))),
        () => engine.Registry.Rests.Snapshot().GroupBy(r => r.Egress).Select(g => new Measurement<long>(g.Count(), new KeyValuePair<string, object?>("egress", g.Key))),
        read => engine.Registry.WarmUps.Snapshot().Runs.Where(r => r.DoneOn is null && IsNamed(engine, r.Group)).Select(r => new Measurement<long>(read(r), new("upstream", r.Group), new("egress", r.Egress))));

    private static IEnumerable<LaneSnapshot> Lanes(DeliveryEngine engine) => engine.Registry.Lanes.Snapshot().Where(l => IsNamed(engine, l.Group));

    private static readonly Lazy<HashSet<string>> Providers = new(() => [.. ProviderTable.Default.Names]);

    private static bool IsNamed(DeliveryEngine engine, string group) =>
        Providers.Value.Contains(group) || engine.Model.Config.Upstream.Any(u => u.Name.Equals(group, StringComparison.OrdinalIgnoreCase));

    private static double PerMinute(LaneLesson lesson) => lesson.Window is { } window ? lesson.Limit / window.TotalMinutes : lesson.Limit;

    private static string Word(LimitKind kind) => kind switch
    {
        LimitKind.Concurrency => "sessions",
        LimitKind.ConnectionRate => "connections",
        LimitKind.MessageRate => "messages",
        _ => "session_messages",
    };

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
