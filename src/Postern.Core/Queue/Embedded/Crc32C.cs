using System.Buffers.Binary;
using System.Numerics;

namespace Postern.Core.Queue.Embedded;

/// <summary>CRC-32C (Castagnoli, RFC 3720 appendix B.4); one hardware instruction per eight bytes where the processor has it.</summary>
internal static class Crc32C
{
    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        while (bytes.Length >= 8)
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }
        foreach (byte b in bytes) crc = BitOperations.Crc32C(crc, b);
        return ~crc;
    }
}
