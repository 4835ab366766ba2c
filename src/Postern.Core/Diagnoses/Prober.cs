using System.Net;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Postern.Core.Telemetry;
using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.Probes;

namespace Postern.Core.Diagnoses;

/// <summary>What probes would look at for one failure.</summary>
/// <param name="Target">Its hosts are the ones in question and come first; the others are looked up.</param>
/// <param name="Egress">The addresses of ours that the attempt used; empty for the system's choice.</param>
/// <param name="Hello">Said in EHLO.</param>
/// <param name="Unconnected">The host and the one address of it that the attempt could not connect to; null when it failed otherwise.</param>
internal readonly record struct ProbeWish(ProbeTarget Target, IReadOnlyList<IPAddress> Egress, string Hello, ProbeTarget? Unconnected = null);

/// <summary>
/// Looks closer at upstreams in trouble, beside the delivery: once for each incident, one at a time, in the order of asking. When too many wait, an incident is left
/// to the next failure that asks. Before it looks at everything it asks, where an attempt could not connect, whether our other addresses can: that may settle it within
/// a round trip. Never sends mail, never delays it.
/// </summary>
/// <param name="glance">At <see cref="ProbeWish.Unconnected"/> from our other addresses. Ends by its own deadline.</param>
/// <param name="probe">Ends by its own deadline.</param>
internal sealed class Prober(Func<ProbeWish, CancellationToken, ValueTask<IReadOnlyList<Fact>>> glance, Func<ProbeWish, CancellationToken, Task<IReadOnlyList<Fact>>> probe, PosternMetrics metrics, ILogger logger) : IAsyncDisposable
{
    internal const int MaxWaiting = 32;

    private readonly Channel<Request> _requests = Channel.CreateBounded<Request>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private Task? _work;

    private sealed record Request(LiveIncident Incident, ProbeWish Wish, Func<IReadOnlyList<Fact>, bool> Done);

    /// <summary>Does nothing when it has been asked for this incident before, or too many wait.</summary>
    /// <param name="done">Given what was found; true when that settles the matter and nothing more is to be looked at.</param>
    public void Ask(LiveIncident incident, ProbeWish wish, Func<IReadOnlyList<Fact>, bool> done)
    {
        if (incident.IsProbeAsked) return;
        lock (_lock)
        {
            if (incident.IsProbeAsked || _stop.IsCancellationRequested) return;
            if (!_requests.Writer.TryWrite(new Request(incident, wish, done)))
            {
                metrics.Probes.Add(1, new KeyValuePair<string, object?>("result", "busy"));
                return;
            }
            incident.IsProbeAsked = true;
            _work ??= Task.Run(WorkAsync);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task? work;
        lock (_lock)
        {
            if (!_requests.Writer.TryComplete()) return;
            _stop.Cancel();
            work = _work;
        }
        if (work is not null) await work;
        _stop.Dispose();
    }

    /// <summary>True when that was enough.</summary>
    private async ValueTask<bool> GlanceAsync(Request request)
    {
        if (request.Wish.Unconnected is null) return false;
        var found = await glance(request.Wish, _stop.Token);
        return found.Count > 0 && request.Done(found);
    }

    private async Task WorkAsync()
    {
        await foreach (var request in _requests.Reader.ReadAllAsync(CancellationToken.None))
        {
            if (_stop.IsCancellationRequested) return;
            // It healed while it waited.
            if (request.Incident.ClosedAt is not null) continue;
            try
            {
                if (!await GlanceAsync(request)) request.Done(await probe(request.Wish, _stop.Token));
                metrics.Probes.Add(1, new KeyValuePair<string, object?>("result", "done"));
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // A bug of a probe must not end all probing, and never delivery.
                metrics.Probes.Add(1, new KeyValuePair<string, object?>("result", "failed"));
                PosternLog.ProbeBroke(logger, e, request.Incident.Upstream);
            }
        }
    }
}
