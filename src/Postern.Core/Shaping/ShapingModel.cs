using System.Collections.Concurrent;
using Postern.Core.Configuration;
using Postern.Core.Routing;
using Postern.Diagnosis.History;

namespace Postern.Core.Shaping;

/// <summary>
/// Which lane a destination belongs to and what is fixed for it, compiled from the configuration and the published limits. Each key comes from the
/// upstream, else the first [[shaping]] section that matches and sets it, else the provider's published limit. Immutable but for its cache; thread safe.
/// </summary>
internal sealed class ShapingModel
{
    private const int MaxCached = 10_000;

    /// <summary>Hosts in the name of a group; domains with more are told apart by the count alone.</summary>
    private const int MaxHosts = 8;

    private readonly ConcurrentDictionary<(string? Upstream, PublishedLimit? Published, ulong Sections), LaneLimits> _cache = new();
    private readonly Section[] _sections;
    private readonly PosternConfig _config;
    private readonly PublishedLimits _published;

    public ShapingModel(PosternConfig config, PublishedLimits? published = null)
    {
        _config = config;
        _published = published ?? PublishedLimits.Default;
        _sections = [.. config.Shaping.Take(64).Select(s => new Section(s))];
    }

    /// <summary>The lane of a named upstream.</summary>
    /// <param name="host">Its host, without the port.</param>
    public (string Group, LaneLimits Limits) ForUpstream(UpstreamConfig upstream, string host)
    {
        string[] hosts = [host];
        return (upstream.Name, Limits(upstream, ProviderTable.Default.Of(host), hosts, Matching(ProviderTable.Default.Of(host), hosts, null)));
    }

    /// <summary>The lane of a domain's mail exchangers: shared by all domains of the same provider, else by all with the same hosts.</summary>
    /// <param name="hosts">The MX hosts, in any order.</param>
    public (string Group, LaneLimits Limits) ForMx(IReadOnlyList<string> hosts, string domain)
    {
        string? provider = hosts.Count == 0 ? null : ProviderTable.Default.Of(hosts[0]);
        ulong sections = Matching(provider, hosts, domain);
        string group = provider ?? GroupOf(hosts, domain);
        for (int i = 0; i < _sections.Length; i++)
            if ((sections & 1UL << i) != 0 && _sections[i].IsForDomain) return ($"{group}/{_sections[i].Name}", Limits(null, provider, hosts, sections));
        return (group, Limits(null, provider, hosts, sections));
    }

    private static string GroupOf(IReadOnlyList<string> hosts, string domain)
    {
        if (hosts.Count == 0) return domain;
        string[] sorted = [.. hosts.Select(h => h.TrimEnd('.').ToLowerInvariant()).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        return sorted.Length <= MaxHosts ? string.Join(',', sorted) : $"{string.Join(',', sorted.Take(MaxHosts))} and {sorted.Length - MaxHosts} more";
    }

    private ulong Matching(string? provider, IReadOnlyList<string> hosts, string? domain)
    {
        ulong matching = 0;
        for (int i = 0; i < _sections.Length; i++)
            if (_sections[i].Matches(provider, hosts, domain)) matching |= 1UL << i;
        return matching;
    }

    private LaneLimits Limits(UpstreamConfig? upstream, string? provider, IReadOnlyList<string> hosts, ulong sections)
    {
        var published = _published.Of(provider, hosts);
        var key = (upstream?.Name, published, sections);
        if (_cache.TryGetValue(key, out var known)) return known;
        if (_cache.Count >= MaxCached) _cache.Clear();
        return _cache.GetOrAdd(key, _ => Make(upstream, published, [.. _sections.Where((_, i) => (sections & 1UL << i) != 0).Select(s => s.Config)]));
    }

    private LaneLimits Make(UpstreamConfig? upstream, PublishedLimit? published, ShapingConfig[] sections)
    {
        int? First(int? own, Func<ShapingConfig, int?> key, int? last) => own ?? sections.Select(key).FirstOrDefault(v => v is not null) ?? last;
        // What the operator set for all destinations is no answer to what one provider publishes: the lower of the two.
        int sessions = Math.Min(_config.Delivery.MaxSessionsPerDestination, published?.MaxSessions ?? int.MaxValue);
        int length = Math.Min(_config.Delivery.MaxMessagesPerSession, published?.MessagesPerSession ?? int.MaxValue);
        return new LaneLimits(
            First(upstream?.MaxSessions, s => s.MaxSessions, sessions)!.Value,
            First(upstream?.MaxConnectionsPerMinute, s => s.MaxConnectionsPerMinute, published?.ConnectionsPerMinute),
            First(upstream?.MaxMessagesPerMinute, s => s.MaxMessagesPerMinute, published?.MessagesPerMinute),
            First(upstream?.MaxMessagesPerHour, s => s.MaxMessagesPerHour, published?.MessagesPerHour),
            First(upstream?.MaxMessagesPerDay, s => s.MaxMessagesPerDay, published?.MessagesPerDay),
            First(upstream?.MaxMessagesPerSession, s => s.MaxMessagesPerSession, length),
            upstream?.Adaptive != false && (sections.Select(s => s.Adaptive).FirstOrDefault(a => a is not null) ?? true))
        {
            Start = published?.Start,
        };
    }

    private sealed class Section(ShapingConfig config)
    {
        private readonly NamePatterns? _provider = config.Match is { Provider.Count: > 0 } match ? new NamePatterns(match.Provider) : null;
        private readonly DomainPatterns? _mx = config.Match is { Mx.Count: > 0 } match ? new DomainPatterns(match.Mx) : null;
        private readonly DomainPatterns? _domain = config.Match is { RecipientDomain.Count: > 0 } match ? new DomainPatterns(match.RecipientDomain) : null;

        public ShapingConfig Config => config;
        public bool IsForDomain => _domain is not null;
        public string Name => config.Match!.RecipientDomain[0];

        public bool Matches(string? provider, IReadOnlyList<string> hosts, string? domain) =>
            (_provider is null || _provider.Matches(provider)) && (_mx is null || hosts.Any(_mx.Matches)) && (_domain is null || domain is not null && _domain.Matches(domain));
    }
}
