using System.Diagnostics.Metrics;

namespace Postern.Core.Telemetry;

public sealed partial class PosternMetrics
{
    internal Counter<long> AttemptFailures { get; } = meter.CreateCounter<long>(
        "postern_attempt_failures", "{attempt}", "Attempts that failed, by cause (the words of docs/causes). Alert on a rise of ip-reputation, network-path, auth-failed or local-dns: those are ours to mend.");

    internal Counter<long> Probes { get; } = meter.CreateCounter<long>(
        "postern_probes", "{probe}", "Closer looks at upstreams in trouble. result: done, busy (too many waited; asked for again with the next failure), failed (a bug: see the log).");

    internal Counter<long> IncidentsOpened { get; } = meter.CreateCounter<long>(
        "postern_incidents_opened", "{incident}", "Incidents that began, by cause; one that comes back within a minute of its end counts again.");

    internal Counter<long> IncidentsClosed { get; } = meter.CreateCounter<long>(
        "postern_incidents_closed", "{incident}", "Incidents that ended, by the cause they had then, which may differ from the one they were opened with.");

    /// <summary>Registers the gauge that looks at the incidents when somebody scrapes.</summary>
    internal void ObserveIncidents(Func<IEnumerable<Measurement<long>>> open) =>
        Meter.CreateObservableGauge("postern_incidents_open", open, "{incident}", "Troubles of single upstreams that go on now, by cause. Alert when one lasts longer than you promise your senders.");
}
