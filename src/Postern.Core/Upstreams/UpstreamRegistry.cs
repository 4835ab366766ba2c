using System.Collections.Concurrent;
using Postern.Core.Shaping;
using Postern.Core.WarmUp;

namespace Postern.Core.Upstreams;

/// <summary>
/// All upstreams and MX hosts there is something to know of, by name; also the gates of domains whose look-up fails. Named upstreams stay,
/// MX hosts and domains are forgotten an hour after their last use. Thread safe.
/// </summary>
/// <param name="retry">The configured retry schedule: its last wait is the longest between two tries of an MX host.</param>
internal sealed class UpstreamRegistry(IReadOnlyList<TimeSpan> retry, LaneBook lanes, TimeProvider time)
{
    private static readonly TimeSpan Memory = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<string, UpstreamState> _states = new(StringComparer.Ordinal);
    private GateLadder _mx = GateLadder.ForMx(retry);
    private readonly ConcurrentDictionary<string, UpstreamHealth> _domains = new(StringComparer.Ordinal);
    /// <summary>Which of our addresses rest where.</summary>
    public EgressRests Rests { get; } = new(time);

    /// <summary>How much may be sent to whom, from where.</summary>
    public LaneBook Lanes { get; } = lanes;

    /// <summary>Which of our addresses are new to whom.</summary>
    public WarmUpBook WarmUps { get; init; } = new(time);

    /// <summary>Which addresses of hosts did not answer lately.</summary>
    public AddressHealth Addresses { get; } = new(time);

    /// <summary>A gate was opened after an outage, by the first message that passed: who shapes begins with one session. On the delivery path: must not block.</summary>
    public Action<Candidate>? Recovered { get; set; }

    /// <summary>A member was put out of its pool's turns. The same.</summary>
    public Action<UpstreamState, Ejection>? Ejected { get; set; }


    public UpstreamState Pool(string name) =>
        _states.TryGetValue(name, out var state) ? state : _states.GetOrAdd(name, n => new UpstreamState(n, isPool: true, GateLadder.Pool, time));

    /// <param name="name">"host:port", and the egress name where one is used: a host may refuse one address and take another.</param>
    public UpstreamState MxHost(string name) =>
        _states.TryGetValue(name, out var state) ? state : _states.GetOrAdd(name, n => new UpstreamState(n, isPool: false, _mx, time));

    /// <summary>Null when nothing is known of it.</summary>
    public UpstreamState? Find(string name) => _states.GetValueOrDefault(name);

    /// <summary>The gate of a domain whose MX look-up fails.</summary>
    public UpstreamHealth Domain(string name) => _domains.GetOrAdd(name, _ => new UpstreamHealth(_mx, time));

    /// <summary>A domain's look-up works again.</summary>
    public void ForgetDomain(string name)
    {
        if (!_domains.IsEmpty) _domains.TryRemove(name, out _);
    }

    /// <summary>New MX hosts follow the new schedule.</summary>
    public void Apply(IReadOnlyList<TimeSpan> schedule)
    {
        _mx = GateLadder.ForMx(schedule);
        foreach (var (_, state) in _states) state.ForgetOpenGates();
    }

    /// <summary>Forgets what is no longer used.</summary>
    public void Sweep()
    {
        var now = time.GetUtcNow();
        foreach (var (name, state) in _states)
        {
            // A closed gate is kept until its next try is long due: forgetting it would mean one try per message again.
            if (!state.IsForgettable(Memory)) continue;
            if (state.Health.Until is not { } until || until + Memory < now) _states.TryRemove(name, out _);
        }
        foreach (var (name, health) in _domains)
        {
            if (health.Snapshot().Until + Memory < now) _domains.TryRemove(name, out _);
        }
        Addresses.Sweep();
        Rests.Sweep();
    }

    /// <summary>The groups that a name means: a group's own, an upstream's, an MX host's (with its port or without), or a provider's with what is counted apart for single domains.</summary>
    public IReadOnlyList<string> GroupsOf(string name)
    {
        var known = Lanes.Groups.Concat(Rests.Snapshot().Select(r => r.Group)).Concat(_states.Values.Select(s => s.Group).OfType<string>()).Distinct(StringComparer.Ordinal).ToList();
        var named = known.Where(g => g.Equals(name, StringComparison.OrdinalIgnoreCase) || g.StartsWith(name + "/", StringComparison.OrdinalIgnoreCase)).ToList();
        if (named.Count > 0) return named;
        return [.. _states.Values.Where(s => s.Group is not null && s.IsNamed(name)).Select(s => s.Group!).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Forgets what was learned at a group and which of our addresses rest there, and lets its members take their turns again.</summary>
    public (int Limits, int Rests) Forget(string group)
    {
        foreach (var (_, state) in _states)
        {
            if (state.Group != group) continue;
            state.Ejection = null;
            state.Recent.Clear();
        }
        return (Lanes.Forget(group), Rests.Forget(group));
    }

    /// <summary>Those that were tried since the start, in any order.</summary>
    public IEnumerable<UpstreamState> Tried => _states.Values.Where(s => s.Place is not null);

    /// <summary>Upstreams and MX hosts whose gate is not open.</summary>
    public long CountGated()
    {
        long count = 0;
        foreach (var (_, state) in _states)
        {
            if (state.Health.State != GateState.Open) count++;
        }
        return count;
    }

    /// <summary>Named upstreams first, then hosts that are gated, then the rest; at most <paramref name="most"/>.</summary>
    public IReadOnlyList<UpstreamSnapshot> Snapshot(int most) =>
        [.. _states.Values.OrderByDescending(s => s.IsPool).ThenByDescending(s => s.Health.State != GateState.Open).ThenBy(s => s.Name, StringComparer.Ordinal).Take(most).Select(s => s.Snapshot())];
}
