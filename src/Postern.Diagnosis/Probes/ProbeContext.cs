using System.Net;
using System.Security.Cryptography.X509Certificates;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Dns;

namespace Postern.Diagnosis.Probes;

/// <summary>
/// A probe: asks one kind of question, never sends mail, ends by its own deadline or when cancelled, and answers with facts. Trouble is a fact, not an exception
/// (but for cancellation by the caller).
/// </summary>
public delegate ValueTask<IReadOnlyList<Fact>> Probe(ProbeContext context, CancellationToken cancel);

/// <summary>What is to be examined.</summary>
/// <param name="Name">As the operator or the configuration has it: a domain, a host, "host:port".</param>
/// <param name="Domain">The recipient domain when its MX records decide; null for a named host.</param>
/// <param name="Hosts">Hosts in the order of trying; filled by the MX probe where <paramref name="Domain"/> is set.</param>
/// <param name="IsImplicitTls">TLS from the first byte, as on port 465.</param>
public sealed record ProbeTarget(string Name, string? Domain, IReadOnlyList<TargetHost> Hosts, int Port, bool IsImplicitTls = false)
{
    /// <summary>What its certificates are checked against in place of the system's authorities, as delivery does; null for those.</summary>
    public X509Certificate2Collection? Authorities { get; init; }
}

/// <param name="Addresses">In the order of trying.</param>
public sealed record TargetHost(string Name, int Preference, IReadOnlyList<IPAddress> Addresses);

/// <summary>What probes may use. Immutable; safe to share between probes that run together.</summary>
public sealed record ProbeContext
{
    public required ProbeTarget Target { get; init; }
    public required IResolver Resolver { get; init; }
    public required TimeProvider Time { get; init; }

    /// <summary>Said in EHLO.</summary>
    public required string HelloName { get; init; }

    /// <summary>Addresses of ours that say another name in EHLO.</summary>
    public IReadOnlyDictionary<IPAddress, string> HelloNames { get; init; } = new Dictionary<IPAddress, string>();

    public string HelloOf(IPAddress address) => HelloNames.GetValueOrDefault(address, HelloName);

    /// <summary>Addresses of ours to send from; empty for the system's choice.</summary>
    public IReadOnlyList<IPAddress> Egress { get; init; } = [];

    /// <summary>Zones of the blocklists to ask; empty for all.</summary>
    public IReadOnlyList<string> Lists { get; init; } = [];

    /// <summary>Known-good references on the same port: domains whose MX are dialled, or "host:port".</summary>
    public IReadOnlyList<string> Controls { get; init; } = [];

    /// <summary>Where this relay takes mail: a domain whose records lead there would have us talk to ourselves. 0.0.0.0 and :: stand for every address of ours.</summary>
    public IReadOnlyList<IPEndPoint> Listening { get; init; } = [];

    /// <summary>Domains we send for: their policies are asked about our addresses.</summary>
    public IReadOnlyList<string> SenderDomains { get; init; } = [];

    /// <summary>Where name servers are asked directly; 53 but in tests.</summary>
    public int NameServerPort { get; init; } = 53;

    /// <summary>For one connection. 10 s: longer than any honest SYN-ACK takes (a third retransmission leaves after 7 s), short enough for a verdict in 20 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>For a greeting: greet delays of 5-15 s are common (postscreen 6 s, sendmail greet_pause).</summary>
    public TimeSpan GreetingTimeout { get; init; } = TimeSpan.FromSeconds(18);
}
