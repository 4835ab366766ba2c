namespace Postern.Core.Queue.Embedded;

/// <summary>
/// The append side of the journal. Appends get their place at once, in the order of the calls; one thread writes all that wait with one write and makes them
/// stable with one fdatasync, while the next group gathers. After a failed write or sync nothing more is taken until <see cref="TryReopen"/> has found a
/// working segment: a failed fsync is never repeated as if nothing had been lost.
/// </summary>
internal sealed class Journal : IDisposable
{
    private const int WriteBufferBytes = 1 << 20;
    private const int LazyWriteMs = 5;
    private const int LazySyncMs = 100;
    private readonly object _gate = new(); // a Monitor, since the writer waits on it
    private readonly StorageFolder _folder;
    private readonly SegmentSupply _supply;
    private readonly long _segmentBytes;
    private readonly Dictionary<uint, Segment> _segments = [];
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(WriteBufferBytes, pinned: true);
    private readonly Thread _writer;
    private List<JournalAppend> _pending = new(256);
    private List<JournalAppend> _batch = new(256);
    private bool _urgent, _stopping, _writerBusy;
    private long _lazySince, _unsyncedSince;
    private Segment _tail;
    private long _tailOffset;
    private Segment _current;
    private long _stable, _written, _syncs;
    private volatile StoreException? _fault;
    private volatile bool _isShort;

    /// <param name="recovered">The segments found, ascending; appending goes on in a new one after them.</param>
    public Journal(StorageFolder folder, SegmentSupply supply, long segmentBytes, IEnumerable<Segment> recovered)
    {
        (_folder, _supply, _segmentBytes) = (folder, supply, segmentBytes);
        uint last = 0, oldest = 0;
        foreach (var segment in recovered)
        {
            _segments.Add(segment.Number, segment);
            if (oldest == 0) oldest = segment.Number;
            last = segment.Number;
        }
        _current = _tail = Add(last + 1);
        Oldest = oldest == 0 ? _tail.Number : oldest;
        _tail.File = _supply.Take(_tail.Number, Oldest);
        _tailOffset = Segment.HeaderBytes;
        _stable = _written = new Location(_tail.Number, 0).Position;
        _supply.PrepareAhead();
        _writer = new Thread(Run) { IsBackground = true, Name = "postern journal" };
        _writer.Start();
    }

    public uint Oldest { get; private set; }
    public long Syncs => Interlocked.Read(ref _syncs);

    /// <summary>Everything before this position is on stable storage.</summary>
    public long StablePosition => Interlocked.Read(ref _stable);

    /// <summary>Not null while nothing can be written.</summary>
    public StoreException? Fault => _fault;

    /// <summary>True when new mail finds no more room, while changes of what is kept are still written.</summary>
    public bool IsShort => _isShort;

    /// <summary>Asks the disk again. Called now and then.</summary>
    public void LookForRoom() => _isShort = !_supply.CanGrow(1);

    public bool IsWritten(Location at) => at.Position < Interlocked.Read(ref _written);

    /// <summary>Largest payload of one record.</summary>
    public int MaxPayload => (int)Math.Min(int.MaxValue / 2, _segmentBytes - Segment.HeaderBytes - RecordFormat.HeaderBytes - 8);

    public Segment Get(uint number)
    {
        lock (_gate) return _segments[number];
    }

    /// <summary>Files the record; its bytes count as live in its segment until the caller takes them off. Throws <see cref="StoreException"/> while the journal is broken.</summary>
    public void Append(JournalAppend append)
    {
        lock (_gate)
        {
            if (_stopping) throw new StoreException("the queue is closed");
            if (_fault is { } fault) throw new StoreException(fault.Message, fault);
            if (append.Length > 0) PlaceNeedsLock(append);
            _pending.Add(append);
            if (append.Urgency == AppendUrgency.Lazy)
            {
                if (_lazySince != 0) return;
                _lazySince = Environment.TickCount64;
                if (!_writerBusy) Monitor.Pulse(_gate);
            }
            else if (!_urgent)
            {
                _urgent = true;
                if (!_writerBusy) Monitor.Pulse(_gate);
            }
        }
    }

    /// <summary>Returns when all that was appended before is written (or stable).</summary>
    public ValueTask FlushAsync(bool stable)
    {
        var marker = new JournalAppend { Urgency = stable ? AppendUrgency.Stable : AppendUrgency.Written };
        Append(marker);
        return marker.Task;
    }

    /// <summary>Bytes of all segments, and how many of them are of live messages.</summary>
    public (long Total, long Live, int Count) Usage()
    {
        lock (_gate)
        {
            long total = 0, live = 0;
            foreach (var segment in _segments.Values)
            {
                total += segment.Bytes;
                live += segment.LiveBytes;
            }
            return (total, live, _segments.Count);
        }
    }

    /// <summary>The oldest segment when it is written to its end and stable; null when it is the one being written.</summary>
    public Segment? OldestClosed()
    {
        lock (_gate)
        {
            return Oldest < _current.Number && Oldest < StablePosition >> 32 && _segments.TryGetValue(Oldest, out var segment) ? segment : null;
        }
    }

    /// <summary>Gives the oldest segment's space back. The folder is synced so that an older segment never outlives a younger one.</summary>
    public void FreeOldest(Segment segment)
    {
        lock (_gate)
        {
            _segments.Remove(segment.Number);
            do Oldest++;
            while (Oldest < _current.Number && !_segments.ContainsKey(Oldest));
        }
        _supply.GiveBack(segment);
    }

