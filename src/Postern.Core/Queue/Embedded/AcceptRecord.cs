using System.Buffers.Binary;

namespace Postern.Core.Queue.Embedded;

/// <summary>A piece of a large body: its Chunk record's place and the bytes of body in it.</summary>
internal readonly record struct Extent(Location At, int BodyBytes)
{
    /// <summary>A Chunk's payload begins with the message's id, and has its body where an Accept has its own: the same buffer can become either.</summary>
    public const int ChunkPrefixBytes = AcceptRecord.FixedBytes;
    public int RecordBytes => RecordFormat.Padded(ChunkPrefixBytes + BodyBytes);
}

/// <summary>
/// The payload of an Accept record: id (8), flags (4), inline body's length (4), extents (4), envelope's length (4), the message that a provisional
/// one depends on (8), inline body, extents of 12 bytes, envelope. The body comes before the envelope so that it is received where it will be written from.
/// </summary>
internal readonly record struct AcceptRecord(MessageId Id, bool IsMoved, MessageId Provisional, int InlineBytes, int ExtentCount, int EnvelopeBytes)
{
    public const int FixedBytes = 32;
    private const int ExtentBytes = 12;
    private const int MovedFlag = 1;

    public int PayloadBytes => FixedBytes + InlineBytes + ExtentCount * ExtentBytes + EnvelopeBytes;
    public int EnvelopeOffset => FixedBytes + InlineBytes + ExtentCount * ExtentBytes;

    public void Write(Span<byte> payload, ReadOnlySpan<Extent> extents)
    {
        BinaryPrimitives.WriteInt64LittleEndian(payload, Id.Value);
        BinaryPrimitives.WriteInt32LittleEndian(payload[8..], IsMoved ? MovedFlag : 0);
        BinaryPrimitives.WriteInt32LittleEndian(payload[12..], InlineBytes);
        BinaryPrimitives.WriteInt32LittleEndian(payload[16..], ExtentCount);
        BinaryPrimitives.WriteInt32LittleEndian(payload[20..], EnvelopeBytes);
        BinaryPrimitives.WriteInt64LittleEndian(payload[24..], Provisional.Value);
        var at = payload[(FixedBytes + InlineBytes)..];
        foreach (var extent in extents)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(at, extent.At.Segment);
            BinaryPrimitives.WriteUInt32LittleEndian(at[4..], extent.At.Offset);
            BinaryPrimitives.WriteInt32LittleEndian(at[8..], extent.BodyBytes);
            at = at[ExtentBytes..];
        }
    }

    public static bool TryRead(ReadOnlySpan<byte> payload, out AcceptRecord record)
    {
        record = default;
        if (payload.Length < FixedBytes) return false;
        int flags = BinaryPrimitives.ReadInt32LittleEndian(payload[8..]);
        record = new AcceptRecord(
            new MessageId(BinaryPrimitives.ReadInt64LittleEndian(payload)),
            (flags & MovedFlag) != 0,
            new MessageId(BinaryPrimitives.ReadInt64LittleEndian(payload[24..])),
            BinaryPrimitives.ReadInt32LittleEndian(payload[12..]),
            BinaryPrimitives.ReadInt32LittleEndian(payload[16..]),
            BinaryPrimitives.ReadInt32LittleEndian(payload[20..]));
        return (flags & ~MovedFlag) == 0 && record.InlineBytes >= 0 && record.ExtentCount >= 0 && record.EnvelopeBytes > 0
            && (long)FixedBytes + record.InlineBytes + (long)record.ExtentCount * ExtentBytes + record.EnvelopeBytes == payload.Length;
    }

    /// <summary>Null when there are none, or one is impossible: then <paramref name="valid"/> is false.</summary>
    public Extent[]? ReadExtents(ReadOnlySpan<byte> payload, out bool valid)
    {
        valid = true;
        if (ExtentCount == 0) return null;
        var extents = new Extent[ExtentCount];
        var at = payload[(FixedBytes + InlineBytes)..];
        for (int i = 0; i < extents.Length; i++, at = at[ExtentBytes..])
        {
            extents[i] = new Extent(new Location(BinaryPrimitives.ReadUInt32LittleEndian(at), BinaryPrimitives.ReadUInt32LittleEndian(at[4..])), BinaryPrimitives.ReadInt32LittleEndian(at[8..]));
            valid &= !extents[i].At.IsNone && extents[i].BodyBytes > 0;
        }
        return extents;
    }

    public ReadOnlySpan<byte> Envelope(ReadOnlySpan<byte> payload) => payload.Slice(EnvelopeOffset, EnvelopeBytes);
}
