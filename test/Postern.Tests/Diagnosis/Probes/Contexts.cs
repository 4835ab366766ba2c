using System.Net;
using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.Probes;
using Postern.Protocols.Dns;
using Postern.Tests.Delivery;

namespace Postern.Tests.Diagnosis.Probes;

/// <summary>Contexts of probes whose targets are on this machine.</summary>
internal static class Contexts
{
    public static ProbeContext Of(int port, params string[] addresses) => Of(port, new TargetHost("mx.test", 10, [.. addresses.Select(IPAddress.Parse)]));

    public static ProbeContext Of(int port, params TargetHost[] hosts) => new()
    {
        Target = new ProbeTarget("mx.test", null, hosts, port),
        Resolver = new ZoneResolver(),
        Time = TimeProvider.System,
        HelloName = "relay.test",
        ConnectTimeout = TimeSpan.FromSeconds(5),
        GreetingTimeout = TimeSpan.FromSeconds(5),
    };

    public static ProbeContext With(this ProbeContext context, IResolver resolver, params string[] controls) => context with { Resolver = resolver, Controls = controls };

    public static T Only<T>(this IEnumerable<Fact> facts) where T : Fact => Assert.Single(facts.OfType<T>());

    public static TcpFact Tcp(this IEnumerable<Fact> facts, PointRole role, int? port = null) => facts.OfType<TcpFact>().First(f => f.Point.Role == role && (port is null || f.Point.Port == port));
}
