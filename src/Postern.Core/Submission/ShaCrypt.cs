using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Postern.Core.Submission;

/// <summary>
/// Verifies the SHA-256 and SHA-512 forms of crypt(3) as /etc/shadow and <c>openssl passwd -5/-6</c> have them:
/// <c>$5$[rounds=n$]salt$hash</c>. Written from the published description ("Unix crypt using SHA-256 and SHA-512", Drepper).
/// </summary>
internal static class ShaCrypt
{
    private const int DefaultRounds = 5000;
    private const int MaxRounds = 10_000_000;
    private const int MaxSalt = 16;
    private const int MaxPassword = 512;
    private const string Alphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    public static bool Verify(string text, ReadOnlySpan<byte> password)
    {
        var algorithm = text[1] == '5' ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA512;
        string[] parts = text.Split('$');
        int rounds = DefaultRounds, next = 2;
        if (parts.Length > 2 && parts[2].StartsWith("rounds=", StringComparison.Ordinal))
        {
            if (!int.TryParse(parts[2].AsSpan(7), NumberStyles.None, CultureInfo.InvariantCulture, out rounds) || rounds > MaxRounds) return false;
            rounds = Math.Max(rounds, 1000);
            next = 3;
        }
        if (parts.Length != next + 2 || password.Length > MaxPassword) return false;
        byte[] salt = Encoding.UTF8.GetBytes(parts[next]);
        if (salt.Length > MaxSalt) salt = salt[..MaxSalt];
        string actual = Encode(Digest(algorithm, password.ToArray(), salt, rounds));
        return CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(actual), Encoding.ASCII.GetBytes(parts[next + 1]));
    }

    private static byte[] Digest(HashAlgorithmName algorithm, byte[] key, byte[] salt, int rounds)
    {
        using var hash = IncrementalHash.CreateHash(algorithm);
        byte[] b = Sum(hash, key, salt, key);
        hash.AppendData(key);
        hash.AppendData(salt);
        AppendRepeated(hash, b, key.Length);
        for (int n = key.Length; n > 0; n >>= 1) hash.AppendData((n & 1) != 0 ? b : key);
        byte[] a = hash.GetHashAndReset();

        for (int i = 0; i < key.Length; i++) hash.AppendData(key);
        byte[] p = Stretch(hash.GetHashAndReset(), key.Length);
        for (int i = 0; i < 16 + a[0]; i++) hash.AppendData(salt);
        byte[] s = Stretch(hash.GetHashAndReset(), salt.Length);

        for (int round = 0; round < rounds; round++)
        {
            hash.AppendData((round & 1) != 0 ? p : a);
            if (round % 3 != 0) hash.AppendData(s);
            if (round % 7 != 0) hash.AppendData(p);
            hash.AppendData((round & 1) != 0 ? a : p);
            hash.GetHashAndReset(a);
        }
        return a;
    }

    private static byte[] Sum(IncrementalHash hash, params ReadOnlySpan<byte[]> parts)
    {
        foreach (byte[] part in parts) hash.AppendData(part);
        return hash.GetHashAndReset();
    }

    private static void AppendRepeated(IncrementalHash hash, byte[] block, int length)
    {
        for (; length > block.Length; length -= block.Length) hash.AppendData(block);
        hash.AppendData(block.AsSpan(0, length));
    }

    private static byte[] Stretch(byte[] block, int length)
    {
        byte[] result = new byte[length];
        for (int i = 0; i < length; i++) result[i] = block[i % block.Length];
        return result;
    }

    /// <summary>Groups of three bytes, least significant six bits first; the order of the bytes rotates from group to group, differently for the two sizes.</summary>
    private static string Encode(byte[] digest)
    {
        var text = new StringBuilder(88);
        bool small = digest.Length == 32;
        int third = small ? 10 : 21;
        int x = 0, y = third, z = 2 * third;
        for (int group = 0; group < third; group++)
        {
            Append(text, digest[x] << 16 | digest[y] << 8 | digest[z], 4);
            (x, y, z) = small ? (z + 1, x + 1, y + 1) : (y + 1, z + 1, x + 1);
        }
        if (small) Append(text, digest[31] << 8 | digest[30], 3);
        else Append(text, digest[63], 2);
        return text.ToString();
    }

    private static void Append(StringBuilder text, int bits, int count)
    {
        for (; count > 0; count--, bits >>= 6) text.Append(Alphabet[bits & 63]);
    }
}
