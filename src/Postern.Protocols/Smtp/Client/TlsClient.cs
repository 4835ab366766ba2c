using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Postern.Protocols.Tls;

namespace Postern.Protocols.Smtp;

/// <summary>What a handshake came to: the encrypted stream or the failure, and what was seen in both cases.</summary>
internal readonly record struct TlsHandshake(SslStream? Stream, TlsObservation? Seen, StageFailure? Failure);

/// <summary>The TLS handshake of a client session: verification where it is asked for, an observation in every case.</summary>
internal sealed class TlsClient(string host, ClientSettings settings, bool verify, TimeProvider time)
{
    private const int MaxNames = 20;

    /// <summary>What the certificate says, read while it is shown: the stream takes it along when the handshake fails.</summary>
    private sealed record Shown(string Subject, string Issuer, IReadOnlyList<string> Names, DateTimeOffset NotAfter);

    private Shown? _shown;
    private string? _problem;

    public async ValueTask<TlsHandshake> HandshakeAsync(Stream plain, CancellationToken cancel)
    {
        var ssl = new SslStream(plain, leaveInnerStreamOpen: false);
        using var deadline = new CancellationTokenSource(settings.Timeouts.Tls, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, deadline.Token);
        try
        {
            await ssl.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = host,
                    EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                    CertificateChainPolicy = settings.ExtraAuthorities is { Count: > 0 } extra ? Trusting(extra) : null,
                    RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
                    {
                        var peer = certificate as X509Certificate2;
                        _shown = peer is null ? null : new Shown(peer.Subject, peer.Issuer, NamesOf(peer), new DateTimeOffset(peer.NotAfter.ToUniversalTime(), TimeSpan.Zero));
                        _problem = ProblemOf(peer, errors, chain);
                        return !verify || _problem is null;
                    },
                },
                either.Token);
            return new TlsHandshake(ssl, Observe(ssl), null);
        }
        catch (Exception e) when (e is AuthenticationException or IOException or OperationCanceledException or InvalidOperationException or NotSupportedException)
        {
            await ssl.DisposeAsync();
            return new TlsHandshake(null, _shown is null ? null : Observe(null), FailureOf(e, cancel));
        }
    }

    private StageFailure FailureOf(Exception error, CancellationToken cancel)
    {
        if (cancel.IsCancellationRequested)
            return new(ClientStage.TlsHandshake, Speaker.Us, FailureKind.Cancelled, "given up while performing the TLS handshake: the relay is stopping");
        if (error is OperationCanceledException)
            return new(ClientStage.TlsHandshake, Speaker.Network, FailureKind.TimedOut, $"timed out after {settings.Timeouts.Tls.TotalSeconds:0.#} s while performing the TLS handshake (timeouts.tls)");
        if (verify && _problem is not null)
            return new(ClientStage.TlsHandshake, Speaker.Us, FailureKind.TlsFailed, $"the certificate was not accepted: {_problem}");
        return new(ClientStage.TlsHandshake, Speaker.Network, FailureKind.TlsFailed, $"the TLS handshake failed: {(error.InnerException ?? error).Message}");
    }

    private static X509ChainPolicy Trusting(X509Certificate2Collection authorities)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(authorities);
        return policy;
    }

    private string? ProblemOf(X509Certificate2? peer, SslPolicyErrors errors, X509Chain? chain)
    {
        if (errors == SslPolicyErrors.None) return null;
        if (peer is not { } certificate) return "the peer showed no certificate";
        var now = time.GetUtcNow().UtcDateTime;
        if (certificate.NotAfter.ToUniversalTime() < now) return $"expired {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd}";
        if (certificate.NotBefore.ToUniversalTime() > now) return $"not valid before {certificate.NotBefore.ToUniversalTime():yyyy-MM-dd}";
        var problems = new List<string>(2);
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)) problems.Add($"name mismatch: it is for {string.Join(", ", NamesOf(certificate))}, not for {host}");
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors))
            problems.Add(certificate.Subject == certificate.Issuer ? "self-signed" : "no chain to a trusted authority" + ChainWords(chain));
        return string.Join("; ", problems);
    }

    private static string ChainWords(X509Chain? chain) =>
        chain is null || chain.ChainStatus.Length == 0 ? "" : $" ({string.Join(", ", chain.ChainStatus.Select(s => s.Status).Distinct())})";

    private static List<string> NamesOf(X509Certificate2 certificate)
    {
        var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(e => e.EnumerateDnsNames()).Take(MaxNames).ToList();
        if (names.Count == 0) names.Add(certificate.GetNameInfo(X509NameType.SimpleName, false));
        return names;
    }

    private TlsObservation Observe(SslStream? ssl) => new(
        ssl?.SslProtocol switch { SslProtocols.Tls13 => "TLSv1.3", SslProtocols.Tls12 => "TLSv1.2", null => "none", var other => other.ToString()! },
        ssl is null ? "" : ssl.NegotiatedCipherSuite.ToString(),
        _shown?.Subject,
        _shown?.Issuer,
        _shown?.Names,
        _shown?.NotAfter,
        _shown is not null && _problem is null,
        _problem);
}
