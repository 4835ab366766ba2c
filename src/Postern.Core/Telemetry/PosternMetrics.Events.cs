using System.Diagnostics.Metrics;

namespace Postern.Core.Telemetry;

public sealed partial class PosternMetrics
{
    internal Counter<long> EventsLost { get; } = meter.CreateCounter<long>(
        "postern_events_lost", "{event}", "Events that could not be written to the event log, because the disk does not take them. Alert on any.");

    internal Counter<long> WebhookPosts { get; } = meter.CreateCounter<long>(
        "postern_webhook_posts", "{post}", "Posts to webhooks. webhook: its configured name; result: taken, failed (tried again). Alert when failed rises and taken does not.");
}
