using Postern.Core.Routing;
using Postern.Diagnosis.Causes;
using Tomlyn.Model;

namespace Postern.Core.Shaping;

/// <summary>What a provider publishes.</summary>
/// <param name="Source">The page.</param>
/// <param name="Quote">Its words.</param>
internal sealed record PublishedLimit(string Provider, string Source, string Quote, int? MaxSessions, int? ConnectionsPerMinute, int? MessagesPerMinute, int? MessagesPerHour,
    int? MessagesPerDay, int? MessagesPerSession, LaneStart? Start);

/// <summary>The published limits of knowledge/limits.toml. Immutable.</summary>
internal sealed class PublishedLimits
{
    private static readonly Lazy<PublishedLimits> Embedded = new(() => Parse(KnowledgeData.Text("limits.toml")));
    private static readonly string[] LimitKeys = ["max_sessions", "max_connections_per_minute", "max_messages_per_minute", "max_messages_per_hour", "max_messages_per_day", "max_messages_per_session"];

    private readonly (DomainPatterns? Hosts, PublishedLimit Limit)[] _entries;

    private PublishedLimits(IEnumerable<(DomainPatterns?, PublishedLimit)> entries) => _entries = [.. entries];

    public static PublishedLimits Default => Embedded.Value;

    public IEnumerable<PublishedLimit> All => _entries.Select(e => e.Limit);

    /// <param name="hosts">Of the upstream or the MX set.</param>
    /// <returns>Null: the provider publishes nothing for them.</returns>
    public PublishedLimit? Of(string? provider, IReadOnlyList<string> hosts)
    {
        if (provider is null) return null;
        foreach (var (patterns, limit) in _entries)
            if (limit.Provider == provider && (patterns is null || hosts.Any(patterns.Matches))) return limit;
        return null;
    }

    public static PublishedLimits Parse(string text) => new(KnowledgeData.Tables(KnowledgeData.Parse(text), "published").Select(Read));

    private static (DomainPatterns?, PublishedLimit) Read(TomlTable table)
    {
        var limit = Numbers(table, "limit", LimitKeys);
        var start = Numbers(table, "start", ["max_messages_per_minute"]);
        if (limit.Count + start.Count == 0) throw new InvalidDataException("a published entry needs a limit or a start");
        var hosts = KnowledgeData.Strings(table, "hosts");
        return (hosts.Count == 0 ? null : new DomainPatterns(hosts), new PublishedLimit(KnowledgeData.String(table, "provider"), KnowledgeData.String(table, "source"), KnowledgeData.String(table, "quote"),
            limit.GetValueOrDefault(LimitKeys[0]), limit.GetValueOrDefault(LimitKeys[1]), limit.GetValueOrDefault(LimitKeys[2]), limit.GetValueOrDefault(LimitKeys[3]), limit.GetValueOrDefault(LimitKeys[4]), limit.GetValueOrDefault(LimitKeys[5]),
            start.Count == 0 ? null : new LaneStart(start["max_messages_per_minute"])));
    }

    private static Dictionary<string, int?> Numbers(TomlTable table, string key, string[] known)
    {
        var numbers = new Dictionary<string, int?>(StringComparer.Ordinal);
        if (!table.ContainsKey(key)) return numbers;
        foreach (var (name, value) in KnowledgeData.Table(table, key))
        {
            if (!known.Contains(name) || value is not long and not int || Convert.ToInt32(value) is not (> 0 and var number)) throw new InvalidDataException($"{key}.{name} is no limit");
            numbers[name] = number;
        }
        return numbers;
    }
}
