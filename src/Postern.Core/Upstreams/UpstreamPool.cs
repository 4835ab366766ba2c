using System.Collections.Concurrent;
using Postern.Core.Delivery;

namespace Postern.Core.Upstreams;

/// <summary>
/// The members of a pool in the order to try them: lowest order first; within one order by smooth weight, the others after it as fallback. A member
/// of weight 0 only serves as fallback of its order. The plans are made once for each first member and egress choice. Thread safe.
/// </summary>
internal sealed class UpstreamPool
{
    private readonly UpstreamModel[] _members;
    private readonly ConcurrentDictionary<EgressChoice, DeliveryPlan[]> _plans = new();
    private readonly SmoothWeights? _weights;
    private readonly int _firsts = 1;
    private readonly Lock _lock = new();

    /// <param name="members">At least one.</param>
    public UpstreamPool(IEnumerable<UpstreamModel> members)
    {
        _members = [.. members.OrderBy(m => m.Config.Order).ThenByDescending(m => m.Config.Weight)];
        _firsts = _members.Count(m => m.Config.Order == _members[0].Config.Order);
        if (_firsts > 1) _weights = new SmoothWeights([.. _members.Take(_firsts).Select(m => m.Config.Weight)]);
    }

    /// <summary>Every member once, the one whose turn it is first.</summary>
    public DeliveryPlan Next(EgressChoice egress)
    {
        var plans = _plans.TryGetValue(egress, out var known) ? known : _plans.GetOrAdd(egress, Plans);
        if (_weights is null) return plans[0];
        lock (_lock) return plans[_weights.Next()];
    }

    private DeliveryPlan[] Plans(EgressChoice egress)
    {
        var plans = new DeliveryPlan[_firsts];
        for (int i = 0; i < _firsts; i++)
        {
            // Those after the first keep a fixed sequence: fallback is the exception, and predictable beats fair there.
            var order = new List<Candidate> { _members[i].For(egress) };
            for (int j = 0; j < _members.Length; j++)
            {
                if (j != i) order.Add(_members[j].For(egress));
            }
            plans[i] = new DeliveryPlan(order, null, []);
        }
        return plans;
    }
}
