using Postern.Core.Configuration;
using Postern.Core.Routing;
using Postern.Core.Scheduling;

namespace Postern.Core.Shaping;

/// <summary>How many sessions may be used at once: in all, to one destination, to one upstream. Compiled from the configuration, immutable.</summary>
internal sealed class SessionLimits
{
    private readonly Dictionary<string, int> _upstreams;
    private readonly int _perDestination;

    public SessionLimits(PosternConfig config)
    {
        Total = config.Delivery.MaxSessions;
        _perDestination = config.Delivery.MaxSessionsPerDestination;
        Weights = new TenantWeights(config);
        _upstreams = config.Upstream.ToDictionary(u => u.Name, u => u.MaxSessions ?? _perDestination, StringComparer.OrdinalIgnoreCase);
    }

    public int Total { get; }

    /// <summary>How much each tenant's turn counts at a destination.</summary>
    public TenantWeights Weights { get; }

    /// <summary>A pool may use what its members may use together; a domain the limit of one destination.</summary>
    public int For(Destination destination)
    {
        if (destination.Kind == DestinationKind.Mx) return _perDestination;
        int sum = 0;
        foreach (var name in destination.Name.Split(',')) sum += ForUpstream(name);
        return Math.Max(1, sum);
    }

    /// <summary>What a destination weighs beside others when all sessions are in use: as many times more than a domain as it may have sessions.</summary>
    public double WeightOf(int limit) => Math.Clamp((double)limit / _perDestination, 0.25, 8);

    public int ForUpstream(string name) => _upstreams.GetValueOrDefault(name, _perDestination);
}
