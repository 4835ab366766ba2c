using System.Buffers.Binary;

namespace Postern.Core.Queue.Embedded;

/// <summary>What a journal record says.</summary>
internal enum RecordType : byte
{
    /// <summary>A message: envelope and, when small, its body.</summary>
    Accept = 1,

    /// <summary>A piece of a large body; garbage unless an Accept lists it.</summary>
    Chunk = 2,

    /// <summary>The whole changeable state of a message, replacing what was known.</summary>
    Snapshot = 3,

    /// <summary>The message is finished.</summary>
    Done = 4,
}

/// <summary>Where a record lies.</summary>
internal readonly record struct Location(uint Segment, uint Offset)
{
    public static readonly Location None;
    public bool IsNone => Segment == 0;
    public long Position => ((long)Segment << 32) | Offset;
}

/// <summary>
/// A record: length of the payload (4), type (1) and mark (3), checksum of the payload (4), checksum of the header (4), payload, padding to 8.
/// The header's checksum covers the segment's number and the record's offset, so that what a recycled segment still holds of its former life never passes.
/// Little-endian throughout.
/// </summary>
internal static class RecordFormat
{
    public const int HeaderBytes = 16;
    private const uint Mark = 0x4A5000; // "PJ" in the upper three bytes

    public static int Padded(int payload) => (HeaderBytes + payload + 7) & ~7;

    /// <summary>All of the header but its own checksum, which needs the location: see <see cref="Seal"/>. Clears the padding.</summary>
    public static void Prepare(Span<byte> record, int payload, RecordType type)
    {
        BinaryPrimitives.WriteInt32LittleEndian(record, payload);
        BinaryPrimitives.WriteUInt32LittleEndian(record[4..], (Mark << 8) | (uint)type);
        BinaryPrimitives.WriteUInt32LittleEndian(record[8..], Crc32C.Of(record.Slice(HeaderBytes, payload)));
        record[(HeaderBytes + payload)..Padded(payload)].Clear();
    }

    public static void Seal(Span<byte> record, Location at) => BinaryPrimitives.WriteUInt32LittleEndian(record[12..], HeaderChecksum(record, at));

    /// <summary>Only the header is checked. False for anything but a header written for this very place.</summary>
    public static bool TryReadHeader(ReadOnlySpan<byte> header, Location at, out int payload, out RecordType type)
    {
        payload = BinaryPrimitives.ReadInt32LittleEndian(header);
        uint mark = BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
        type = (RecordType)(byte)mark;
        return payload >= 0 && mark >> 8 == Mark && BinaryPrimitives.ReadUInt32LittleEndian(header[12..]) == HeaderChecksum(header, at);
    }

    public static bool PayloadMatches(ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload) =>
        BinaryPrimitives.ReadUInt32LittleEndian(header[8..]) == Crc32C.Of(payload);

    private static uint HeaderChecksum(ReadOnlySpan<byte> header, Location at)
    {
        Span<byte> covered = stackalloc byte[24];
        header[..12].CopyTo(covered);
        BinaryPrimitives.WriteUInt32LittleEndian(covered[12..], at.Segment);
        BinaryPrimitives.WriteUInt32LittleEndian(covered[16..], at.Offset);
        covered[20..].Clear();
        return Crc32C.Of(covered);
    }
}
