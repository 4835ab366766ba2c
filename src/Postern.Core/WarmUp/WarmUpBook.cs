using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Postern.Core.Configuration;
using Postern.Core.Telemetry;
using Postern.Core.Upstreams;

namespace Postern.Core.WarmUp;

/// <summary>
/// All warm-ups by (limit group, egress choice). Each group goes through the plan on its own; once one of them has come to its end the address counts as
/// warm: plans that others have begun run to their end, and no new ones begin. Bounded, thread safe; costs nothing where nothing is warmed up.
/// </summary>
internal sealed class WarmUpBook : IDisposable
{
    internal const int Most = 20_000;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);

    private readonly ConcurrentDictionary<(string Group, string Egress), WarmUpRun> _runs = new();
    private readonly ConcurrentDictionary<string, KeptAddress> _addresses = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentQueue<WarmUpRun> _finished = new();
    private readonly TimeProvider _time;
    private readonly WarmUpFile? _file;
    private readonly ILogger _logger;
    private readonly ITimer _timer;
    private readonly Lock _tending = new();
    private volatile Dictionary<string, WarmUpPlan> _plans = [];
    private volatile bool _mustWrite;

    /// <param name="file">Where it survives a restart; read now. Null: nowhere.</param>
    public WarmUpBook(TimeProvider time, WarmUpFile? file = null, ILogger? logger = null)
    {
        (_time, _file, _logger) = (time, file, logger ?? NullLogger.Instance);
        if (file?.Read(time.GetUtcNow()) is { } kept)
        {
            foreach (var address in kept.Addresses) _addresses[address.Egress] = address;
            foreach (var one in kept.Runs.Take(Most))
            {
                // The plan that holds is set when it is first asked for.
                var run = new WarmUpRun(one.Group, one.Egress, WarmUpPlan.Standard, new WarmUpDay(one.Day, one.Date, one.Taken, one.TurnedAway), this);
                run.Recall(one);
                _runs[(one.Group, one.Egress)] = run;
            }
        }
        _timer = time.CreateTimer(_ => Tend(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Takes up the plans of a configuration. An address whose warm_up_from is later than its beginning begins anew.</summary>
    public void Apply(PosternConfig config)
    {
        var plans = new Dictionary<string, WarmUpPlan>(StringComparer.OrdinalIgnoreCase);
        foreach (var egress in config.Egress)
            if (WarmUpPlan.Of(egress) is { } plan) plans[egress.Name] = plan;
        lock (_tending)
        {
            _plans = plans;
            foreach (var (name, address) in _addresses)
                if (PlanOf(name) is { From: { } from } && from > address.BeganOn) Forget(name);
            foreach (var (key, run) in _runs)
            {
                if (PlanOf(key.Egress) is { } plan) run.Configure(plan);
                else run.End();
            }
        }
        _timer.Change(plans.Count > 0 ? Interval : Timeout.InfiniteTimeSpan, Interval);
    }

    /// <summary>Null where nothing is warmed up, or not any more.</summary>
    /// <param name="egress">Name of the choice; one of a pair that is warmed up warms the pair, whose mail takes either address.</param>
    public WarmUpRun? For(string group, string egress)
    {
        if (_plans.Count == 0 || egress.Length == 0 || PlanOf(egress) is not { } plan) return null;
        if (_runs.TryGetValue((group, egress), out var known)) return known.DoneOn is null ? known : null;
        return _addresses.TryGetValue(egress, out var address) && address.WarmSince is not null ? null : Begin(group, egress, plan);
    }

    /// <summary>A rest began: a group turns the address away.</summary>
    public void TurnedAway(EgressRest rest)
    {
        // Told again when a blocklist is found for it: the same trouble.
        if (rest.Lists.Count == 0 && _runs.TryGetValue((rest.Group, rest.Egress), out var run)) run.TurnedAway(_time.GetUtcNow());
    }

    /// <summary>Nothing is configured to be warmed up.</summary>
    public bool IsEmpty => _plans.Count == 0;

    /// <summary>Of what is configured, addresses and their runs, in any order.</summary>
    public (IReadOnlyList<WarmUpAddress> Addresses, IReadOnlyList<WarmUpSnapshot> Runs) Snapshot()
    {
        if (_plans.Count == 0) return ([], []);
        var now = _time.GetUtcNow();
        return ([.. _plans.Select(p => AddressOf(p.Key, p.Value))], [.. _runs.Where(r => PlanOf(r.Key.Egress) is not null).Select(r => r.Value.Snapshot(now))]);
    }

    /// <summary>Every 15 seconds: begins days, ends what is over, writes what changed.</summary>
    public void Tend()
    {
        lock (_tending)
        {
            var now = _time.GetUtcNow();
            var today = DateOnly.FromDateTime(now.UtcDateTime);
            foreach (var (_, run) in _runs) run.Tend(now);
            while (_finished.TryDequeue(out var done)) Warm(done, today);
            foreach (var (key, run) in _runs)
            {
                _mustWrite |= run.IsChanged;
                if (run.DoneOn is null && run.IdleDays(today) > WarmUpPlan.Remembered) LetGo(key);
            }
            if (_runs.Count > Most)
            {
                // Those that have come least far, the longest unused first.
                foreach (var (key, _) in _runs.Select(r => (r.Key, r.Value.Snapshot(now).Day)).OrderBy(r => r.Day.Number).ThenBy(r => r.Day.Date).Take(_runs.Count - Most)) LetGo(key);
            }
            if (_mustWrite && _file is not null) _mustWrite = !_file.Write(new WarmUpState(WarmUpState.Current, [.. _addresses.Values], [.. _runs.Values.Select(r => r.Keep())]));
        }
    }

    /// <summary>A run's day is over. Under the run's lock: takes no other.</summary>
    public void Turned(WarmUpRun run, WarmUpTurn turn, WarmUpDay over, WarmUpDay next, WarmUpPlan plan)
    {
        _mustWrite = true;
        if (turn == WarmUpTurn.Finish)
        {
            _finished.Enqueue(run);
            PosternLog.WarmUpDone(_logger, run.Egress, run.Group, plan.Days, over.Taken);
            return;
        }
        // One that was dropped for want of mail and is used again.
        if (turn == WarmUpTurn.Restart) _runs.TryAdd((run.Group, run.Egress), run);
        PosternLog.WarmUpDay(_logger, run.Egress, run.Group, next.Number, plan.Days, plan.Allowed(next.Number), WarmUpWords.Because(turn, over.Taken, plan.Allowed(over.Number)));
    }

    /// <summary>The day's first message was taken. As <see cref="Turned"/>.</summary>
    /// <param name="isFirst">The first there at all.</param>
    public void Used(WarmUpRun run, WarmUpDay day, WarmUpPlan plan, bool isFirst)
    {
        _addresses.TryAdd(run.Egress, new KeptAddress(run.Egress, day.Date, null));
        if (isFirst) PosternLog.WarmUpDay(_logger, run.Egress, run.Group, day.Number, plan.Days, plan.Allowed(day.Number), WarmUpWords.Because(WarmUpTurn.None, 0, 0));
    }

    /// <summary>A day's allowance is used up. As <see cref="Turned"/>.</summary>
    public void UsedUp(WarmUpRun run, WarmUpDay day, WarmUpPlan plan) =>
        PosternLog.WarmUpUsedUp(_logger, run.Egress, run.Group, day.Number, plan.Days, day.Taken, new DateTimeOffset(day.Date.AddDays(1), default, TimeSpan.Zero));

    public void Dispose()
    {
        _timer.Dispose();
        Tend();
    }

    private WarmUpRun Begin(string group, string egress, WarmUpPlan plan)
    {
        var today = DateOnly.FromDateTime(_time.GetUtcNow().UtcDateTime);
        return _runs.GetOrAdd((group, egress), key => new WarmUpRun(key.Group, key.Egress, plan, new WarmUpDay(1, today), this));
    }

    /// <summary>One group has taken the whole plan: those that hardly begun need none any more.</summary>
    private void Warm(WarmUpRun done, DateOnly today)
    {
        var address = _addresses.GetOrAdd(done.Egress, e => new KeptAddress(e, today, null));
        if (address.WarmSince is null)
        {
            _addresses[done.Egress] = address with { WarmSince = today };
            PosternLog.WarmUpAddressDone(_logger, done.Egress, done.Group, address.BeganOn);
        }
        foreach (var (key, run) in _runs)
            if (!run.IsOver && key.Egress.Equals(done.Egress, StringComparison.OrdinalIgnoreCase) && run.Snapshot(_time.GetUtcNow()).Day.Number == 1) Drop(key, run);
    }

    private void Forget(string egress)
    {
        _addresses.TryRemove(egress, out _);
        foreach (var (key, run) in _runs)
            if (key.Egress.Equals(egress, StringComparison.OrdinalIgnoreCase)) Drop(key, run);
    }

    private void Drop((string Group, string Egress) key, WarmUpRun run)
    {
        run.End();
        LetGo(key);
    }

    /// <summary>A lane that still holds it is held back as before.</summary>
    private void LetGo((string Group, string Egress) key) => _mustWrite |= _runs.TryRemove(key, out _);

    private WarmUpAddress AddressOf(string name, WarmUpPlan plan)
    {
        var known = _addresses.Values.FirstOrDefault(a => a.Egress.Split('+').Contains(name, StringComparer.OrdinalIgnoreCase));
        return new WarmUpAddress(known?.Egress ?? name, plan, known?.BeganOn, known?.WarmSince);
    }

    private WarmUpPlan? PlanOf(string egress)
    {
        var plans = _plans;
        if (plans.TryGetValue(egress, out var plan)) return plan;
        if (!egress.Contains('+', StringComparison.Ordinal)) return null;
        foreach (string name in egress.Split('+'))
            if (plans.TryGetValue(name, out plan)) return plan;
        return null;
    }
}
