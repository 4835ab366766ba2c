using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Postern.Core.Configuration;
using Postern.Core.Telemetry;

namespace Postern.Core.Submission;

/// <summary>
/// Our certificate with its chain, from PEM files, for STARTTLS and implicit TLS (TLS 1.2 and later). Looks every few seconds whether the files hold
/// something else and takes it into use for new sessions; a new file that cannot be used is logged, and the old certificate stays. Thread safe to read.
/// </summary>
internal sealed class ServerCertificate
{
    /// <summary>How often the files are looked at.</summary>
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly TlsConfig _config;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private byte[] _fingerprint;
    private long _looked;
    private string? _refused;
    private volatile SslServerAuthenticationOptions _options;

    /// <summary>Throws <see cref="ListenException"/> when the files cannot be used.</summary>
    public ServerCertificate(TlsConfig config, ILogger logger, TimeProvider time)
    {
        _config = config;
        _logger = logger;
        _time = time;
        _looked = time.GetTimestamp();
        byte[] certificate = ReadFile(config.Certificate, "certificate"), key = ReadFile(config.Key, "key");
        _fingerprint = Fingerprint(certificate, key);
        _options = Load(certificate, key);
    }

    /// <summary>For one handshake; the same object until the certificate changes, so that sessions can be resumed.</summary>
    public SslServerAuthenticationOptions Options => _options;

    public TlsConfig Config => _config;

    /// <summary>Called once per second. The content is compared, not the time stamp: a symbolic link that was switched (certbot, Kubernetes) has an old one.</summary>
    public void Look()
    {
        if (_time.GetElapsedTime(_looked) < Interval) return;
        _looked = _time.GetTimestamp();
        try
        {
            byte[] certificate = ReadFile(_config.Certificate, "certificate"), key = ReadFile(_config.Key, "key");
            byte[] fingerprint = Fingerprint(certificate, key);
            if (fingerprint.AsSpan().SequenceEqual(_fingerprint)) return;
            // Remembered also when it is bad: said once, tried again when it changes again (the key is often written a moment after the certificate).
            _fingerprint = fingerprint;
            _options = Load(certificate, key);
        }
        catch (ListenException e)
        {
            if (_refused == e.Message) return;
            _refused = e.Message;
            PosternLog.CertificateRefused(_logger, _config.Certificate, e.Message);
        }
    }

    private SslServerAuthenticationOptions Load(byte[] certificatePem, byte[] keyPem)
    {
        var chain = new X509Certificate2Collection();
        X509Certificate2 leaf;
        try
        {
            string pem = System.Text.Encoding.UTF8.GetString(certificatePem);
            chain.ImportFromPem(pem);
            leaf = X509Certificate2.CreateFromPem(pem, System.Text.Encoding.UTF8.GetString(keyPem));
            // Windows cannot use a key that lives in memory only.
            if (OperatingSystem.IsWindows()) leaf = X509CertificateLoader.LoadPkcs12(leaf.Export(X509ContentType.Pkcs12), null);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new ListenException($"tls.certificate {_config.Certificate} with tls.key {_config.Key} cannot be used: {SystemText.Of(e)}; both must be PEM, the key unencrypted and that of the first certificate: 'openssl x509 -noout -pubkey -in CERTIFICATE' and 'openssl pkey -pubout -in KEY' must print the same", e);
        }
        if (chain.Count > 0) chain.RemoveAt(0);
        _refused = null;
        PosternLog.CertificateLoaded(_logger, _config.Certificate, leaf.Subject, leaf.NotAfter.ToUniversalTime());
        return new SslServerAuthenticationOptions
        {
            // Offline: the chain is what the file says; fetching missing authorities from the network would hold up the handshake.
            ServerCertificateContext = SslStreamCertificateContext.Create(leaf, chain, offline: true),
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            AllowRenegotiation = false,
        };
    }

    private static byte[] ReadFile(string path, string what)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string fix = e is UnauthorizedAccessException ? "let the user that runs postern read it" : $"correct tls.{what} or put the file there";
            throw new ListenException($"tls.{what} {path} cannot be read: {SystemText.Of(e)}; {fix}", e);
        }
    }

    private static byte[] Fingerprint(byte[] certificate, byte[] key) => [.. SHA256.HashData(certificate), .. SHA256.HashData(key)];
}
