namespace Postern.Core.Scheduling;

/// <summary>
/// Parts, longest due first: a binary heap in one array, which is given back when the heap shrinks. Filing in order of time costs one comparison,
/// which is what a relay's mail does. Not thread safe.
/// </summary>
internal sealed class PartHeap
{
    private const int SmallestCapacity = 4;
    private WaitingPart[] _items = [];

    public int Count { get; private set; }

    /// <summary>In heap order, for scans: index 0 is the first.</summary>
    public ReadOnlySpan<WaitingPart> Items => _items.AsSpan(0, Count);

    public ref readonly WaitingPart First => ref _items[0];

    public void Add(in WaitingPart part)
    {
        // Many heaps hold one part: a destination or a tenant with one message.
        if (Count == _items.Length) Array.Resize(ref _items, Count == 0 ? 1 : Math.Max(SmallestCapacity, Count * 2));
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

    /// <summary>Takes over all of another heap, which is empty then. Costs a comparison or two for each part of both.</summary>
    public void Absorb(PartHeap other)
    {
        if (other.Count == 0) return;
        int count = Count + other.Count;
        if (count > _items.Length) Array.Resize(ref _items, count);
        other.Items.CopyTo(_items.AsSpan(Count));
        Count = count;
        (other._items, other.Count) = ([], 0);
        for (int i = count / 2 - 1; i >= 0; i--) Sink(i, _items[i]);
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

    private void Sink(int index, WaitingPart part)
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

    private static bool Precedes(in WaitingPart a, in WaitingPart b) => a.Due != b.Due ? a.Due < b.Due : a.Id.Value < b.Id.Value;
}
