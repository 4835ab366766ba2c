using System.Net;
using Microsoft.Extensions.Time.Testing;
using Postern.Diagnosis.Probes;
using Postern.Protocols.Dns;

namespace Postern.Tests.Diagnosis.Names;

internal static class NameCases
{
    /// <summary>From 192.0.2.10, called relay.example.net, to a domain.</summary>
    public static ProbeContext Context(IResolver resolver, string target = "example.test", string? domain = null, params string[] egress) => new()
    {
        Target = new ProbeTarget(target, domain, [], 25),
        Resolver = resolver,
        Time = new FakeTimeProvider(),
        HelloName = "relay.example.net",
        Egress = [.. (egress.Length > 0 ? egress : ["192.0.2.10"]).Select(IPAddress.Parse)],
    };
}
