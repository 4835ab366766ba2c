using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Postern.Lab.Daemons;

/// <summary>Certificates as the PEM text that real servers read.</summary>
public static class PemFiles
{
    public static string Certificate(X509Certificate2 certificate) => certificate.ExportCertificatePem() + "\n";

    /// <summary>The private key, PKCS#8, not encrypted.</summary>
    public static string Key(X509Certificate2 certificate)
    {
        using AsymmetricAlgorithm key = (AsymmetricAlgorithm?)certificate.GetECDsaPrivateKey() ?? certificate.GetRSAPrivateKey()
            ?? throw new ArgumentException("the certificate has no key that can be exported", nameof(certificate));
        return key.ExportPkcs8PrivateKeyPem() + "\n";
    }

    public static string ChainWithKey(X509Certificate2 certificate) => Key(certificate) + Certificate(certificate);
}
