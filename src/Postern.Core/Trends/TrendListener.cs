using System.Diagnostics.Metrics;
using Postern.Core.Queue;
using Postern.Core.Telemetry;

namespace Postern.Core.Trends;

/// <summary>
/// Fills a <see cref="TrendBook"/> with what the relay counts anyway: it listens to a few of its counters, and looks at the queue every ten seconds. So the places
/// where mail is accepted and settled need not know of it.
/// </summary>
internal sealed class TrendListener : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly MeterListener _listener = new();
    private readonly TrendBook _book;
    private ITimer? _timer;

    public TrendListener(TrendBook book, PosternMetrics metrics)
    {
        _book = book;
        // Of this relay only: tests run many in one process.
        Instrument[] wanted = [metrics.MessagesAccepted, metrics.SubmissionsRefused, metrics.CommandsRefused, metrics.RecipientsSettled, metrics.Attempts];
        _listener.SetMeasurementEventCallback<long>(Counted);
        foreach (var instrument in wanted) _listener.EnableMeasurementEvents(instrument, KindOf(instrument, metrics));
        _listener.Start();
    }

    /// <param name="store">Started.</param>
    public void Watch(IQueueStore store, TimeProvider time) => _timer = time.CreateTimer(_ => _book.Waiting(store.Stats.Messages), null, TimeSpan.Zero, Interval);

    public void Dispose()
    {
        _timer?.Dispose();
        _listener.Dispose();
    }

    private static object KindOf(Instrument instrument, PosternMetrics metrics) =>
        instrument == metrics.MessagesAccepted ? TrendKind.Accepted : instrument == metrics.RecipientsSettled ? TrendKind.Delivered : instrument == metrics.Attempts ? TrendKind.Deferred : (object)TrendKind.Refused;

    private void Counted(Instrument instrument, long count, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state)
    {
        var kind = (TrendKind)state!;
        switch (kind)
        {
            case TrendKind.Delivered when Is(tags, "status", "bounced"): kind = TrendKind.Bounced; break;
            // Handed on within the client's own transaction: in and out at once. Counted by messages, since its recipients are not told apart.
            case TrendKind.Accepted when Is(tags, "mode", "inline"): _book.Count(TrendKind.Delivered, count); break;
            // Of attempts, those that leave mail waiting; what became of recipients is counted by them.
            case TrendKind.Deferred when !Is(tags, "outcome", "deferred"): return;
        }
        _book.Count(kind, count);
    }

    private static bool Is(ReadOnlySpan<KeyValuePair<string, object?>> tags, string name, string value)
    {
        foreach (ref readonly var tag in tags)
        {
            if (tag.Key == name) return tag.Value is string text && text == value;
        }
        return false;
    }
}
