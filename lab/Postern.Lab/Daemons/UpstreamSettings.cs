using System.Security.Cryptography.X509Certificates;

namespace Postern.Lab.Daemons;

/// <summary>What a real upstream is to offer. Addresses whose local part begins with "unknown" do not exist; all others at any domain do.</summary>
public sealed record UpstreamSettings
{
    public string Hostname { get; init; } = "mx.example.test";

    /// <summary>Not null offers STARTTLS, and TLS from the start on <c>ImplicitTlsPort</c>.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>Not null asks for AUTH with this name and password.</summary>
    public string? User { get; init; }
    public string? Password { get; init; }

    public int MaxMessageBytes { get; init; } = 50 << 20;
}

/// <summary>What the tests see of any real upstream that delivers to files.</summary>
public interface IRealUpstream : IAsyncDisposable
{
    string Name { get; }
    int Port { get; }

    /// <summary>TLS from the start; only when a certificate was given.</summary>
    int ImplicitTlsPort { get; }
    DeliveredMail Mail { get; }
    string Log { get; }
    Task StartAsync(CancellationToken cancel = default);
    Task StopAsync();
}
