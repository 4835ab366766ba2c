using System.Buffers.Binary;
using System.Globalization;

namespace Postern.Core.Queue.Embedded;

/// <summary>One file of the journal. Live bytes and pins keep it from being freed.</summary>
internal sealed class Segment(uint number, long bytes)
{
    public const int HeaderBytes = 64;
    public const uint FormatVersion = 1;
    private const ulong Magic = 0x4C4E524A54534F50; // "POSTJRNL"
    private long _liveBytes;
    private int _pins;

    public uint Number { get; } = number;
    public long Bytes { get; set; } = bytes;
    public string Name => NameOf(Number);

    /// <summary>Null until the writer has come to it.</summary>
    public StorageFile? File { get; set; }

    public long LiveBytes => Interlocked.Read(ref _liveBytes);
    public bool IsPinned => Volatile.Read(ref _pins) != 0;

    public void AddLive(long bytes) => Interlocked.Add(ref _liveBytes, bytes);
    public void Pin() => Interlocked.Increment(ref _pins);
    public void Unpin() => Interlocked.Decrement(ref _pins);

    public static string NameOf(uint number) => number.ToString("D8", CultureInfo.InvariantCulture) + ".seg";

    public static bool TryParseName(string name, out uint number)
    {
        number = 0;
        return name.EndsWith(".seg", StringComparison.Ordinal) && uint.TryParse(name.AsSpan(0, name.Length - 4), NumberStyles.None, CultureInfo.InvariantCulture, out number) && number != 0;
    }

    /// <param name="oldest">The oldest segment in use when this one was made: what is older is a leftover.</param>
    public static void WriteHeader(StorageFile file, uint number, uint oldest)
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        header.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(header, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], FormatVersion);
        BinaryPrimitives.WriteUInt32LittleEndian(header[12..], number);
        BinaryPrimitives.WriteUInt32LittleEndian(header[16..], oldest);
        BinaryPrimitives.WriteUInt32LittleEndian(header[60..], Crc32C.Of(header[..60]));
        file.Write(header, 0);
    }

    /// <summary>False when it is not a whole header; <paramref name="version"/> tells a segment of another format.</summary>
    public static bool TryReadHeader(StorageFile file, out uint version, out uint number, out uint oldest)
    {
        version = number = oldest = 0;
        Span<byte> header = stackalloc byte[HeaderBytes];
        if (file.Read(header, 0) != HeaderBytes || BinaryPrimitives.ReadUInt64LittleEndian(header) != Magic) return false;
        if (BinaryPrimitives.ReadUInt32LittleEndian(header[60..]) != Crc32C.Of(header[..60])) return false;
        version = BinaryPrimitives.ReadUInt32LittleEndian(header[8..]);
        number = BinaryPrimitives.ReadUInt32LittleEndian(header[12..]);
        oldest = BinaryPrimitives.ReadUInt32LittleEndian(header[16..]);
        return true;
    }
}
