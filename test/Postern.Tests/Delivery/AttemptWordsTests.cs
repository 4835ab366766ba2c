using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text;
using Microsoft.Extensions.Logging;
using Postern.Core.Configuration;
using Postern.Core.Telemetry;
using Postern.Logging;
using Postern.Protocols.Dns;

namespace Postern.Tests.Delivery;

/// <summary>Everybody who learns from an attempt is told the same.</summary>
public sealed class AttemptWordsTests
{
    private static readonly PosternConfig Config = new()
    {
        Server = new() { Hostname = "relay.test" },
        Delivery = new() { RetryJitterPercent = 0 },
        Route = [new RouteConfig { Via = RouteVia.Mx }],
    };

    [Theory]
    [InlineData("null.test", "bounced", 0, 1)]
    [InlineData("mute.test", "deferred", 1, 0)]
    public async Task A_destination_without_a_plan_has_the_same_word_in_log_metric_span_and_evidence(string domain, string word, int deferred, int refused)
    {
        const string Trace = "0af7651916cd43dd8448eb211c80319c";
        var counted = new ConcurrentQueue<string>();
        var spans = new ConcurrentQueue<string>();
        var log = new MemoryStream();
        var zone = new ZoneResolver().Mx("null.test", (0, "")).Trouble("mute.test", DnsStatus.ServFail);
        using var tracing = new ActivityListener
        {
            ShouldListenTo = source => source.Name == PosternTraces.SourceName,
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = span =>
            {
                // Other tests' relays are in this process too.
                if (span.TraceId.ToString() == Trace) spans.Enqueue($"{span.GetTagItem("postern.outcome")} {span.GetTagItem("postern.recipients.deferred")} {span.GetTagItem("postern.recipients.refused")}");
            },
        };
        ActivitySource.AddActivityListener(tracing);
        Postern.Diagnosis.Evidence.AttemptEvidence evidence;
        using (var logs = new LineLoggerProvider(log, new LogConfig(), TextForm.Full, TimeProvider.System))
        using (var factory = new LoggerFactory([logs]))
        await using (var rig = new DeliveryRig(Config, zone, loggers: factory))
        {
            using var metering = new MeterListener();
            metering.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument == rig.Metrics.Attempts) listener.EnableMeasurementEvents(instrument);
            };
            metering.SetMeasurementEventCallback<long>((_, _, tags, _) =>
            {
                foreach (var tag in tags)
                    if (tag.Key == "outcome") counted.Enqueue((string)tag.Value!);
            });
            metering.Start();
            var id = rig.Send($"you@{domain}", from: "", with: e => e with { Traceparent = $"00-{Trace}-b7ad6b7169203331-01" });
            await DeliveryRig.Until(() => rig.Store.Settlements.Any(s => s.Id == id), "the settlement");
            evidence = rig.LastSettlement(id).Evidence!;
        }
        Assert.Equal((deferred, refused), (evidence.Deferred, evidence.Refused));
        Assert.Equal([word], counted);
        Assert.Equal([$"{word} {deferred} {refused}"], spans);
        string line = Assert.Single(Encoding.UTF8.GetString(log.ToArray()).Split('\n'), l => l.Contains($"you@{domain}:", StringComparison.Ordinal));
        Assert.Contains($" outcome={word} ", line, StringComparison.Ordinal);
        Assert.Contains($"you@{domain}:{word}", line, StringComparison.Ordinal);
    }
}
