using System.Diagnostics.Metrics;

namespace Postern.Core.Telemetry;

public sealed partial class PosternMetrics
{
    /// <summary>Destinations that the gauges by destination name; the others are summed up as "other".</summary>
    internal const int TopDestinations = 100;

    internal Counter<long> Attempts { get; } = meter.CreateCounter<long>(
        "postern_attempts", "{attempt}", "Attempts at one host each. outcome: delivered, partial (some recipients refused or waiting), deferred, bounced, next_host; stage: where it was refused or broke off, otherwise the last one reached. Alert on a rising share of deferred.");

    internal Counter<long> RecipientsSettled { get; } = meter.CreateCounter<long>(
        "postern_recipients_settled", "{recipient}", "Recipients whose fate was settled. status: delivered, bounced. Alert on a rising share of bounced.");

    internal Histogram<double> AttemptDuration { get; } = meter.CreateHistogram(
        "postern_attempt_duration", "s", "Time of one attempt at one host, connecting included where a session was opened. outcome as in postern_attempts.", tags: null, advice: SecondsAdvice);

    internal Histogram<double> QueueTime { get; } = meter.CreateHistogram(
        "postern_queue_time", "s", "Time from acceptance to delivery. Alert on p99 against what you promise your senders.", tags: null, advice: SecondsAdvice);

    internal Counter<long> UpstreamSessionsOpened { get; } = meter.CreateCounter<long>(
        "postern_upstream_sessions_opened", "{session}", "Sessions to upstreams that were tried. result: open, failed.");

    internal Counter<long> GateChanges { get; } = meter.CreateCounter<long>(
        "postern_upstream_gate_changes", "{change}", "Upstreams found unreachable (state closed) or reachable again (open). Not an alert by itself: see postern_destination_age.");

    /// <summary>Registers the gauges that look at a running relay. They are asked at scrape time only.</summary>
    internal void ObserveDelivery(Func<IEnumerable<Measurement<long>>> depth, Func<IEnumerable<Measurement<double>>> age, Func<long> sessions, Func<long> idle, Func<long> gated)
    {
        Meter.CreateObservableGauge("postern_destination_depth", depth, "{message}", "Parts of messages that wait, by destination: the 100 deepest, the rest as other. Alert on growth over an hour.");
        Meter.CreateObservableGauge("postern_destination_age", age, "s", "Age of the oldest message that waits, by destination: the 100 deepest. Alert above what you promise your senders.");
        Meter.CreateObservableGauge("postern_upstream_sessions", sessions, "{session}", "Session loops at work on delivery.");
        Meter.CreateObservableGauge("postern_upstream_sessions_idle", idle, "{session}", "Open sessions that wait for the next message.");
        Meter.CreateObservableGauge("postern_upstreams_gated", gated, "{upstream}", "Upstreams and MX hosts known to be unreachable. Alert when a named upstream stays in it.");
    }
}
