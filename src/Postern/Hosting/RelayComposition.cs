using Postern.Api;
using Postern.Core;
using Postern.Core.Configuration;
using Postern.Core.Diagnoses;
using Postern.Core.Telemetry;
using Postern.Core.Upstreams;
using Postern.Diagnosis.Checks;
using Postern.Protocols.Dns;
using Postern.Protocols.Smtp;

namespace Postern.Hosting;

/// <summary>Starts the real relay for the serving process.</summary>
internal static class RelayComposition
{
    /// <summary>Ten pages, more than an operator reads; MX hosts come and go by the thousand.</summary>
    private const int MaxUpstreams = 2000;

    public static async Task<RunningRelay> StartAsync(PosternConfig config, ILoggerFactory logs, CancellationToken cancel)
    {
        var resolver = Resolver.Of(config.Dns.Servers, config.Dns.Timeout, TimeProvider.System);
        var metrics = new PosternMetrics();
        return Compose(await Relay.StartAsync(config, new RelayDependencies(resolver, TimeProvider.System, logs, metrics), cancel), config);
    }

    /// <summary>A started relay as its process sees it.</summary>
    internal static RunningRelay Compose(Relay relay, PosternConfig config)
    {
        var current = config;
        return new RunningRelay(
            relay.Store,
            () => [.. relay.SmtpEndpoints.Select(e => e.ToString())],
            () => Upstreams(relay, current),
            async (next, stop) =>
            {
                await relay.ApplyAsync(next, stop);
                current = next;
            },
            stop => StopAsync(relay, stop))
        {
            Reloaded = relay.Reloaded,
            Http = relay.Http,
            Pulse = relay.PulseAsync,
            Insight = new RelayInsight(relay.Incidents, relay.Incident, relay.Diagnoses, async (target, stop) => (await CheckAsync(relay, target, progress: null, stop)).Report, relay.Events, () => relay.Webhooks),
            Detail = new RelayDetail(relay.Trends, relay.Upstream, (target, progress, stop) => CheckAsync(relay, target, progress, stop), relay.Standings),
            Shaping = new RelayShaping(() => ShapingView.Groups(relay), () => ShapingView.Egress(relay, current), name => relay.Reset(name) is { } done ? new ResetResultContract(done.Groups, done.Limits, done.Rests) : null) { IsQuiet = () => relay.Registry.WarmUps.IsEmpty },
        };
    }

    private static Task<CheckResult> CheckAsync(Relay relay, string text, IProgress<CheckEvent>? progress, CancellationToken cancel)
    {
        var target = relay.Checks.Target(text, out string? problem) ?? throw new FormatException(problem);
        return relay.Checks.RunAsync(new CheckRequest(target), progress, cancel);
    }

    private static async Task StopAsync(Relay relay, CancellationToken atOnce)
    {
        try
        {
            await relay.StopAsync().WaitAsync(atOnce);
        }
        catch (OperationCanceledException)
        {
            // What is in flight stays in the queue; that we stop is told all the same, else it would look like a crash.
            await relay.EndAsync();
            throw;
        }
        await relay.DisposeAsync();
    }

    private static List<UpstreamContract> Upstreams(Relay relay, PosternConfig config)
    {
        var pools = relay.Destinations(MaxUpstreams).Where(d => d.Destination.StartsWith("pool:", StringComparison.Ordinal))
            .Select(d => (Names: d.Destination["pool:".Length..].Split('@')[0].Split(','), d.Waiting)).ToList();
        return [.. relay.Upstreams(MaxUpstreams).Select(u => Contract(u, config) with { Waiting = u.IsPool ? pools.Where(p => p.Names.Contains(u.Name)).Sum(p => (long)p.Waiting) : null })];
    }

    private static UpstreamContract Contract(UpstreamSnapshot upstream, PosternConfig config)
    {
        var health = upstream.Health;
        return new UpstreamContract
        {
            Name = upstream.Name,
            Address = config.Upstream.FirstOrDefault(u => u.Name.Equals(upstream.Name, StringComparison.OrdinalIgnoreCase))?.Address ?? upstream.Name,
            State = health.State switch { GateState.Open => "up", GateState.HalfOpen => "probing", _ => "down" },
            Since = health.Since,
            NextProbe = health.State == GateState.Open ? null : health.Until,
            Sessions = upstream.OpenSessions,
            LastProblem = health.LastFailure is { } failure ? $"{failure.Stage.Word()}: {failure.Detail}" : null,
            Group = upstream.Group,
            Ejection = upstream.Ejection is { } ejection ? new EjectionContract(ejection.At, ejection.Until, ejection.Times, ejection.Words) : null,
        };
    }
}
