using System.Globalization;

namespace Postern.Core.Queue.Embedded;

/// <summary>
/// Keeps segment files ready: pre-written in the background and recycled, so that the writer never waits for new space. New mail may not have the last
/// of them: what becomes of the mail that is kept can still be written when the disk is full, whoever filled it.
/// Spares are named <c>spare-N.new</c>; a file gets its segment's name only after its header is stable.
/// </summary>
/// <param name="keep">Spares to keep ready: they are the reserve.</param>
/// <param name="minFreeBytes">Free space that new mail leaves on the disk.</param>
internal sealed class SegmentSupply(StorageFolder folder, long segmentBytes, int keep, long minFreeBytes) : IDisposable
{
    private const string Prefix = "spare-";
    private const string Suffix = ".new";

    /// <summary>A segment that fills faster than this holds large messages and sees few syncs: writing zeros ahead of it would cost more than it spares.</summary>
    private const long HasteMs = 1000;
    private readonly Lock _gate = new();
    private readonly Queue<string> _ready = new();
    private readonly SemaphoreSlim _making = new(1);
    private int _names;
    private long _takenAt = long.MinValue / 2;
    private volatile bool _inHaste;
    private Task _ahead = Task.CompletedTask;
    private volatile bool _disposed;

    public long SpareBytes
    {
        get { lock (_gate) return _ready.Count * segmentBytes; }
    }

    /// <summary>False when some of the reserve has been used.</summary>
    public bool IsWhole
    {
        get { lock (_gate) return _ready.Count >= keep; }
    }

    public bool IsEmpty
    {
        get { lock (_gate) return _ready.Count == 0; }
    }

    /// <summary>False when so many more segments of new mail would leave no room for the spares, or less than is to be left free. Asks the file system: once per segment, not per message.</summary>
    public bool CanGrow(int segments)
    {
        int toMake;
        lock (_gate) toMake = Math.Max(0, segments + keep - _ready.Count);
        try { return folder.FreeBytes - toMake * segmentBytes >= minFreeBytes; }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException) { return false; }
    }

    /// <summary>Takes stock of the spares left by a former run; half-made ones are deleted.</summary>
    public void Recover(IReadOnlyList<string> names)
    {
        foreach (string name in names)
        {
            if (!name.StartsWith(Prefix, StringComparison.Ordinal)) continue;
            long length;
            using (var file = folder.Open(name)) length = file.Length;
            if (!name.EndsWith(Suffix, StringComparison.Ordinal) || length != segmentBytes || _ready.Count >= keep) folder.Delete(name);
            else
            {
                _ready.Enqueue(name);
                if (int.TryParse(name.AsSpan(Prefix.Length, name.Length - Prefix.Length - Suffix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int n))
                    _names = Math.Max(_names, n);
            }
        }
    }

    /// <summary>A file for this segment: its header written, its name durable.</summary>
    public StorageFile Take(uint number, uint oldest)
    {
        long now = Environment.TickCount64;
        (_inHaste, _takenAt) = (now - _takenAt < HasteMs, now);
        string? name;
        lock (_gate) _ready.TryDequeue(out name);
        name ??= Make();
        var file = folder.Open(name);
        try
        {
            Segment.WriteHeader(file, number, oldest);
            file.Sync();
            folder.Rename(name, Segment.NameOf(number));
            folder.Sync();
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Starts making the spares that are missing. A failure shows when the writer needs one.</summary>
    public void PrepareAhead()
    {
        lock (_gate)
        {
            if (_disposed || _ready.Count >= keep || !_ahead.IsCompleted) return;
            _ahead = Task.Run(MakeMissing);
        }
    }

    private void MakeMissing()
    {
        try
        {
            while (!_disposed && AddSpare()) { }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The writer tries again and tells.
        }
    }

    /// <summary>Keeps the file of a freed segment as a spare, or deletes it.</summary>
    public void GiveBack(Segment segment)
    {
        if (segment.File is null) return; // never written: the disk failed when its turn came
        segment.File.Dispose();
        bool recycle;
        string name;
        lock (_gate)
        {
            recycle = _ready.Count < keep && segment.Bytes == segmentBytes;
            name = NextName();
        }
        if (recycle) folder.Rename(segment.Name, name);
        else folder.Delete(segment.Name);
        folder.Sync();
        if (!recycle) return;
        lock (_gate) _ready.Enqueue(name);
    }

    public void Dispose()
    {
        _disposed = true;
        _ahead.Wait();
        _making.Dispose();
    }

    /// <summary>For the writer, which has none: one that is being made, or a new one.</summary>
    private string Make()
    {
        _making.Wait();
        try
        {
            lock (_gate)
            {
                if (_ready.TryDequeue(out string? name)) return name;
            }
            return Fill();
        }
        finally
        {
            _making.Release();
        }
    }

    /// <summary>True when more are missing.</summary>
    private bool AddSpare()
    {
        _making.Wait();
        try
        {
            string name = Fill();
            lock (_gate)
            {
                _ready.Enqueue(name);
                return _ready.Count < keep;
            }
        }
        finally
        {
            _making.Release();
        }
    }

    private string Fill()
    {
        string name = NextName(), half = name[..^Suffix.Length] + ".tmp";
        try
        {
            using var file = folder.Create(half);
            file.Preallocate(segmentBytes, written: !_inHaste);
            file.Sync();
        }
        catch
        {
            TryDelete(half); // what was reserved of it must not keep the disk full
            throw;
        }
        folder.Rename(half, name);
        return name;
    }

    private void TryDelete(string name)
    {
        try { folder.Delete(name); }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException) { } // deleted at the next start
    }

    private string NextName() => Prefix + Interlocked.Increment(ref _names).ToString(CultureInfo.InvariantCulture) + Suffix;
}