    /// <summary>After a fault: tries a new segment. True when it was written and synced, and appends are taken again.</summary>
    public bool TryReopen()
    {
        lock (_gate)
        {
            if (_fault is null) return true;
            if (_writerBusy || _stopping) return false;
            uint next = _tail.Number + 1;
            StorageFile file;
            try { file = _supply.Take(next, Oldest); }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException) { return false; }
            _tail = _current = Add(next);
            _tail.File = file;
            _tailOffset = Segment.HeaderBytes;
            _stable = _written = new Location(next, 0).Position;
            _fault = null;
            return true;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _stopping = true;
            Monitor.Pulse(_gate);
        }
        _writer.Join();
        foreach (var segment in _segments.Values) segment.File?.Dispose();
    }

    private Segment Add(uint number)
    {
        var segment = new Segment(number, _segmentBytes);
        _segments.Add(number, segment);
        return segment;
    }

    private void PlaceNeedsLock(JournalAppend append)
    {
        if (_tailOffset + append.Length > _segmentBytes)
        {
            if (append.Length > _segmentBytes - Segment.HeaderBytes) throw new StoreException("the envelope is larger than a journal segment; raise queue.segment_bytes");
            if (append.IsGrowth && !_supply.CanGrow((int)(_tail.Number - _current.Number) + 1))
            {
                _isShort = true;
                throw StoreException.Full(_folder.Path);
            }
            _tail = Add(_tail.Number + 1);
            _tailOffset = Segment.HeaderBytes;
        }
        append.At = new Location(_tail.Number, (uint)_tailOffset);
        _tailOffset += append.Length;
        if (append.KeepsSegmentAlive) _tail.AddLive(append.Length);
    }

    private void Run()
    {
        while (true)
        {
            bool sync, stopping;
            lock (_gate)
            {
                _writerBusy = false;
                stopping = WaitForWorkNeedsLock(out sync);
                (_pending, _batch) = (_batch, _pending);
                _urgent = false;
                _lazySince = 0;
                _writerBusy = true;
            }
            WriteGroup(sync);
            if (stopping) return;
        }
    }

    /// <summary>Returns when there is something to write or to sync; true when stopping (and all that is left is to be made stable).</summary>
    private bool WaitForWorkNeedsLock(out bool sync)
    {
        while (true)
        {
            long now = Environment.TickCount64;
            sync = _stopping || (_unsyncedSince != 0 && now - _unsyncedSince >= LazySyncMs);
            if (_stopping) return true;
            if (_urgent || sync) return false;
            long wait = Timeout.Infinite;
            if (_unsyncedSince != 0) wait = LazySyncMs - (now - _unsyncedSince);
            if (_lazySince != 0)
            {
                long lazy = LazyWriteMs - (now - _lazySince);
                if (lazy <= 0) return false;
                wait = wait < 0 ? lazy : Math.Min(wait, lazy);
            }
            Monitor.Wait(_gate, (int)wait);
        }
    }

    private void WriteGroup(bool sync)
    {
        StoreException? error = _fault;
        if (error is null)
        {
            try
            {
                foreach (var append in _batch) sync |= append.Urgency == AppendUrgency.Stable;
                long end = WriteBatch();
                if (end != 0) Interlocked.Exchange(ref _written, end);
                if (end != 0 && !sync && _unsyncedSince == 0) _unsyncedSince = Environment.TickCount64;
                if (sync && (_unsyncedSince != 0 || end != 0)) SyncCurrent();
                if (sync) Interlocked.Exchange(ref _stable, Interlocked.Read(ref _written));
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ObjectDisposedException)
            {
                error = Break(failure);
            }
        }
        if (error is null) foreach (var append in _batch) append.Apply(null);
        else
        {
            for (int i = _batch.Count - 1; i >= 0; i--)
            {
                var append = _batch[i];
                if (append.Length > 0 && append.KeepsSegmentAlive) Get(append.At.Segment).AddLive(-append.Length);
                append.Apply(error);
            }
        }
        foreach (var append in _batch)
        {
            append.ReturnBuffer();
            append.Complete(error);
        }
        _batch.Clear();
    }

    private StoreException Break(Exception failure)
    {
        lock (_gate)
        {
            _fault = new StoreException($"the queue in {_folder.Path} cannot be written: {failure.Message}", failure);
            _batch.AddRange(_pending); // their place is in the segment that failed
            _pending.Clear();
            _unsyncedSince = 0;
            return _fault;
        }
    }

    private void SyncCurrent()
    {
        _current.File!.Sync();
        _unsyncedSince = 0;
        Interlocked.Increment(ref _syncs);
    }

    /// <summary>Returns the position after the last record, 0 when there was none.</summary>
    private long WriteBatch()
    {
        int used = 0;
        long start = 0, end = 0;
        foreach (var append in _batch)
        {
            if (append.Length == 0) continue;
            if (append.At.Segment != _current.Number)
            {
                Flush(ref used, start);
                Roll(append.At.Segment);
            }
            append.Seal();
            if (used + append.Length > _buffer.Length) Flush(ref used, start);
            if (used == 0) start = append.At.Offset;
            if (append.Length > _buffer.Length) _current.File!.Write(append.Record, append.At.Offset);
            else
            {
                append.Record.CopyTo(_buffer.AsSpan(used));
                used += append.Length;
            }
            end = append.At.Position + append.Length;
        }
        Flush(ref used, start);
        return end;
    }

    private void Flush(ref int used, long start)
    {
        if (used == 0) return;
        _current.File!.Write(_buffer.AsSpan(0, used), start);
        used = 0;
    }

    /// <summary>What is behind is made stable first: a stable record implies that all before it are.</summary>
    private void Roll(uint number)
    {
        SyncCurrent();
        var next = Get(number);
        next.File = _supply.Take(number, Oldest);
        lock (_gate) _current = next;
        _supply.PrepareAhead();
    }
}
