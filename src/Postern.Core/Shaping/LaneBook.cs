using System.Collections.Concurrent;
using Postern.Core.WarmUp;

namespace Postern.Core.Shaping;

/// <summary>
/// All lanes by (group, egress name). Thread safe. An egress name is empty where the system chooses the address. Lanes that are not used go after an
/// hour; what they learned is kept for a week, over restarts too where there is a file for it.
/// </summary>
internal sealed class LaneBook : IDisposable
{
    private const int MaxLanes = 10_000, MaxKept = 50_000;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10), Unused = TimeSpan.FromHours(1), Kept = TimeSpan.FromDays(7);

    private readonly ConcurrentDictionary<(string Group, string Egress), Lane> _lanes = new();
    private readonly ConcurrentDictionary<(string Group, string Egress), KeptLane> _kept = new();
    /// <summary>Let go, but perhaps still held by a candidate: used again, they come back.</summary>
    private readonly ConcurrentDictionary<(string Group, string Egress), WeakReference<Lane>> _resting = new();

    private readonly TimeProvider _clock;
    private readonly LearnedLimits? _file;
    private readonly ITimer _timer;
    private readonly Lock _tending = new();
    private bool _mustWrite;

    /// <param name="file">Where what is learned survives a restart; read now. Null: nowhere.</param>
    public LaneBook(TimeProvider clock, LearnedLimits? file = null)
    {
        (_clock, _file) = (clock, file);
        var now = clock.GetUtcNow();
        foreach (var kept in file?.Read(now) ?? [])
            if (now - kept.UsedAt < Kept && _kept.Count < MaxKept) _kept[(kept.Group, kept.Egress)] = kept;
        _timer = clock.CreateTimer(_ => Tend(), null, Interval, Interval);
    }

    public TimeProvider Clock => _clock;

    /// <summary>The lane, made when it is new. <paramref name="configured"/> and <paramref name="warmUp"/> replace what it had: a reload reaches living lanes.</summary>
    public Lane For(string group, string egress, LaneLimits configured, WarmUpRun? warmUp = null)
    {
        if (_lanes.TryGetValue((group, egress), out var known))
        {
            known.Configure(configured, warmUp);
            return known;
        }
        lock (_tending)
        {
            if (_lanes.TryGetValue((group, egress), out var made)) return made;
            if (!_resting.TryRemove((group, egress), out var weak) || !weak.TryGetTarget(out var lane))
            {
                lane = new Lane(group, egress, configured);
                if (configured.IsAdaptive && _kept.TryGetValue((group, egress), out var kept)) lane.Recall(kept.Limits, _clock.GetUtcNow());
            }
            lane.Configure(configured, warmUp);
            lane.Touch(_clock.GetUtcNow());
            return _lanes[(group, egress)] = lane;
        }
    }

    public IReadOnlyList<LaneSnapshot> Snapshot()
    {
        var now = _clock.GetUtcNow();
        return [.. _lanes.Values.Select(l => l.Snapshot() with { SentInMinute = l.SentInMinute(now) }).OrderBy(l => l.Name, StringComparer.Ordinal)];
    }

    /// <summary>Groups something is known of, those that are kept without a lane included.</summary>
    public IEnumerable<string> Groups => _lanes.Keys.Concat(_kept.Keys).Select(k => k.Group).Distinct(StringComparer.Ordinal);

    /// <summary>Forgets what was learned of a group, from all addresses of ours.</summary>
    /// <returns>Limits that were.</returns>
    public int Forget(string group)
    {
        int count = 0;
        lock (_tending)
        {
            foreach (var (key, weak) in _resting)
                if (key.Group == group && weak.TryGetTarget(out var lane)) lane.Forget();
            foreach (var (key, kept) in _kept)
                if (key.Group == group && _kept.TryRemove(key, out _) && !_lanes.ContainsKey(key)) (count, _mustWrite) = (count + kept.Limits.Count, true);
            foreach (var (key, lane) in _lanes)
                if (key.Group == group) (count, _mustWrite) = (count + lane.Forget(), true);
        }
        return count;
    }

    /// <summary>Every ten seconds: notes and writes what changed, lets go of what is not used.</summary>
    public void Tend()
    {
        lock (_tending)
        {
            var now = _clock.GetUtcNow();
            foreach (var (key, weak) in _resting)
            {
                if (!weak.TryGetTarget(out var lane)) _resting.TryRemove(key, out _);
                else if (!lane.IsIdle || now - lane.UsedAt <= Unused && _resting.TryRemove(key, out _)) _lanes.TryAdd(key, lane);
            }
            foreach (var (key, lane) in _lanes)
            {
                Note(key, lane);
                if (lane.IsIdle && now - lane.UsedAt > Unused) LetGo(key, lane);
            }
            if (_lanes.Count > MaxLanes)
                foreach (var (key, lane) in _lanes.OrderBy(l => l.Value.UsedAt).Take(_lanes.Count - MaxLanes))
                    if (lane.IsIdle) LetGo(key, lane);
            foreach (var (key, kept) in _kept)
                if (now - kept.UsedAt >= Kept) _mustWrite |= _kept.TryRemove(key, out _);
            if (_mustWrite && _file is not null) _mustWrite = !_file.Write([.. _kept.Values]);
        }
    }

    public void Dispose()
    {
        _timer.Dispose();
        Tend();
    }

    private void LetGo((string Group, string Egress) key, Lane lane)
    {
        _resting[key] = new WeakReference<Lane>(lane);
        _lanes.TryRemove(key, out _);
    }

    private void Note((string Group, string Egress) key, Lane lane)
    {
        _kept.TryGetValue(key, out var before);
        // Its last use is noted once a day, else every lane in use would have the file written every ten seconds.
        bool isOld = before is not null && lane.UsedAt - before.UsedAt > TimeSpan.FromDays(1);
        if (!lane.IsChanged && !isOld) return;
        var limits = lane.Keep();
        if (limits.Count > 0 && (before is not null || _kept.Count < MaxKept)) _kept[key] = new KeptLane(key.Group, key.Egress, lane.UsedAt, limits);
        else if (limits.Count == 0) _kept.TryRemove(key, out _);
        _mustWrite = true;
    }
}
