using System.Collections.Concurrent;
using Postern.Diagnosis.History;

namespace Postern.Core.Upstreams;

/// <summary>The live side of one upstream of a pool or one MX host: its gates, its open sessions, what happened there lately. Thread safe; survives reloads.</summary>
internal sealed class UpstreamState(string name, bool isPool, GateLadder ladder, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, UpstreamHealth> _gates = new(StringComparer.Ordinal);
    private volatile UpstreamHealth[] _allGates = [];
    private int _openSessions;
    private int _standingSessions;
    private long _lastUsed = time.GetTimestamp();
    private long _downSince;

    /// <summary>The configured name, or "host:port" of an MX host.</summary>
    public string Name { get; } = name;

    /// <summary>Who counts us together with its other hosts (<see cref="Shaping.ShapingModel"/>), as last used; null until then.</summary>
    public string? Group { get; set; }

    /// <summary>It is what a person means by this: its name, or its host with the port or without.</summary>
    public bool IsNamed(string name)
    {
        string host = Name.Split(' ')[0];
        return Name.Equals(name, StringComparison.OrdinalIgnoreCase) || host.Equals(name, StringComparison.OrdinalIgnoreCase) || host.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Configured by name; false for an MX host.</summary>
    public bool IsPool { get; } = isPool;

    /// <summary>The gate of one way to it. An egress address or a port that gets nowhere must not close the others.</summary>
    /// <param name="way">Egress choice and port, in any form that tells them apart.</param>
    public UpstreamHealth Gate(string way)
    {
        if (_gates.TryGetValue(way, out var known)) return known;
        var gate = _gates.GetOrAdd(way, _ => new UpstreamHealth(ladder, time));
        _allGates = [.. _gates.Values];
        return gate;
    }

    /// <summary>Every way that was used is open.</summary>
    public bool IsWell => Array.TrueForAll(_allGates, static g => g.State == GateState.Open) && !OutlierWatch.IsOut(this, time.GetUtcNow());

    /// <summary>All its ways as one: open when any is.</summary>
    public HealthSnapshot Health
    {
        get
        {
            var all = _allGates.Select(g => g.Snapshot()).ToList();
            if (all.Count == 0) return new HealthSnapshot(GateState.Open, null, null, 0, null);
            return all.Find(h => h.State == GateState.Open && h.LastFailure is not null) ?? all.Find(h => h.State == GateState.Open) ?? all.Find(h => h.State == GateState.HalfOpen) ?? all.MinBy(h => h.Until)!;
        }
    }

    /// <summary>The configuration changed: ways that it no longer has must not count as open. What is closed is remembered.</summary>
    public void ForgetOpenGates()
    {
        foreach (var (way, gate) in _gates)
        {
            if (gate.State == GateState.Open) _gates.TryRemove(way, out _);
        }
        _allGates = [.. _gates.Values];
    }

    /// <summary>Attempts of the last minute.</summary>
    public RecentShare Recent { get; } = new(time);

    /// <summary>Out of its pool's turns because it fails much more than the others; null when it is not.</summary>
    public Ejection? Ejection { get; set; }
    public UpstreamHistory History { get; } = new();

    /// <summary>Our attempts there as a time series.</summary>
    public UpstreamRecord Record { get; } = new(name);

    /// <summary>Where it is; null until it was first tried.</summary>
    public UpstreamPlace? Place { get; set; }

    /// <summary>Sessions, those that are still being opened included: what limits count.</summary>
    public int OpenSessions => Volatile.Read(ref _openSessions);

    /// <summary>Sessions that were let in and not ended since: what the peer has accepted at once.</summary>
    public int StandingSessions => Volatile.Read(ref _standingSessions);

    /// <summary>Counts a session that is about to be opened; false when the limit is reached.</summary>
    public bool TryAddSession(int limit)
    {
        _lastUsed = time.GetTimestamp();
        if (Interlocked.Increment(ref _openSessions) <= limit) return true;
        Interlocked.Decrement(ref _openSessions);
        return false;
    }

    /// <summary>It could not be opened.</summary>
    public void RemoveSession() => Interlocked.Decrement(ref _openSessions);

    /// <summary>It was let in.</summary>
    public void SessionStands() => Interlocked.Increment(ref _standingSessions);

    /// <summary>One that was let in is closed.</summary>
    public void EndSession()
    {
        Interlocked.Decrement(ref _standingSessions);
        RemoveSession();
    }

    /// <summary>Notes that it cannot be reached; false when that was known.</summary>
    public bool TurnDown() => Interlocked.CompareExchange(ref _downSince, time.GetTimestamp(), 0) == 0;

    /// <summary>Notes that it can be reached; how long it could not, null when nobody had noted that.</summary>
    public TimeSpan? TurnUp() => Interlocked.Exchange(ref _downSince, 0) is not 0 and var since ? time.GetElapsedTime(since) : null;

    /// <summary>Nothing would be lost by forgetting it.</summary>
    public bool IsForgettable(TimeSpan after) => !IsPool && OpenSessions == 0 && time.GetElapsedTime(_lastUsed) > after;

    public UpstreamSnapshot Snapshot() => new(Name, IsPool, OpenSessions, Health, History.Attempts(), History.Failures()) { Group = Group, Ejection = Ejection is { } ejection && ejection.Until > time.GetUtcNow() ? ejection : null };
}

/// <param name="Egress">Configured name of our address; null for the system's choice.</param>
internal sealed record UpstreamPlace(string Host, int Port, string? Egress);

/// <summary>One upstream as the API shows it.</summary>
/// <param name="Attempts">The last 50, newest first.</param>
/// <param name="Failures">The last 50 that failed, newest first: kept apart so that successes do not flush them out.</param>
public sealed record UpstreamSnapshot(string Name, bool IsPool, int OpenSessions, HealthSnapshot Health, IReadOnlyList<AttemptSummary> Attempts, IReadOnlyList<Diagnosis.Evidence.AttemptEvidence> Failures)
{
    /// <summary>Null when it takes its turns.</summary>
    public Ejection? Ejection { get; init; }

    /// <summary>Who counts us together with its other hosts; null when nothing was sent there yet.</summary>
    public string? Group { get; init; }
}
