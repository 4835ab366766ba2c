using System.Diagnostics.Metrics;

namespace Postern.Core.Telemetry;

public sealed partial class PosternMetrics
{
    internal Counter<long> EventsPublished { get; } = meter.CreateCounter<long>(
        "postern_events_published", "{event}", "Events that were put into the event log. type: as in the guide (incident.opened, message.bounced, …).");

    internal Counter<long> EventsLost { get; } = meter.CreateCounter<long>(
        "postern_events_lost", "{event}", "Events that could not be written to the event log, because the disk does not take them. Alert on any.");

    internal Counter<long> WebhookPosts { get; } = meter.CreateCounter<long>(
        "postern_webhook_posts", "{post}", "Posts to webhooks. webhook: its configured name; result: taken, failed (tried again). Alert when failed rises and taken does not.");

    /// <summary>Registers the gauges that look at the webhooks when somebody scrapes.</summary>
    /// <param name="waiting">By webhook.</param>
    /// <param name="lag">The same.</param>
    internal void ObserveWebhooks(Func<IEnumerable<Measurement<long>>> waiting, Func<IEnumerable<Measurement<double>>> lag)
    {
        Meter.CreateObservableGauge("postern_webhook_waiting", waiting, "{event}", "Events after the last one that a webhook took or did not want. webhook: its configured name.");
        Meter.CreateObservableGauge("postern_webhook_lag", lag, "s", "Age of the event that a webhook could not be told yet; 0 when there is none. webhook: its configured name. Alert when it exceeds what your alarms may be late.");
    }
}
