using System.Net;

namespace Postern.Benchmarks.Loop.Relays;

/// <summary>Where a relay under test is to send its mail.</summary>
/// <param name="Smarthost">Everything goes there; null: by MX.</param>
/// <param name="Egress">Addresses of ours that Postern may use; empty leaves it to the system, as the other relays' defaults do. Every other one bears our second name.</param>
internal sealed record RelayWay(IPEndPoint? Smarthost, IReadOnlyList<IPAddress> Egress)
{
    public static RelayWay To(IPEndPoint smarthost) => new(smarthost, []);
    public static RelayWay ByMx(params IReadOnlyList<IPAddress> egress) => new(null, egress);
}
