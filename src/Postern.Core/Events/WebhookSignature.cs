using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Postern.Core.Events;

/// <summary>
/// Signs what is posted as Standard Webhooks has it (https://www.standardwebhooks.com, specification "Signature scheme"): HMAC-SHA256 over "id.timestamp.body", base64,
/// with the version before it. Libraries for most languages verify it.
/// </summary>
internal sealed class WebhookSignature
{
    private const string SecretPrefix = "whsec_";
    private readonly byte[] _key;

    /// <param name="secret">"whsec_" and the key in base64; anything else is taken as the key's own bytes.</param>
    public WebhookSignature(string secret) => _key = Decode(secret) ?? Encoding.UTF8.GetBytes(secret);

    /// <returns>The value of the header webhook-signature.</returns>
    public string Sign(string id, DateTimeOffset at, ReadOnlySpan<byte> body)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _key);
        hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{at.ToUnixTimeSeconds()}.")));
        hash.AppendData(body);
        return "v1," + Convert.ToBase64String(hash.GetHashAndReset());
    }

    private static byte[]? Decode(string secret)
    {
        if (!secret.StartsWith(SecretPrefix, StringComparison.Ordinal)) return null;
        byte[] key = new byte[secret.Length];
        return Convert.TryFromBase64String(secret[SecretPrefix.Length..], key, out int length) && length > 0 ? key[..length] : null;
    }
}
