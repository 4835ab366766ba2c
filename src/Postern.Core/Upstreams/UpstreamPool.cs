using System.Collections.Concurrent;
using Postern.Core.Delivery;

namespace Postern.Core.Upstreams;

/// <summary>
/// The members of a pool in the order to try them: lowest order first; within one order by smooth weight among those that can be used now, the others
/// after it as fallback. A member of weight 0 only serves as fallback of its order. While all is well the plans are made once for each first member
/// and egress turn. Thread safe.
/// </summary>
internal sealed class UpstreamPool
{
    private readonly UpstreamModel[] _members;
    private readonly Tier[] _tiers;
    private readonly ConcurrentDictionary<EgressChoice[], DeliveryPlan[]> _plans = new();
    private readonly OutlierWatch _outliers;
    private readonly EgressRests _rests;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();

    /// <summary>The members of one order: a stretch of all of them, with turns of its own.</summary>
    private sealed record Tier(int First, int Count, SmoothWeights Weights);

    /// <param name="members">At least one.</param>
    public UpstreamPool(IEnumerable<UpstreamModel> members, UpstreamRegistry registry, TimeProvider time)
    {
        _members = [.. members.OrderBy(m => m.Config.Order).ThenByDescending(m => m.Config.Weight)];
        _tiers = [.. _members.Select((m, i) => (Member: m, Index: i)).GroupBy(m => m.Member.Config.Order)
            .Select(g => new Tier(g.First().Index, g.Count(), new SmoothWeights([.. g.Select(m => m.Member.Config.Weight)])))];
        _rests = registry.Rests;
        _time = time;
        _outliers = new OutlierWatch([.. _members.Select(m => m.State)], time, (state, ejection) => registry.Ejected?.Invoke(state, ejection));
    }

    /// <summary>Every member, the one whose turn it is first.</summary>
    /// <param name="choices">Of <paramref name="egress"/>, the one whose turn it is first.</param>
    public DeliveryPlan Next(EgressModel egress, EgressChoice[] choices)
    {
        _outliers.Look();
        if (!_rests.IsEmpty || !Array.TrueForAll(_members, static m => m.State.IsWell)) return Around(egress, choices);
        var plans = _plans.TryGetValue(choices, out var known) ? known : _plans.GetOrAdd(choices, Plans);
        return plans.Length == 1 ? plans[0] : plans[Turn(_tiers[0], null)];
    }

    /// <summary>A message whose turn was one member's went to another of the same order, because the first takes no more now. Over time the shares hold all the same.</summary>
    public void Moved(UpstreamState from, UpstreamState to)
    {
        int one = Array.FindIndex(_members, m => m.State == from), other = Array.FindIndex(_members, m => m.State == to);
        if (one < 0 || other < 0 || Array.Find(_tiers, t => one >= t.First && one < t.First + t.Count) is not { } tier || other < tier.First || other >= tier.First + tier.Count) return;
        lock (_lock) tier.Weights.Moved(one - tier.First, other - tier.First);
    }

    private DeliveryPlan[] Plans(EgressChoice[] choices) => [.. Enumerable.Range(0, _tiers[0].Count).Select(i => Plan(Order(i, static _ => true), choices))];

    /// <summary>Something is in the way: what can be used comes first, and the turns are shared by it alone.</summary>
    private DeliveryPlan Around(EgressModel egress, EgressChoice[] choices)
    {
        var now = _time.GetUtcNow();
        bool[] usable = [.. _members.Select(m => IsUsable(m, choices, now))];
        var tier = Array.Find(_tiers, t => usable.AsSpan(t.First, t.Count).Contains(true)) ?? _tiers[0];
        // A member whose next try is due is tried by the first message that comes: its gate lets only one through.
        int due = Enumerable.Range(tier.First, tier.Count).FirstOrDefault(i => usable[i] && !_members[i].State.IsWell && !OutlierWatch.IsOut(_members[i].State, now) && IsDue(_members[i], choices[0], now), -1);
        int first = due >= 0 ? due : tier.First + Turn(tier, i => !usable[tier.First + i]);
        string group = _members[first].Config.Name;
        if (!_rests.IsEmpty) choices = egress.WithoutRested(choices, c => _rests.IsRested(group, c.Name, now));
        return Plan(Order(first, i => usable[i]), choices);
    }

    private bool IsUsable(UpstreamModel member, EgressChoice[] choices, DateTimeOffset now)
    {
        if (OutlierWatch.IsOut(member.State, now)) return false;
        foreach (var choice in choices)
        {
            if (_rests.IsRested(member.Config.Name, choice.Name, now)) continue;
            foreach (int port in member.Ports)
            {
                if (member.For(choice, port).Gate.CanEnter(now)) return true;
            }
        }
        return false;
    }

    private static bool IsDue(UpstreamModel member, EgressChoice choice, DateTimeOffset now) =>
        member.For(choice, member.Port).Gate is { State: GateState.Closed } gate && gate.CanEnter(now);

    /// <summary>
    /// The usable ones from the first on, in its order and then in the later ones; then those that are not. The next of the same order differs with the
    /// first, so that what one cannot take does not all fall to the same other.
    /// </summary>
    private IEnumerable<UpstreamModel> Order(int first, Func<int, bool> isUsable)
    {
        var own = Array.FindLast(_tiers, t => t.First <= first)!;
        int[] rest = [.. Enumerable.Range(1, own.Count - 1).Select(i => own.First + (first - own.First + i) % own.Count).OrderBy(i => _members[i].Config.Weight == 0),
            .. Enumerable.Range(0, _members.Length).Where(i => i < own.First || i >= own.First + own.Count)];
        return [_members[first], .. rest.Where(isUsable).Select(i => _members[i]), .. rest.Where(i => !isUsable(i)).Select(i => _members[i])];
    }

    private static DeliveryPlan Plan(IEnumerable<UpstreamModel> order, EgressChoice[] choices)
    {
        var rows = order.SelectMany(m => m.Ports, (member, port) => (Member: member, Port: port)).Take(DeliveryPlan.MostRows);
        return new DeliveryPlan([.. rows.SelectMany(_ => choices, (row, choice) => row.Member.For(choice, row.Port))], choices.Length, null, []);
    }

    private int Turn(Tier tier, Func<int, bool>? isOut)
    {
        lock (_lock) return tier.Weights.Next(isOut);
    }
}
