using System.Net;
using System.Security.Cryptography.X509Certificates;
using Postern.Protocols.Tls;

namespace Postern.Protocols.Smtp;

/// <param name="HostName">For certificates and messages.</param>
/// <param name="Addresses">Preferred first, families interleaved (RFC 8305 section 4). At least one.</param>
/// <param name="LocalV4">Address to send from to IPv4 peers; null leaves it to the system.</param>
/// <param name="LocalV6">The same to IPv6 peers.</param>
public sealed record SessionTarget(string HostName, IReadOnlyList<IPEndPoint> Addresses, IPAddress? LocalV4 = null, IPAddress? LocalV6 = null);

/// <summary>How sessions to one upstream are opened.</summary>
public sealed record ClientSettings
{
    /// <summary>Our name in EHLO.</summary>
    public required string HelloName { get; init; }

    public TlsMode Tls { get; init; } = TlsMode.Opportunistic;

    /// <summary>Verify chain and name where TLS is required or implicit. Opportunistic TLS never verifies: it only observes (RFC 7435).</summary>
    public bool TlsVerify { get; init; } = true;

    /// <summary>When not empty, trusted instead of the system's authorities.</summary>
    public X509Certificate2Collection? ExtraAuthorities { get; init; }

    /// <summary>Null for no AUTH.</summary>
    public string? User { get; init; }
    public string? Password { get; init; }

    /// <summary>Send credentials on a plaintext session too.</summary>
    public bool AuthWithoutTls { get; init; }

    public StageTimeouts Timeouts { get; init; } = new();
}
