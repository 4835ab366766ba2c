using System.Collections.Concurrent;
using Postern.Api;
using Postern.Core.Diagnoses;
using Postern.Core.Events;
using Postern.Core.Queue;
using Postern.Core.Trends;

namespace Postern.Dashboard;

/// <summary>The relay at one moment, as all open pages show it. Immutable but for what is worked out once on demand.</summary>
internal sealed record RelaySnapshot
{
    private readonly ConcurrentDictionary<(string, int), IReadOnlyList<UpstreamMinute>> _upstreamMinutes = new();
    private readonly ConcurrentDictionary<int, IReadOnlyList<TrendMinute>> _minutes = new();

    public required DateTimeOffset At { get; init; }
    public required string Version { get; init; }
    public required string Hostname { get; init; }
    public required DateTimeOffset StartedAt { get; init; }
    public required IReadOnlyList<string> Listening { get; init; }
    public required IReadOnlyList<string> Problems { get; init; }
    public required IReadOnlyList<string> Notes { get; init; }
    public required QueueStats Queue { get; init; }

    /// <summary>Open ones: alerts before notes, those with the most waiting mail first.</summary>
    public required IReadOnlyList<Incident> Incidents { get; init; }
    public required IReadOnlyList<UpstreamContract> Upstreams { get; init; }
    public required IReadOnlyList<GroupContract> Groups { get; init; }
    public required IReadOnlyList<WebhookStatus> FailingWebhooks { get; init; }

    /// <summary>Newest first, at most <see cref="EventTail.Most"/>.</summary>
    public required IReadOnlyList<EventLine> Events { get; init; }

    /// <summary>Null while the relay starts.</summary>
    public required TrendBook? Trends { get; init; }

    /// <summary>Since the start.</summary>
    public TrendMinute Totals => Trends?.Totals ?? default;

    public IReadOnlyList<Incident> Alerts => [.. Incidents.Where(i => i.Level == "alert")];

    /// <summary>Nothing ever came in or waits: whoever looks has just set it up.</summary>
    public bool IsNew => Queue is { Accepted: 0, Messages: 0 } && Totals is { Accepted: 0, Delivered: 0 };

    /// <summary>The last minutes, oldest first.</summary>
    public IReadOnlyList<TrendMinute> Minutes(int count) => _minutes.GetOrAdd(count, c => Trends?.Minutes(c) ?? []);

    /// <summary>The same of one upstream; without attempts when it was not tried.</summary>
    public IReadOnlyList<UpstreamMinute> Minutes(string upstream, int count) => _upstreamMinutes.GetOrAdd((upstream, count), key => Trends?.Upstream(key.Item1, key.Item2) ?? [.. Minutes(key.Item2).Select(m => new UpstreamMinute(m.At))]);
}
