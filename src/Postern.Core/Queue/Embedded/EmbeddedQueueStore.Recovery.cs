using Postern.Core.Telemetry;

namespace Postern.Core.Queue.Embedded;

public sealed partial class EmbeddedQueueStore
{
    /// <summary>Spare segments kept ready.</summary>
    private const int Spares = 2;

    private void Recover(CancellationToken cancel)
    {
        long began = _time.GetTimestamp();
        var names = _folder.List();
        _supply = new SegmentSupply(_folder, _config.SegmentBytes, Spares, _config.MinFreeBytes);
        _supply.Recover(names);
        var segments = OpenSegments(names);
        var replay = new JournalReplay(this, _destinations);
        int used = 0;
        for (int i = 0; i < segments.Count; i++)
        {
            var segment = segments[i];
            cancel.ThrowIfCancellationRequested();
            var scanner = new SegmentScanner(segment.File!, segment.Number, segment.Bytes);
            while (scanner.Next())
            {
                used = i + 1;
                if (scanner.Damage is { } damage) SetAside(segment, damage.From, damage.To, "bytes that are no record");
                if (!replay.Apply(scanner)) SetAside(segment, scanner.At.Offset, scanner.At.Offset + scanner.RecordBytes, "a record that cannot be understood");
            }
        }
        // Begun by a process that then wrote nothing: without this every restart would take another segment, and a full disk the last one.
        for (; segments.Count > used; segments.RemoveAt(segments.Count - 1)) _supply.GiveBack(segments[^1]);
        // What was written but not synced before the process ended is taken for kept from here on.
        if (segments.Count > 0) segments[^1].File!.Sync();
        _journal = new Journal(_folder, _supply, _config.SegmentBytes, segments);
        _lastId = replay.HighestId;
        WaitingMessage[] found = [.. replay.Messages.Values];
        Array.Sort(found, static (a, b) => a.Id.CompareTo(b.Id));
        lock (_gate)
        {
            foreach (var message in found)
            {
                if (!replay.IsWhole(message))
                {
                    CountSetAside($"message {message.Id}", "a part of its body is missing");
                    _marks.Release(message);
                    continue;
                }
                EnterNeedsLock(message);
                AddLive(message, +1);
            }
        }
        PosternLog.QueueRecovered(_logger, _messages.Count, segments.Count, _setAside, (long)_time.GetElapsedTime(began).TotalMilliseconds);
    }

    /// <summary>Ascending. Segments older than what the youngest says is the oldest were freed when the power went: they go.</summary>
    private List<Segment> OpenSegments(IReadOnlyList<string> names)
    {
        var segments = new List<Segment>();
        uint oldest = 0;
        foreach (string name in names)
        {
            if (!Segment.TryParseName(name, out uint number)) continue;
            var file = _folder.Open(name);
            if (Segment.TryReadHeader(file, out uint version, out uint written, out uint oldestThen))
            {
                if (version != Segment.FormatVersion)
                    throw new StoreException($"the queue in {_folder.Path} is of format {version}, this postern reads {Segment.FormatVersion}; use the version that wrote it to deliver what waits, or move the folder away");
                if (written == number) oldest = Math.Max(oldest, oldestThen);
            }
            segments.Add(new Segment(number, file.Length) { File = file });
        }
        segments.Sort(static (a, b) => a.Number.CompareTo(b.Number));
        for (int i = 0; i < segments.Count && segments[i].Number < oldest;)
        {
            _supply!.GiveBack(segments[i]);
            segments.RemoveAt(i);
        }
        return segments;
    }

    /// <summary>Copies what cannot be used to the folder <c>damaged</c>, with the reason beside it.</summary>
    private void SetAside(Segment segment, long from, long to, string reason)
    {
        string name = $"damaged/{segment.Number:D8}-{from}";
        try
        {
            using (var copy = _folder.Create(name + ".bin"))
            {
                byte[] block = new byte[1 << 16];
                for (long at = from; at < to; at += block.Length)
                {
                    int read = segment.File!.Read(block.AsSpan(0, (int)Math.Min(block.Length, to - at)), at);
                    copy.Write(block.AsSpan(0, read), at - from);
                }
            }
            using var text = _folder.Create(name + ".txt");
            text.Write(System.Text.Encoding.UTF8.GetBytes($"{reason}: segment {segment.Name}, offset {from} to {to}, found {_time.GetUtcNow():O}\n"), 0);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            reason += $" (and it could not be copied: {error.Message})";
        }
        CountSetAside($"{segment.Name} at {from}, {to - from} bytes", reason);
    }

    private void CountSetAside(string what, string reason)
    {
        Interlocked.Increment(ref _setAside);
        PosternLog.SetAside(_logger, what, reason);
    }

    /// <summary>A waiting message whose record can no longer be read: the others go on. Its bytes stay where they are until the segment goes.</summary>
    private void SetAside(WaitingMessage message)
    {
        Segment segment;
        lock (_gate)
        {
            if (message.IsGone) return;
            for (int i = 0; i < message.PartCount; i++) message.Part(i).Destination.Add(-1);
            segment = Journal.Get(message.Accept.Segment);
            segment.Pin();
            LeaveNeedsLock(message);
        }
        SetAside(segment, message.Accept.Offset, message.Accept.Offset + message.AcceptBytes, $"message {message.Id} cannot be read back");
        segment.Unpin();
    }
}
