using System.Diagnostics.Metrics;
using System.Text;
using Postern.Core.Queue;
using Postern.Core.Telemetry;

namespace Postern.Cli;

/// <summary>Writes docs/metrics.md from the instruments themselves.</summary>
internal static class MetricsReference
{
    public static string Write()
    {
        var instruments = new SortedDictionary<string, Instrument>(StringComparer.Ordinal);
        using var metrics = new PosternMetrics();
        // Our own meter only: another thread may be making instruments of the same names.
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter == metrics.Meter) instruments[instrument.Name] = instrument;
            },
        };
        // Those that look at a running relay are made when it starts.
        metrics.ObserveDelivery(() => [], () => [], () => 0, () => 0, () => 0);
        metrics.ObserveQueue(() => new QueueStats());
        metrics.ObserveWebhooks(() => [], () => []);
        metrics.ObserveShaping(() => [], () => [], () => [], _ => []);
        listener.Start();
        metrics.ObserveIncidents(() => []);
        var text = new StringBuilder("""
            # Metrics

            <!-- Made by `postern config metrics`; a test compares it with the program. Change the descriptions in PosternMetrics*.cs instead. -->

            Prometheus text at `http://127.0.0.1:8025/metrics`. Names as Prometheus sees them; histograms have `_bucket`, `_sum` and `_count`.

            | metric | type | what it says |
            |---|---|---|

            """.ReplaceLineEndings("\n"));
        foreach (var instrument in instruments.Values)
        {
            bool isCounter = instrument.GetType().Name is var type && type.StartsWith("Counter", StringComparison.Ordinal) || type.StartsWith("ObservableCounter", StringComparison.Ordinal);
            string kind = isCounter ? "counter" : type.StartsWith("Histogram", StringComparison.Ordinal) ? "histogram" : "gauge";
            text.Append("| `").Append(PrometheusName(instrument, isCounter)).Append("` | ").Append(kind).Append(" | ").Append(instrument.Description?.Replace("|", "\\|", StringComparison.Ordinal)).Append(" |\n");
        }
        return text.ToString();
    }

    /// <summary>As the exporter names it: unit in full, _total for counters.</summary>
    internal static string PrometheusName(Instrument instrument, bool isCounter)
    {
        string unit = instrument.Unit switch { "s" => "seconds", "By" => "bytes", "1" => "ratio", _ => "" };
        string name = instrument.Name;
        if (unit.Length > 0 && !name.EndsWith("_" + unit, StringComparison.Ordinal)) name += "_" + unit;
        return isCounter && !name.EndsWith("_total", StringComparison.Ordinal) ? name + "_total" : name;
    }
}
