using System.Diagnostics.Metrics;
using Postern.Core.WarmUp;

namespace Postern.Core.Telemetry;

public sealed partial class PosternMetrics
{
    /// <summary>Registers the gauges that look at limits, rests and warm-ups when somebody scrapes.</summary>
    internal void ObserveShaping(Func<IEnumerable<Measurement<long>>> sessions, Func<IEnumerable<Measurement<double>>> limits, Func<IEnumerable<Measurement<long>>> rested, Func<Func<WarmUpSnapshot, long>, IEnumerable<Measurement<long>>> warmUps)
    {
        Meter.CreateObservableGauge("postern_upstream_sessions_allowed", sessions, "{session}", "Sessions allowed at once now, by upstream (a configured one or a known provider) and egress address: the lowest of what is configured, learned and opened up so far. Not an alert by itself.");
        Meter.CreateObservableGauge("postern_upstream_learned_limit", limits, "{limit}", "Limits that were learned and hold now. limit: sessions (at once), connections (a minute), messages (a minute), session_messages (on one session). Alert when messages is below what you must send.");
        Meter.CreateObservableGauge("postern_egress_rested", rested, "{upstream}", "Upstreams (limit groups) that turn our address away at present, by egress address. Alert on any: 'postern egress' says who and why.");
        Meter.CreateObservableGauge("postern_egress_warmup_day", () => warmUps(static w => w.Day.Number), "{day}", "Day of the warm-up plan, by egress address and upstream (a configured one or a known provider), until it is done there.");
        Meter.CreateObservableGauge("postern_egress_warmup_allowed", () => warmUps(static w => w.Allowed), "{message}", "Messages that the warm-up plan allows today.");
        Meter.CreateObservableGauge("postern_egress_warmup_taken", () => warmUps(static w => w.Day.Taken), "{message}", "Messages of today that were taken from the address that is warmed up.");
        Meter.CreateObservableGauge("postern_egress_warmup_held", () => warmUps(static w => w.IsHeld ? 1 : 0), "{state}", "1 when the plan has held mail back today, which left from another address or waits. Alert when postern_destination_age grows with it: no other address takes the rest.");
    }
}
