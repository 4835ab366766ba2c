using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postern.Core.Configuration;
using Postern.Protocols.Smtp;
using Postern.Protocols.Tls;

namespace Postern.Core.Upstreams;

/// <summary>The configuration's words for a session to an upstream, as the client session takes them.</summary>
internal static class ClientSettingsFactory
{
    private const int ImplicitTlsPort = 465;

    public static ClientSettings ForUpstream(UpstreamConfig upstream, int port, X509Certificate2Collection? authorities, TimeoutsConfig timeouts, string hello) => new()
    {
        HelloName = hello,
        Tls = TlsOn(upstream, port),
        TlsVerify = upstream.TlsVerify && upstream.Tls is TlsMode.Required or TlsMode.Implicit,
        ExtraAuthorities = authorities,
        User = upstream.Auth?.User,
        Password = upstream.Auth?.Password.Reveal(),
        AuthWithoutTls = upstream.Auth?.WithoutTls ?? false,
        Timeouts = Timeouts(timeouts),
    };

    /// <summary>Towards MX hosts nothing is verified: a name taken from insecure DNS proves nothing (RFC 7672 section 1.3).</summary>
    public static ClientSettings ForMx(PosternConfig config, string hello) => new()
    {
        HelloName = hello,
        Tls = config.Delivery.MxTls,
        TlsVerify = false,
        Timeouts = Timeouts(config.Timeouts),
    };

    /// <summary>
    /// The mode for an alternative port: 465 is TLS from the first byte (RFC 8314 section 3.3), the others are not; never less than what the upstream
    /// asks for.
    /// </summary>
    private static TlsMode TlsOn(UpstreamConfig upstream, int port)
    {
        if (!upstream.Ports.Contains(port) || upstream.Address.EndsWith(string.Create(CultureInfo.InvariantCulture, $":{port}"), StringComparison.Ordinal)) return upstream.Tls;
        if (port == ImplicitTlsPort) return TlsMode.Implicit;
        return upstream.Tls == TlsMode.Implicit ? TlsMode.Required : upstream.Tls;
    }

    private static StageTimeouts Timeouts(TimeoutsConfig timeouts) => new()
    {
        Connect = timeouts.Connect,
        Greeting = timeouts.Greeting,
        Ehlo = timeouts.Ehlo,
        Tls = timeouts.Tls,
        Auth = timeouts.Auth,
        Mail = timeouts.Mail,
        Rcpt = timeouts.Rcpt,
        Data = timeouts.Data,
        Body = timeouts.Body,
        EndOfData = timeouts.EndOfData,
        Quit = timeouts.Quit,
    };

    /// <summary>Null when the upstream has none of its own.</summary>
    /// <exception cref="InvalidDataException">The file of further authorities cannot be used; the message says which and why.</exception>
    public static X509Certificate2Collection? Authorities(UpstreamConfig upstream)
    {
        if (upstream.TlsCa is not { } path) return null;
        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPemFile(path);
            // A file of another kind imports as nothing, and with nothing every upstream would fail to verify.
            if (authorities.Count == 0) throw new InvalidDataException($"upstream \"{upstream.Name}\": tls_ca {path} holds no certificate; give a PEM file with the authorities to trust");
            return authorities;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new InvalidDataException($"upstream \"{upstream.Name}\": tls_ca {path} cannot be read: {SystemText.Of(e)}; give a PEM file with the authorities to trust", e);
        }
    }
}
