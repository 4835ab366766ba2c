using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using Postern.Lab.Peers;
using Postern.Lab.Scenarios;

namespace Postern.Lab.Servers;

/// <summary>Certificates by the words of scenario files. Made once for each name.</summary>
internal static class ServerCertificates
{
    private static readonly ConcurrentDictionary<(string Kind, string Host), Lazy<X509Certificate2>> Made = new();

    /// <summary>PEM of the authority, for what has to trust the lab.</summary>
    public static string AuthorityPem => LabCertificates.Authority.ExportCertificatePem() + "\n";

    public static X509Certificate2 Of(PeerSpec peer) => Made.GetOrAdd((peer.Certificate ?? "good", peer.Hostname), k => new Lazy<X509Certificate2>(() => Make(k.Kind, k.Host))).Value;

    private static X509Certificate2 Make(string kind, string host)
    {
        var now = TimeProvider.System.GetUtcNow();
        return kind switch
        {
            "good" => LabCertificates.Issue([host]),
            "expired" => LabCertificates.Issue([host], now.AddDays(-400), now.AddDays(-35)),
            "not-yet" => LabCertificates.Issue([host], now.AddDays(20), now.AddDays(100)),
            "self-signed" => LabCertificates.Issue([host], selfSigned: true),
            "other-name" => LabCertificates.Issue(["www.other.test"]),
            // Fills several segments, as the chains of real authorities do.
            "long" => LabCertificates.Issue([host, .. Enumerable.Range(1, 150).Select(i => $"customer-{i}.shared-hosting.example.test")]),
            _ => throw new FormatException($"there is no certificate called \"{kind}\""),
        };
    }
}
