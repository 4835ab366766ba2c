using System.Buffers;
using System.Buffers.Binary;

namespace Postern.Core.Queue.Embedded;

/// <summary>What Snapshot and Done payloads begin with: the message's id (8) and how many provisional messages written just before take effect with it (8).</summary>
internal static class SettleRecord
{
    public const int DoneBytes = 16;

    public static bool TryRead(ReadOnlySpan<byte> payload, out MessageId id, out int commits)
    {
        (id, commits) = (default, 0);
        if (payload.Length < DoneBytes) return false;
        id = new MessageId(BinaryPrimitives.ReadInt64LittleEndian(payload));
        long count = BinaryPrimitives.ReadInt64LittleEndian(payload[8..]);
        commits = (int)count;
        return count is >= 0 and <= int.MaxValue;
    }

    /// <summary>A rented buffer with a Done's payload behind room for the header.</summary>
    public static byte[] RentDone(MessageId id, int commits)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(RecordFormat.HeaderBytes + DoneBytes);
        BinaryPrimitives.WriteInt64LittleEndian(buffer.AsSpan(RecordFormat.HeaderBytes), id.Value);
        BinaryPrimitives.WriteInt64LittleEndian(buffer.AsSpan(RecordFormat.HeaderBytes + 8), commits);
        return buffer;
    }

    /// <summary>For a copy carried forward: what it committed has taken effect long ago.</summary>
    public static void ClearCommits(Span<byte> payload) => BinaryPrimitives.WriteInt64LittleEndian(payload[8..], 0);
}
