using System.Diagnostics.Metrics;
using Postern.Core.Queue;

namespace Postern.Core.Telemetry;

public sealed partial class PosternMetrics
{
    /// <summary>Registers the gauges that look at a started store. Asked at scrape time only.</summary>
    internal void ObserveQueue(Func<QueueStats> stats)
    {
        Meter.CreateObservableGauge("postern_queue_messages", () => stats().Messages, "{message}", "Messages kept, in delivery and held ones included. Alert on growth over an hour.");
        Meter.CreateObservableGauge("postern_queue_held", () => stats().Held, "{message}", "Messages held back by an operator. Alert when nobody remembers why.");
        Meter.CreateObservableGauge("postern_queue_accepts_mail", () => stats().AcceptsMail ? 1L : 0, "{state}", "1 while new mail is taken, 0 when the disk is nearly full, the queue has as many messages as it may or cannot be written. Alert on 0.");
        Meter.CreateObservableGauge("postern_queue_live", () => stats().LiveBytes, "By", "Bytes of the journal that waiting mail needs.");
        Meter.CreateObservableGauge("postern_queue_disk", () => stats().DiskBytes, "By", "Bytes of the journal's files, spare ones included.");
        Meter.CreateObservableGauge("postern_queue_disk_free", () => stats().FreeDiskBytes, "By", "Bytes free on the queue's disk. Alert well above queue.min_free, where mail is refused with 452.");
        Meter.CreateObservableCounter("postern_queue_syncs", () => stats().Syncs, "{sync}", "Syncs of the journal to stable storage; concurrent acceptances share one.");
        Meter.CreateObservableCounter("postern_queue_set_aside", () => stats().SetAside, "{record}", "Records of the journal that could not be read and were set aside. Alert on any: the disk lost data.");
    }
}
