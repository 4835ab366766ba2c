using System.Diagnostics.CodeAnalysis;

namespace Postern.Core.Queue.Embedded;

/// <summary>
/// The waiting messages by ascending id, so that a walk over all of them can be taken in pieces and go on after any id. Blocks of
/// <see cref="BlockSize"/> entries; new mail goes to the end of the last one and old mail leaves from the front of the first, so both cost next to nothing.
/// A hash table of as many would be larger. Guarded by the store's gate.
/// </summary>
internal sealed class MessageIndex
{
    public const int BlockSize = 1024;

    private readonly List<Block> _blocks = [];

    public int Count { get; private set; }

    /// <summary>Lowest id; null when nothing waits.</summary>
    public long? Oldest => _blocks.Count == 0 ? null : _blocks[0].First;

    public WaitingMessage? Find(long id) => TryGetValue(id, out var found) ? found : null;

    public bool TryGetValue(long id, [NotNullWhen(true)] out WaitingMessage? message)
    {
        message = null;
        int block = BlockOf(id);
        if (block < 0) return false;
        int at = _blocks[block].Search(id);
        if (at < 0) return false;
        message = _blocks[block].Items[at]!;
        return true;
    }

    /// <summary>Takes the place of an entry with the same id.</summary>
    public void Set(WaitingMessage message)
    {
        long id = message.Id.Value;
        int index = BlockOf(id);
        if (index < 0)
        {
            if (_blocks.Count == 0) _blocks.Add(new Block());
            index = 0;
        }
        var block = _blocks[index];
        int at = block.Search(id);
        if (at >= 0)
        {
            block.Items[at] = message;
            return;
        }
        at = ~at;
        if (block.Length == BlockSize)
        {
            // Mail comes in order: a full last block stays full, and the next begins empty.
            var next = at == block.End && index == _blocks.Count - 1 ? new Block() : block.Split();
            _blocks.Insert(index + 1, next);
            if (next.Length == 0 || id > next.First) block = next;
            at = ~block.Search(id);
        }
        block.Insert(at, id, message);
        Count++;
    }

    public bool Remove(long id)
    {
        int index = BlockOf(id);
        int at = index < 0 ? -1 : _blocks[index].Search(id);
        if (at < 0) return false;
        var block = _blocks[index];
        block.RemoveAt(at);
        Count--;
        if (block.Length == 0) _blocks.RemoveAt(index);
        else if (block.Length < BlockSize / 4 && index + 1 < _blocks.Count && block.Length + _blocks[index + 1].Length <= BlockSize / 2)
        {
            block.Append(_blocks[index + 1]);
            _blocks.RemoveAt(index + 1);
        }
        return true;
    }

    /// <summary>Up to the span's length of those with ids above <paramref name="after"/>, ascending.</summary>
    public int CopyAfter(long after, Span<WaitingMessage> target)
    {
        int taken = 0;
        for (int i = Math.Max(0, BlockOf(after)); i < _blocks.Count && taken < target.Length; i++)
        {
            var block = _blocks[i];
            int from = block.Search(after);
            from = from >= 0 ? from + 1 : ~from;
            for (; from < block.End && taken < target.Length; from++) target[taken++] = block.Items[from]!;
        }
        return taken;
    }

    /// <summary>Up to the span's length of those with ids below <paramref name="before"/>, descending.</summary>
    public int CopyBefore(long before, Span<WaitingMessage> target)
    {
        int taken = 0;
        for (int i = BlockOf(before); i >= 0 && taken < target.Length; i--)
        {
            var block = _blocks[i];
            int to = block.Search(before);
            to = (to >= 0 ? to : ~to) - 1;
            for (; to >= block.Start && taken < target.Length; to--) target[taken++] = block.Items[to]!;
        }
        return taken;
    }

    /// <summary>The last block that begins at or below the id; -1 when all begin above it.</summary>
    private int BlockOf(long id)
    {
        int low = 0, high = _blocks.Count - 1;
        if (high >= 0 && id >= _blocks[high].First) return high;
        while (low <= high)
        {
            int middle = (low + high) >> 1;
            if (_blocks[middle].First <= id) low = middle + 1;
            else high = middle - 1;
        }
        return high;
    }

    /// <summary>Entries from Start to End; the ids beside them, so that a search touches no message.</summary>
    private sealed class Block
    {
        private readonly long[] _ids = new long[BlockSize];
        public readonly WaitingMessage?[] Items = new WaitingMessage?[BlockSize];

        public int Start { get; private set; }
        public int End { get; private set; }
        public int Length => End - Start;
        public long First => _ids[Start];

        /// <summary>As <see cref="Array.BinarySearch(Array, object)"/>.</summary>
        public int Search(long id) => Array.BinarySearch(_ids, Start, Length, id);

        public void Insert(int at, long id, WaitingMessage message)
        {
            if (End == BlockSize)
            {
                at -= Start;
                ToFront();
            }
            Move(at, End - at, at + 1);
            End++;
            (_ids[at], Items[at]) = (id, message);
        }

        public void RemoveAt(int at)
        {
            if (at - Start < End - 1 - at)
            {
                Move(Start, at - Start, Start + 1);
                Items[Start++] = null;
            }
            else
            {
                Move(at + 1, End - at - 1, at);
                Items[--End] = null;
            }
        }

        /// <summary>Gives the upper half away.</summary>
        public Block Split()
        {
            var upper = new Block();
            int keep = Start + Length / 2;
            upper.Take(this, keep, End - keep);
            Array.Clear(Items, keep, End - keep);
            End = keep;
            return upper;
        }

        public void Append(Block next)
        {
            if (End + next.Length > BlockSize) ToFront();
            Take(next, next.Start, next.Length);
        }

        private void ToFront()
        {
            int length = Length;
            Move(Start, length, 0);
            Array.Clear(Items, length, End - length);
            (Start, End) = (0, length);
        }

        private void Take(Block other, int from, int count)
        {
            Array.Copy(other._ids, from, _ids, End, count);
            Array.Copy(other.Items, from, Items, End, count);
            End += count;
        }

        private void Move(int from, int count, int to)
        {
            if (count == 0) return;
            Array.Copy(_ids, from, _ids, to, count);
            Array.Copy(Items, from, Items, to, count);
        }
    }
}
