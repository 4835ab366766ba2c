using System.Buffers.Binary;
using System.Text;

namespace Postern.Core.Queue.Embedded;

/// <summary>Writes the fields of a record into a span that is large enough: the caller has summed up the sizes.</summary>
internal ref struct FieldWriter(Span<byte> buffer)
{
    private readonly Span<byte> _buffer = buffer;

    public int Position { get; private set; }

    public static int MaxBytes(string? text) => 5 + (text is null ? 0 : Encoding.UTF8.GetMaxByteCount(text.Length));

    public void Byte(byte value) => _buffer[Position++] = value;

    public void Int64(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(_buffer[Position..], value);
        Position += 8;
    }

    public void Count(int value)
    {
        uint rest = (uint)value;
        for (; rest >= 0x80; rest >>= 7) Byte((byte)(rest | 0x80));
        Byte((byte)rest);
    }

    /// <summary>Length in bytes plus one, then UTF-8; null is a zero.</summary>
    public void Text(string? text)
    {
        if (text is null)
        {
            Byte(0);
            return;
        }
        int bytes = Encoding.UTF8.GetByteCount(text);
        Count(bytes + 1);
        Position += Encoding.UTF8.GetBytes(text, _buffer[Position..]);
    }

    public void Bytes(ReadOnlySpan<byte> bytes)
    {
        Count(bytes.Length);
        bytes.CopyTo(_buffer[Position..]);
        Position += bytes.Length;
    }
}

/// <summary>Reads what <see cref="FieldWriter"/> wrote. After the first thing that does not fit, <see cref="Failed"/> is true and all fields read as zero or empty.</summary>
internal ref struct FieldReader(ReadOnlySpan<byte> buffer)
{
    private readonly ReadOnlySpan<byte> _buffer = buffer;

    public int Position { get; private set; }
    public bool Failed { get; private set; }
    public readonly bool AtEnd => !Failed && Position == _buffer.Length;

    public byte Byte() => Take(1) is { Length: 1 } one ? one[0] : (byte)0;
    public long Int64() => Take(8) is { Length: 8 } eight ? BinaryPrimitives.ReadInt64LittleEndian(eight) : 0;

    public int Count()
    {
        uint value = 0;
        for (int shift = 0; shift < 35; shift += 7)
        {
            byte next = Byte();
            value |= (uint)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                if (value > int.MaxValue) break;
                return (int)value;
            }
        }
        Failed = true;
        return 0;
    }

    /// <summary>How many items follow, each of at least so many bytes: a count that cannot be true fails before anything is allocated for it.</summary>
    public int Items(int atLeastBytes)
    {
        int count = Count();
        if ((long)count * atLeastBytes > _buffer.Length - Position) Failed = true;
        return Failed ? 0 : count;
    }

    public string? Text()
    {
        int length = Count();
        if (length == 0) return null;
        var bytes = Take(length - 1);
        return Failed ? null : Encoding.UTF8.GetString(bytes);
    }

    public void SkipText()
    {
        int length = Count();
        if (length > 0) Take(length - 1);
    }

    public ReadOnlySpan<byte> Bytes() => Take(Count());

    /// <summary>A member of an enum whose highest value is given.</summary>
    public byte Below(byte highest)
    {
        byte value = Byte();
        if (value > highest) Failed = true;
        return Failed ? (byte)0 : value;
    }

    /// <summary>UTC ticks.</summary>
    public DateTimeOffset Time()
    {
        long ticks = Int64();
        if (ticks < 0 || ticks > DateTimeOffset.MaxValue.UtcTicks) Failed = true;
        return Failed ? default : new DateTimeOffset(ticks, TimeSpan.Zero);
    }

    private ReadOnlySpan<byte> Take(int bytes)
    {
        if (Failed || bytes > _buffer.Length - Position)
        {
            Failed = true;
            return default;
        }
        Position += bytes;
        return _buffer.Slice(Position - bytes, bytes);
    }
}
