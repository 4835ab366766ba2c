namespace Postern.Diagnosis.History;

/// <summary>What happened in one second or minute.</summary>
/// <param name="HighestServed">Most sessions open at once when one was served; 0 when none was.</param>
/// <param name="LowestRefused">Fewest sessions open at once when one was refused; 0 when none was.</param>
internal readonly record struct RecordBucket(int Served, int Refused, int HighestServed, int LowestRefused);

/// <summary>
/// A ring of buckets of three or four bytes, in pages that are made when first used: an upstream that sees one message a day costs a few hundred bytes. A bucket is
/// written once, when its time is over.
/// </summary>
/// <param name="isShort">Three bytes: of a bucket with refusals only the fewest sessions at once are kept, of one without the most.</param>
internal sealed class RecordPages(int buckets, int perPage, bool isShort = false)
{
    private readonly int _bytes = isShort ? 3 : 4;

    private readonly byte[]?[] _pages = new byte[buckets / perPage][];

    /// <summary>Bucket numbers at and before this one that are within the ring hold what was written; later ones nothing.</summary>
    private long _newest = -1;

    public int Count => buckets;
    public int BytesHeld => _pages.Sum(p => p?.Length ?? 0) + (_pages.Length * IntPtr.Size);

    public void Write(long number, in RecordBucket bucket)
    {
        Forget(number);
        var at = Slot(number, create: true);
        at[0] = SmallCount.Pack(bucket.Served);
        at[1] = SmallCount.Pack(bucket.Refused);
        at[2] = (byte)Math.Min(isShort && bucket.Refused > 0 ? bucket.LowestRefused : bucket.HighestServed, byte.MaxValue);
        if (!isShort) at[3] = (byte)Math.Min(bucket.LowestRefused, byte.MaxValue);
    }

    public RecordBucket Read(long number)
    {
        if (number > _newest || number <= _newest - buckets || number < 0) return default;
        var at = Slot(number, create: false);
        if (at.IsEmpty) return default;
        int refused = SmallCount.Unpack(at[1]);
        return isShort ? new RecordBucket(SmallCount.Unpack(at[0]), refused, refused > 0 ? 0 : at[2], refused > 0 ? at[2] : 0) : new RecordBucket(SmallCount.Unpack(at[0]), refused, at[2], at[3]);
    }

    /// <summary>Clears what the ring comes round to; after a silence as long as the ring all pages are given back.</summary>
    private void Forget(long number)
    {
        if (_newest < 0 || number - _newest >= buckets) Array.Clear(_pages);
        else
        {
            for (long n = _newest + 1; n <= number; n++)
                Slot(n, create: false).Clear();
        }
        _newest = Math.Max(_newest, number);
    }

    private Span<byte> Slot(long number, bool create)
    {
        int slot = (int)(number % buckets);
        ref byte[]? page = ref _pages[slot / perPage];
        if (page is null)
        {
            if (!create) return default;
            page = new byte[perPage * _bytes];
        }
        return page.AsSpan(slot % perPage * _bytes, _bytes);
    }
}
