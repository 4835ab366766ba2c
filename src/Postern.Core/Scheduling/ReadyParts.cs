namespace Postern.Core.Scheduling;

/// <summary>
/// The parts of one destination that may go now. The highest priority is first (RFC 6710), but of every eight turns one is for the lowest that
/// waits, and one for those between, each in its turn: a stream of urgent mail slows the rest and does not stop it. Not thread safe.
/// </summary>
internal sealed class ReadyParts
{
    private const int Turns = 8, TurnOfTheLowest = 0, TurnOfThoseBetween = 4;

    /// <summary>Those in which something waits, highest priority first.</summary>
    private readonly List<TenantTurns> _classes = new(1);

    /// <summary>One that became empty, to be used again.</summary>
    private TenantTurns? _spare;
    private int _turn, _between;

    public int Count { get; private set; }

    public void Add(in WaitingPart part, TenantWeights weights, long backlogBefore)
    {
        ClassOf(part.Priority).Add(part, weights, backlogBefore);
        Count++;
    }

    public WaitingPart Take(TenantWeights weights)
    {
        int at = _classes.Count == 1 ? 0 : NextClass();
        var part = _classes[at].Take(weights);
        Count--;
        if (_classes[at].Count == 0) Remove(at);
        return part;
    }

    /// <summary>True when some part has been due since then.</summary>
    public bool HasDueSince(long time)
    {
        foreach (var one in _classes)
        {
            if (one.HasDueSince(time)) return true;
        }
        return false;
    }

    public void BeginBacklog()
    {
        foreach (var one in _classes) one.BeginBacklog();
    }

    public IEnumerable<PartHeap> Heaps() => _classes.SelectMany(static c => c.Heaps());

    /// <summary>After parts were taken out of the heaps.</summary>
    public void Tidy()
    {
        Count = 0;
        for (int i = _classes.Count - 1; i >= 0; i--)
        {
            _classes[i].Tidy();
            Count += _classes[i].Count;
            if (_classes[i].Count == 0) Remove(i);
        }
    }

    private int NextClass()
    {
        _turn = (_turn + 1) % Turns;
        if (_turn == TurnOfTheLowest) return _classes.Count - 1;
        return _turn == TurnOfThoseBetween && _classes.Count > 2 ? 1 + _between++ % (_classes.Count - 2) : 0;
    }

    private TenantTurns ClassOf(int priority)
    {
        int at = 0;
        while (at < _classes.Count && _classes[at].Priority > priority) at++;
        if (at < _classes.Count && _classes[at].Priority == priority) return _classes[at];
        var added = _spare ?? new TenantTurns();
        _spare = null;
        added.Priority = priority;
        _classes.Insert(at, added);
        return added;
    }

    private void Remove(int at)
    {
        _spare = _classes[at];
        _classes.RemoveAt(at);
    }
}
