using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Postern.Core.Configuration;
using Postern.Protocols.Smtp;

namespace Postern.Core.Upstreams;

/// <summary>One configured upstream, compiled. Immutable; the candidates made from it are kept, one for each egress choice.</summary>
internal sealed class UpstreamModel
{
    private readonly ConcurrentDictionary<EgressChoice, Candidate> _candidates = new();
    private readonly PosternConfig _config;
    private readonly UpstreamState _state;
    private readonly X509Certificate2Collection? _authorities;
    private readonly int _generation;

    /// <exception cref="InvalidDataException">See <see cref="ClientSettingsFactory.Authorities"/>.</exception>
    public UpstreamModel(UpstreamConfig upstream, PosternConfig config, UpstreamState state, int generation)
    {
        Config = upstream;
        _config = config;
        _state = state;
        _generation = generation;
        (Host, Port) = Split(upstream.Address);
        _authorities = ClientSettingsFactory.Authorities(upstream);
    }

    public UpstreamConfig Config { get; }
    public string Host { get; }
    public int Port { get; }

    public Candidate For(EgressChoice egress) => _candidates.GetOrAdd(egress, Make);

    private Candidate Make(EgressChoice egress) => new()
    {
        Upstream = _state,
        Host = Host,
        Port = Port,
        Address = IPAddress.TryParse(Host, out var address) ? address : null,
        Egress = egress,
        Settings = ClientSettingsFactory.ForUpstream(Config, _authorities, _config.Timeouts, egress.Hello),
        SessionKey = string.Create(CultureInfo.InvariantCulture, $"{Config.Name}|{egress.Name}|{_generation}"),
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
