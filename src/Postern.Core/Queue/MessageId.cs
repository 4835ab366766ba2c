namespace Postern.Core.Queue;

/// <summary>
/// A queue id: 42 bits of Unix milliseconds, 22 bits of sequence, so ids sort by acceptance and are never used twice, over restarts too.
/// Shown as 13 characters of Crockford's base 32, lower case.
/// </summary>
public readonly record struct MessageId(long Value) : IComparable<MessageId>
{
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

    public int CompareTo(MessageId other) => Value.CompareTo(other.Value);

    public override string ToString() => string.Create(13, Value, static (span, value) =>
    {
        for (int i = 12; i >= 0; i--, value >>= 5) span[i] = Alphabet[(int)(value & 31)];
    });

    /// <summary>The same as 13 bytes.</summary>
    internal void Write(Span<byte> target)
    {
        long value = Value;
        for (int i = 12; i >= 0; i--, value >>= 5) target[i] = (byte)Alphabet[(int)(value & 31)];
    }

    /// <summary>Accepts either case; exactly 13 characters.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out MessageId id)
    {
        id = default;
        if (text.Length != 13) return false;
        long value = 0;
        foreach (char c in text)
        {
            int digit = Alphabet.IndexOf(char.ToLowerInvariant(c), StringComparison.Ordinal);
            if (digit < 0) return false;
            value = (value << 5) | (uint)digit;
        }
        id = new MessageId(value);
        return true;
    }
}
