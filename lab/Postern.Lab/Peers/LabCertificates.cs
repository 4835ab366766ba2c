using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Postern.Lab.Peers;

/// <summary>
/// Certificates made on the spot by an authority of this process, for names that nobody else would certify. Nothing touches the disk or the system's trust.
/// </summary>
public static class LabCertificates
{
    private static readonly Lazy<X509Certificate2> LazyAuthority = new(MakeAuthority);
    private static readonly Lazy<X509Certificate2> LazyLocalhost = new(() => Issue(["localhost"]));

    /// <summary>The authority; a client that is to trust the lab's peers gets this one (it holds the key: pass on <c>RawData</c> only).</summary>
    public static X509Certificate2 Authority => LazyAuthority.Value;

    /// <summary>For localhost, 127.0.0.1 and ::1, valid now.</summary>
    public static X509Certificate2 Localhost => LazyLocalhost.Value;

    /// <summary>A certificate with its key for the names given (and the loopback addresses).</summary>
    /// <param name="validFrom">Null: yesterday.</param>
    /// <param name="validTo">Null: in 30 days. Earlier than now makes an expired one.</param>
    /// <param name="selfSigned">True: signed by itself instead of the authority.</param>
    /// <param name="rsa">True: an RSA key, for peers that cannot use ECDSA.</param>
    public static X509Certificate2 Issue(IReadOnlyList<string> names, DateTimeOffset? validFrom = null, DateTimeOffset? validTo = null, bool selfSigned = false, bool rsa = false)
    {
        using var ecdsa = rsa ? null : ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var rsaKey = rsa ? RSA.Create(2048) : null;
        var request = rsaKey is null
            ? new CertificateRequest($"CN={names[0]}", ecdsa!, HashAlgorithmName.SHA256)
            : new CertificateRequest($"CN={names[0]}", rsaKey, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (string name in names) alternatives.AddDnsName(name);
        alternatives.AddIpAddress(IPAddress.Loopback);
        alternatives.AddIpAddress(IPAddress.IPv6Loopback);
        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false));
        var now = TimeProvider.System.GetUtcNow();
        var from = validFrom ?? now.AddDays(-1);
        var to = validTo ?? now.AddDays(30);
        if (selfSigned) return Reload(request.CreateSelfSigned(from, to));
        Span<byte> serial = stackalloc byte[12];
        RandomNumberGenerator.Fill(serial);
        serial[0] &= 0x7f;
        using var certificate = request.Create(Authority.SubjectName, X509SignatureGenerator.CreateForECDsa(Authority.GetECDsaPrivateKey()!), from, to, serial);
        return Reload(rsaKey is null ? certificate.CopyWithPrivateKey(ecdsa!) : certificate.CopyWithPrivateKey(rsaKey));
    }

    private static X509Certificate2 MakeAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Postern Lab Authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var now = TimeProvider.System.GetUtcNow();
        return Reload(request.CreateSelfSigned(now.AddYears(-10), now.AddYears(1)));
    }

    /// <summary>Through PKCS#12, because SslStream on Windows cannot use a key that lives in memory only.</summary>
    private static X509Certificate2 Reload(X509Certificate2 certificate)
    {
        using (certificate) return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null, X509KeyStorageFlags.Exportable);
    }
}
