namespace Postern.Core.Scheduling;

/// <summary>The order of a heap of parts.</summary>
internal enum PartOrder : byte
{
    /// <summary>Soonest due first.</summary>
    Due,

    /// <summary>Highest priority first (RFC 6710), then longest due.</summary>
    Turn,
}

/// <summary>
/// A binary heap of parts in one array, which is given back when the heap shrinks. Filing in order of time costs one comparison, which is
/// what a relay's mail does. Not thread safe.
/// </summary>
internal sealed class PartHeap(PartOrder order)
{
    private const int SmallestCapacity = 4;
    private WaitingPart[] _items = [];

    public int Count { get; private set; }

    /// <summary>In heap order, for scans: index 0 is the first.</summary>
    public ReadOnlySpan<WaitingPart> Items => _items.AsSpan(0, Count);

    public ref readonly WaitingPart First => ref _items[0];

    public void Add(in WaitingPart part)
    {
        if (Count == _items.Length) Array.Resize(ref _items, Math.Max(SmallestCapacity, _items.Length * 2));
        Rise(Count++, part);
    }

    public WaitingPart TakeFirst() => TakeAt(0);

    public WaitingPart TakeAt(int index)
    {
        var taken = _items[index];
        var last = _items[--Count];
        if (index < Count)
        {
            if (index > 0 && Precedes(last, _items[(index - 1) / 2])) Rise(index, last);
            else Sink(index, last);
        }
        if (Count < _items.Length / 4 && _items.Length > SmallestCapacity) Array.Resize(ref _items, Count == 0 ? 0 : _items.Length / 2);
        return taken;
    }

    private void Rise(int index, in WaitingPart part)
    {
        while (index > 0)
        {
            int parent = (index - 1) / 2;
            if (!Precedes(part, _items[parent])) break;
            _items[index] = _items[parent];
            index = parent;
        }
        _items[index] = part;
    }

    private void Sink(int index, in WaitingPart part)
    {
        while (true)
        {
            int child = index * 2 + 1;
            if (child >= Count) break;
            if (child + 1 < Count && Precedes(_items[child + 1], _items[child])) child++;
            if (!Precedes(_items[child], part)) break;
            _items[index] = _items[child];
            index = child;
        }
        _items[index] = part;
    }

    private bool Precedes(in WaitingPart a, in WaitingPart b)
    {
        if (order == PartOrder.Turn && a.Priority != b.Priority) return a.Priority > b.Priority;
        return a.Due != b.Due ? a.Due < b.Due : a.Id.Value < b.Id.Value;
    }
}
