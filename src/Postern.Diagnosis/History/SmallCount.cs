namespace Postern.Diagnosis.History;

/// <summary>A count in one byte: exact to 31, then with 4 bits of precision (within 3 %), up to half a million. For finished buckets: small steps cannot be added to a large count.</summary>
internal static class SmallCount
{
    private const int Exact = 32;
    private const int Mantissa = 16;

    public static byte Pack(int count)
    {
        if (count <= 0) return 0;
        if (count < Exact) return (byte)count;
        // From 32 on: mantissa 16-31 and an exponent.
        int exponent = int.Log2(count) - 4;
        int mantissa = (count + (1 << (exponent - 1))) >> exponent;
        if (mantissa == 2 * Mantissa)
        {
            mantissa = Mantissa;
            exponent++;
        }
        return (byte)Math.Min(byte.MaxValue, Exact + ((exponent - 1) * Mantissa) + (mantissa - Mantissa));
    }

    public static int Unpack(byte packed)
    {
        if (packed < Exact) return packed;
        int exponent = ((packed - Exact) / Mantissa) + 1;
        int mantissa = ((packed - Exact) % Mantissa) + Mantissa;
        return mantissa << exponent;
    }
}
