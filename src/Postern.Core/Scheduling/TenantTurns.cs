namespace Postern.Core.Scheduling;

/// <summary>
/// The ready parts of one destination that have the same priority. Tenants take turns by their weights (stride scheduling: each turn moves a
/// tenant on by a step that is shorter the more it weighs, and the one furthest behind is next), so that one tenant's flood does not delay the
/// others. Within a tenant the longest due is first; after an outage what waited and what came since go three to one. With a single tenant
/// it is one heap. Not thread safe.
/// </summary>
internal sealed class TenantTurns
{
    /// <summary>Tenants that are told apart: no more than this, and no more than one for so many parts, so that many small tenants do not cost memory. The others share a turn.</summary>
    private const int MostTenants = 64, FewTenants = 8, PartsPerTenant = 8;

    /// <summary>Of so many turns one is for what came since the outage.</summary>
    private const int AgeTurns = 4;

    private Turn[] _turns = new Turn[1];
    private int _tenants;
    private int _last;
    private long _pass;

    /// <summary>Of its parts; set while it is empty.</summary>
    public int Priority { get; set; }

    public int Count { get; private set; }

    /// <param name="backlogBefore">What was accepted earlier waited through an outage; zero for no outage.</param>
    public void Add(in WaitingPart part, TenantWeights weights, long backlogBefore)
    {
        int at = Find(part.Tenant, weights);
        ref var turn = ref _turns[at];
        bool isFresh = backlogBefore != 0 && part.Accepted >= backlogBefore;
        (isFresh ? turn.Fresh ??= new PartHeap() : turn.Parts).Add(part);
        Count++;
    }

    public WaitingPart Take(TenantWeights weights)
    {
        int at = 0;
        if (_tenants > 1)
        {
            at = FurthestBehind();
            _pass = _turns[at].Pass;
            _turns[at].Pass += weights.Step(_turns[at].Tenant);
        }
        ref var turn = ref _turns[at];
        var part = turn.Take();
        Count--;
        if (turn.Count == 0) Remove(at);
        return part;
    }

    /// <summary>True when some part has been due since then.</summary>
    public bool HasDueSince(long time)
    {
        for (int i = 0; i < _tenants; i++)
        {
            if (_turns[i].FirstDue <= time) return true;
        }
        return false;
    }

    /// <summary>An outage is over: whatever waits is backlog from now on.</summary>
    public void BeginBacklog()
    {
        for (int i = 0; i < _tenants; i++)
        {
            ref var turn = ref _turns[i];
            if (turn.Fresh is not { } fresh) continue;
            turn.Fresh = null;
            if (turn.Parts.Count == 0) turn.Parts = fresh;
            else turn.Parts.Absorb(fresh);
        }
    }

    /// <summary>For scans. Who takes parts out of them calls <see cref="Tidy"/> afterwards.</summary>
    public IEnumerable<PartHeap> Heaps()
    {
        for (int i = 0; i < _tenants; i++)
        {
            yield return _turns[i].Parts;
            if (_turns[i].Fresh is { } fresh) yield return fresh;
        }
    }

    public void Tidy()
    {
        Count = 0;
        for (int i = _tenants - 1; i >= 0; i--)
        {
            Count += _turns[i].Count;
            if (_turns[i].Count == 0) Remove(i);
        }
    }

    /// <summary>Where the tenant's parts are; a place is made when it has none.</summary>
    private int Find(ushort tenant, TenantWeights weights)
    {
        if (_last < _tenants && _turns[_last].Tenant == tenant) return _last;
        for (int i = 0; i < _tenants; i++)
        {
            if (_turns[i].Tenant == tenant) return _last = i;
        }
        if (_tenants >= Math.Clamp(Count / PartsPerTenant, FewTenants, MostTenants)) return tenant % _tenants;
        if (_tenants == _turns.Length) Array.Resize(ref _turns, _tenants * 2);
        // A place that was used before may have its heap still.
        _turns[_tenants] = new Turn { Tenant = tenant, Parts = _turns[_tenants].Parts ?? new PartHeap(), Pass = _pass + weights.Step(tenant) };
        return _last = _tenants++;
    }

    private int FurthestBehind()
    {
        int best = 0;
        for (int i = 1; i < _tenants; i++)
        {
            long ahead = _turns[i].Pass - _turns[best].Pass;
            if (ahead < 0 || (ahead == 0 && _turns[i].FirstDue < _turns[best].FirstDue)) best = i;
        }
        return best;
    }

    private void Remove(int at)
    {
        _turns[at].Fresh = null;
        (_turns[at], _turns[_tenants - 1]) = (_turns[_tenants - 1], _turns[at]);
        _tenants--;
        if (_tenants > 0 && _tenants < _turns.Length / 4) Array.Resize(ref _turns, _turns.Length / 2);
    }

    /// <summary>One tenant's parts and when it is its turn.</summary>
    private struct Turn
    {
        public PartHeap Parts;
        public PartHeap? Fresh;
        public long Pass;
        public ushort Tenant;
        private byte _age;

        public readonly int Count => Parts.Count + (Fresh?.Count ?? 0);

        public readonly long FirstDue => Math.Min(Parts.Count > 0 ? Parts.First.Due : long.MaxValue, Fresh is { Count: > 0 } ? Fresh.First.Due : long.MaxValue);

        public WaitingPart Take()
        {
            if (Fresh is not { Count: > 0 } fresh) return Parts.TakeFirst();
            if (Parts.Count == 0) return fresh.TakeFirst();
            _age = (byte)((_age + 1) % AgeTurns);
            return (_age == 0 ? fresh : Parts).TakeFirst();
        }
    }
}
