using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Postern.Core.Submission;

/// <summary>
/// Hashed secrets as text. Made: <c>$pbkdf2-sha256$iterations$salt$hash</c> (base 64 without padding). Verified besides: <c>$pbkdf2-sha512$</c> and
/// <c>$pbkdf2$</c> (SHA-1) of the same shape, <c>$5$</c> and <c>$6$</c> of crypt(3), and <c>{SSHA}</c>, <c>{SSHA256}</c>, <c>{SSHA512}</c> of LDAP directories.
/// Comparisons take the same time whatever differs. Thread safe.
/// </summary>
public static class PasswordHash
{
    /// <summary>OWASP Password Storage Cheat Sheet, PBKDF2-HMAC-SHA256.</summary>
    public const int DefaultIterations = 600_000;

    private const int MaxIterations = 10_000_000;
    private const int SaltBytes = 16;
    private const int HashBytes = 32;

    private static readonly string[] KnownPrefixes = ["$pbkdf2-sha256$", "$pbkdf2-sha512$", "$pbkdf2$", "$5$", "$6$", "{SSHA}", "{SSHA256}", "{SSHA512}"];
    private static readonly string[] ForeignPrefixes = ["$1$", "$2a$", "$2b$", "$2x$", "$2y$", "$y$", "$7$", "$gy$", "$argon2", "$scrypt$", "$apr1$", "$md5", "$sha1$", "{CRYPT}", "{SHA", "{MD5}", "{SMD5}", "{BLF-CRYPT}", "{ARGON2"];

    /// <summary>Makes the text for the configuration file.</summary>
    public static string Create(string password, int iterations = DefaultIterations)
    {
        byte[] salt = RandomNumberGenerator.GetBytes(SaltBytes);
        byte[] hash = Rfc2898DeriveBytes.Pbkdf2(password, salt, iterations, HashAlgorithmName.SHA256, HashBytes);
        return string.Create(CultureInfo.InvariantCulture, $"$pbkdf2-sha256${iterations}${Encode(salt)}${Encode(hash)}");
    }

    /// <summary>True when the configured secret is a hash that <see cref="Verify"/> can check; false for a plain password.</summary>
    public static bool IsHash(string secret) => KnownPrefixes.Any(p => secret.StartsWith(p, StringComparison.Ordinal));

    /// <summary>
    /// True when the configured secret is a hash of a kind that cannot be checked here. It must not be taken for a plain password: whoever
    /// read the hash could then log in with it.
    /// </summary>
    public static bool IsForeignHash(string secret) => !IsHash(secret) && ForeignPrefixes.Any(p => secret.StartsWith(p, StringComparison.OrdinalIgnoreCase));

    /// <summary>False for a wrong password and for a hash that is malformed.</summary>
    public static bool Verify(string hash, ReadOnlySpan<byte> password)
    {
        if (hash.StartsWith("$5$", StringComparison.Ordinal) || hash.StartsWith("$6$", StringComparison.Ordinal)) return ShaCrypt.Verify(hash, password);
        return hash.StartsWith('{') ? VerifySalted(hash, password) : VerifyPbkdf2(hash, password);
    }

    private static bool VerifyPbkdf2(string text, ReadOnlySpan<byte> password)
    {
        string[] parts = text.Split('$');
        if (parts.Length != 5) return false;
        HashAlgorithmName algorithm;
        switch (parts[1])
        {
            case "pbkdf2-sha256": algorithm = HashAlgorithmName.SHA256; break;
            case "pbkdf2-sha512": algorithm = HashAlgorithmName.SHA512; break;
            case "pbkdf2": algorithm = HashAlgorithmName.SHA1; break;
            default: return false;
        }
        if (!int.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out int iterations) || iterations is < 1 or > MaxIterations) return false;
        if (Decode(parts[3]) is not { } salt || Decode(parts[4]) is not { Length: >= 16 } expected) return false;
        byte[] actual = Rfc2898DeriveBytes.Pbkdf2(password, salt, iterations, algorithm, expected.Length);
        return CryptographicOperations.FixedTimeEquals(actual, expected);
    }

    private static bool VerifySalted(string text, ReadOnlySpan<byte> password)
    {
        int end = text.IndexOf('}', StringComparison.Ordinal);
        if (end < 0 || Decode(text[(end + 1)..]) is not { } bytes) return false;
        var algorithm = text[..(end + 1)] switch
        {
            "{SSHA512}" => HashAlgorithmName.SHA512,
            "{SSHA256}" => HashAlgorithmName.SHA256,
            _ => HashAlgorithmName.SHA1,
        };
        int length = algorithm == HashAlgorithmName.SHA512 ? 64 : algorithm == HashAlgorithmName.SHA256 ? 32 : 20;
        if (bytes.Length < length) return false;
        byte[] salted = [.. password, .. bytes.AsSpan(length)];
        bool same = CryptographicOperations.FixedTimeEquals(CryptographicOperations.HashData(algorithm, salted), bytes.AsSpan(0, length));
        CryptographicOperations.ZeroMemory(salted);
        return same;
    }

    private static string Encode(byte[] bytes) => Convert.ToBase64String(bytes).TrimEnd('=');

    /// <summary>Base 64 with or without padding; '.' is taken for '+' as passlib writes it. Null when malformed.</summary>
    private static byte[]? Decode(string text)
    {
        string plain = text.TrimEnd('=').Replace('.', '+');
        byte[] bytes = new byte[Encoding.ASCII.GetByteCount(plain)];
        return Convert.TryFromBase64String(plain.PadRight((plain.Length + 3) / 4 * 4, '='), bytes, out int written) ? bytes[..written] : null;
    }
}
