namespace Postern.Protocols.Tls;

/// <summary>How TLS is used towards an upstream or offered on a listener. Opportunistic falls back to plaintext; required and implicit verify the certificate unless told otherwise.</summary>
public enum TlsMode : byte { None, Opportunistic, Required, Implicit }

/// <summary>What TLS was seen on a connection; serialisable evidence.</summary>
/// <param name="Protocol">"TLSv1.3".</param>
/// <param name="CipherSuite">IANA name.</param>
/// <param name="PeerSubject">Subject of the peer's certificate, null when none.</param>
/// <param name="PeerIssuer">Issuer, null when none.</param>
/// <param name="PeerNames">DNS names of the certificate (at most 20).</param>
/// <param name="NotAfter">End of validity, null when no certificate.</param>
/// <param name="Verified">True when chain and name were verified.</param>
/// <param name="Problem">Why verification failed ("expired 2026-01-01", "name mismatch", "self-signed"), null when it did not.</param>
public sealed record TlsObservation(
    string Protocol,
    string CipherSuite,
    string? PeerSubject = null,
    string? PeerIssuer = null,
    IReadOnlyList<string>? PeerNames = null,
    DateTimeOffset? NotAfter = null,
    bool Verified = false,
    string? Problem = null);
