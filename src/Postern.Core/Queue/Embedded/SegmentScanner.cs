namespace Postern.Core.Queue.Embedded;

/// <summary>
/// Reads one segment from its start. What is no valid record is skipped to the next valid one and reported; what follows the last is the end.
/// </summary>
internal sealed class SegmentScanner(StorageFile file, uint number, long length)
{
    private byte[] _window = new byte[1 << 20];
    private long _windowAt;
    private int _windowBytes;
    private long _next = Segment.HeaderBytes;

    public Location At { get; private set; }
    public RecordType Type { get; private set; }

    /// <summary>Of the whole record, padded.</summary>
    public int RecordBytes { get; private set; }

    /// <summary>Valid until the next call.</summary>
    public ReadOnlyMemory<byte> Payload { get; private set; }

    /// <summary>Set when the record follows bytes that are none.</summary>
    public (long From, long To)? Damage { get; private set; }

    public bool Next()
    {
        Damage = null;
        for (long at = _next; at + RecordFormat.HeaderBytes <= length; at += 8)
        {
            if (!TryRecord(at)) continue;
            if (at != _next) Damage = (_next, at);
            _next = at + RecordBytes;
            return true;
        }
        return false;
    }

    private bool TryRecord(long at)
    {
        if (!Load(at, RecordFormat.HeaderBytes)) return false;
        var header = _window.AsSpan((int)(at - _windowAt), RecordFormat.HeaderBytes);
        var location = new Location(number, (uint)at);
        if (!RecordFormat.TryReadHeader(header, location, out int payload, out var type)) return false;
        int bytes = RecordFormat.Padded(payload);
        if (at + bytes > length || !Load(at, bytes)) return false;
        int start = (int)(at - _windowAt);
        if (!RecordFormat.PayloadMatches(_window.AsSpan(start, RecordFormat.HeaderBytes), _window.AsSpan(start + RecordFormat.HeaderBytes, payload))) return false;
        (At, Type, RecordBytes) = (location, type, bytes);
        Payload = _window.AsMemory(start + RecordFormat.HeaderBytes, payload);
        return true;
    }

    private bool Load(long at, int bytes)
    {
        if (at >= _windowAt && at + bytes <= _windowAt + _windowBytes) return true;
        if (bytes > _window.Length) _window = new byte[bytes];
        _windowAt = at;
        _windowBytes = file.Read(_window.AsSpan(0, (int)Math.Min(_window.Length, length - at)), at);
        return bytes <= _windowBytes;
    }
}
