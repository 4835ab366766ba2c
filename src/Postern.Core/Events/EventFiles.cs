using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Postern.Core.Events;

/// <summary>
/// The files of the event log: "000000000001.jsonl", named by the first event in them, each begun when the one before has <see cref="SegmentBytes"/>. The oldest are
/// deleted when all together have more than is to be kept. Used by one writer; readers open the files themselves.
/// </summary>
internal sealed class EventFiles : IDisposable
{
    internal const int SegmentBytes = 4 << 20;
    private const string Ending = ".jsonl";

    private readonly string _folder;
    private readonly Queue<(long First, long Bytes)> _full = new();
    private SafeFileHandle? _file;
    private long _first, _length;

    /// <exception cref="IOException">The folder cannot be used.</exception>
    public EventFiles(string folder)
    {
        _folder = folder;
        Directory.CreateDirectory(folder);
        foreach (long first in Firsts(folder)) _full.Enqueue((first, new FileInfo(PathOf(folder, first)).Length));
        if (_full.Count > 0) LastId = CutTail(PathOf(folder, _full.Last().First)) ?? _full.Last().First - 1;
    }

    /// <summary>Of the last event that is whole.</summary>
    public long LastId { get; private set; }

    public static string PathOf(string folder, long first) => Path.Combine(folder, first.ToString("D12", CultureInfo.InvariantCulture) + Ending);

    /// <summary>First ids of the files there are, rising.</summary>
    public static List<long> Firsts(string folder)
    {
        var firsts = new List<long>();
        foreach (string file in Directory.EnumerateFiles(folder, "*" + Ending))
            if (long.TryParse(Path.GetFileNameWithoutExtension(file), NumberStyles.None, CultureInfo.InvariantCulture, out long first)) firsts.Add(first);
        firsts.Sort();
        return firsts;
    }

    /// <summary>Writes events that follow the last one, and returns when they are on stable storage.</summary>
    /// <param name="bytes">Their lines, each with its line end.</param>
    public void Append(ReadOnlySpan<byte> bytes, long first, long last)
    {
        if (_file is null || _length >= SegmentBytes) Begin(first);
        try
        {
            RandomAccess.Write(_file!, bytes, _length);
            RandomAccess.FlushToDisk(_file!);
        }
        catch (IOException)
        {
            // What got there is told as lost: a start must not find it, under ids that have been passed over.
            RandomAccess.SetLength(_file!, _length);
            throw;
        }
        _length += bytes.Length;
        LastId = last;
    }

    /// <summary>Deletes the oldest files beyond <paramref name="keep"/> bytes, never the one in use.</summary>
    public void Forget(long keep)
    {
        long sum = _length;
        foreach (var (_, bytes) in _full) sum += bytes;
        while (sum > keep && _full.TryDequeue(out var oldest))
        {
            sum -= oldest.Bytes;
            File.Delete(PathOf(_folder, oldest.First));
        }
    }

    public void Dispose() => _file?.Dispose();

    private void Begin(long first)
    {
        if (_file is not null) _full.Enqueue((_first, _length));
        _file?.Dispose();
        _file = File.OpenHandle(PathOf(_folder, first), FileMode.Create, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        (_first, _length) = (first, 0);
    }

    /// <summary>A power cut may leave half a line: it goes, so that what is appended next is not glued to it. Returns the last whole event's id.</summary>
    private static long? CutTail(string path)
    {
        byte[] all = File.ReadAllBytes(path);
        int end = all.AsSpan().LastIndexOf((byte)'\n') + 1;
        if (end < all.Length)
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
            RandomAccess.SetLength(file, end);
        }
        long? last = null;
        for (int at = 0; at < end;)
        {
            int length = all.AsSpan(at).IndexOf((byte)'\n');
            if (length > 0 && RelayEvent.TryReadId(all.AsSpan(at, length), out long id)) last = id;
            at += length + 1;
        }
        return last;
    }
}
