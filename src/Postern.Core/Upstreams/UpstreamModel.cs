using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Postern.Core.Configuration;
using Postern.Core.Shaping;
using Postern.Protocols.Smtp;

namespace Postern.Core.Upstreams;

/// <summary>One configured upstream, compiled. Immutable; the candidates made from it are kept, one for each egress choice and port.</summary>
internal sealed class UpstreamModel
{
    private readonly ConcurrentDictionary<(EgressChoice Egress, int Port), Candidate> _candidates = new();
    private readonly PosternConfig _config;
    private readonly UpstreamState _state;
    private readonly UpstreamRegistry _registry;
    private readonly string _group;
    private readonly LaneLimits _limits;
    private readonly X509Certificate2Collection? _authorities;
    private readonly int _generation;

    /// <exception cref="InvalidDataException">See <see cref="ClientSettingsFactory.Authorities"/>.</exception>
    public UpstreamModel(UpstreamConfig upstream, PosternConfig config, UpstreamRegistry registry, ShapingModel shaping, int generation)
    {
        Config = upstream;
        _config = config;
        _state = registry.Pool(upstream.Name);
        _registry = registry;
        _generation = generation;
        (Host, Port) = Split(upstream.Address);
        (_group, _limits) = shaping.ForUpstream(upstream, Host);
        _state.Group = _group;
        Ports = [Port, .. upstream.Ports.Where(p => p != Port).Distinct()];
        _authorities = ClientSettingsFactory.Authorities(upstream);
    }

    public UpstreamConfig Config { get; }
    public string Host { get; }
    public int Port { get; }

    /// <summary>Its port, and those to be used when that one cannot be connected.</summary>
    public IReadOnlyList<int> Ports { get; }
    public UpstreamState State => _state;

    public Candidate For(EgressChoice egress, int port) => _candidates.TryGetValue((egress, port), out var known) ? known : _candidates.GetOrAdd((egress, port), Make);

    private Candidate Make((EgressChoice Egress, int Port) way) => new()
    {
        Upstream = _state,
        Gate = _state.Gate(string.Create(CultureInfo.InvariantCulture, $"{way.Port}|{way.Egress.Name}")),
        Group = _group,
        RestsAt = Config.Name,
        Lane = _registry.Lanes.For(_group, way.Egress.Name, _limits, _registry.WarmUps.For(_group, way.Egress.Name)),
        Host = Host,
        Port = way.Port,
        Address = IPAddress.TryParse(Host, out var address) ? address : null,
        Egress = way.Egress,
        Families = Config.Family,
        Settings = ClientSettingsFactory.ForUpstream(Config, way.Port, _authorities, _config.Timeouts, way.Egress.Hello),
        SessionKey = string.Create(CultureInfo.InvariantCulture, $"{Config.Name}:{way.Port}|{way.Egress.Name}|{_generation}"),
        Generation = _generation,
        MaxSessions = Config.MaxSessions ?? _config.Delivery.MaxSessionsPerDestination,
        MaxMessagesPerSession = Config.MaxMessagesPerSession ?? _config.Delivery.MaxMessagesPerSession,
    };

    /// <summary>"host:port" or "[2001:db8::1]:port"; the loader has checked it. Without a port, 25.</summary>
    private static (string Host, int Port) Split(string address)
    {
        int colon = address.LastIndexOf(':');
        if (colon <= 0 || !int.TryParse(address.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port)) return (address.Trim('[', ']'), 25);
        return (address[..colon].Trim('[', ']'), port);
    }
}
