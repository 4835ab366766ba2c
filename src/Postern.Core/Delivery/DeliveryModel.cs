using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Postern.Core.Configuration;
using Postern.Core.Shaping;
using Postern.Core.Upstreams;
using Postern.Protocols.Smtp;

namespace Postern.Core.Delivery;

/// <summary>
/// Everything delivery takes from the configuration, compiled. Immutable, swapped whole on reload: a message under way ends under the model it
/// began with.
/// </summary>
internal sealed class DeliveryModel
{
    private readonly Dictionary<string, UpstreamModel> _upstreams;
    private readonly ConcurrentDictionary<string, UpstreamPool?> _pools = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<EgressChoice, ClientSettings> _mxSettings = new();
    private readonly UpstreamRegistry _registry;
    private readonly TimeProvider _time;

    public DeliveryModel(PosternConfig config, UpstreamRegistry registry, int generation, TimeProvider time)
    {
        Config = config;
        _time = time;
        _registry = registry;
        Generation = generation;
        Shaping = new ShapingModel(config);
        Limits = new SessionLimits(config);
        Retry = new RetrySchedule(config.Delivery.Retry, config.Delivery.RetryJitterPercent);
        Egress = new EgressModel(config);
        _upstreams = config.Upstream.ToDictionary(u => u.Name, u => new UpstreamModel(u, config, registry, Shaping, generation), StringComparer.OrdinalIgnoreCase);
    }

    public PosternConfig Config { get; }

    /// <summary>Grows with each reload: sessions opened under another generation are not used again.</summary>
    public int Generation { get; }
    public SessionLimits Limits { get; }
    public ShapingModel Shaping { get; }
    public RetrySchedule Retry { get; }
    public EgressModel Egress { get; }

    /// <summary>The pool of the named upstreams; null when none of them is configured any more.</summary>
    public UpstreamPool? Pool(string names) => _pools.TryGetValue(names, out var pool) ? pool : _pools.GetOrAdd(names, Compile);

    /// <summary>One host of a domain's MX, or the domain's own address literal.</summary>
    /// <param name="group">Who counts us together, and what is fixed for it; see <see cref="ShapingModel.ForMx"/>.</param>
    public Candidate MxCandidate(string host, IPAddress? address, EgressChoice egress, (string Name, LaneLimits Limits) group)
    {
        int port = Config.Delivery.MxPort;
        string name = RestsAt(host);
        var upstream = _registry.MxHost(egress.Name.Length == 0 ? name : $"{name} from {egress.Name}");
        upstream.Group = group.Name;
        return new Candidate
        {
            Upstream = upstream,
            Gate = upstream.Gate(""),
            Group = group.Name,
            RestsAt = name,
            Lane = _registry.Lanes.For(group.Name, egress.Name, group.Limits, _registry.WarmUps.For(group.Name, egress.Name)),
            Host = host,
            Port = port,
            Address = address,
            Egress = egress,
            Settings = _mxSettings.GetOrAdd(egress, e => ClientSettingsFactory.ForMx(Config, e.Hello)),
            SessionKey = string.Create(CultureInfo.InvariantCulture, $"{name}|{egress.Name}|{Generation}"),
            Generation = Generation,
            MaxSessions = Config.Delivery.MaxSessionsPerDestination,
            MaxMessagesPerSession = Config.Delivery.MaxMessagesPerSession,
        };
    }

    /// <summary>See <see cref="Candidate.RestsAt"/>.</summary>
    public string RestsAt(string host) => string.Create(CultureInfo.InvariantCulture, $"{host}:{Config.Delivery.MxPort}");

    private UpstreamPool? Compile(string names)
    {
        var members = new List<UpstreamModel>();
        foreach (string name in names.Split(','))
        {
            if (_upstreams.TryGetValue(name, out var upstream)) members.Add(upstream);
        }
        return members.Count == 0 ? null : new UpstreamPool(members, _registry, _time);
    }
}
