using System.Net;
using System.Net.Sockets;
using Postern.Diagnosis.Evidence;

namespace Postern.Diagnosis.Probes;

/// <summary>One end to connect to: the point as facts name it, and the same as the system needs it.</summary>
/// <param name="Local">To bind to; null for the system's choice.</param>
internal sealed record NetPoint(ProbePoint Point, IPEndPoint Remote, IPAddress? Local)
{
    public ConnectRequest Request(TimeSpan deadline) => new(Remote, Local, deadline);
}

/// <summary>Which address of the target is the one in question, and which of ours it is asked from.</summary>
internal static class NetTarget
{
    /// <summary>
    /// The first address of the first host that has one, of a family that this machine can send to: a machine without IPv6 does not make every target with an
    /// AAAA record look broken. The very first address when there is no route to any; null when there is no address at all.
    /// </summary>
    public static NetPoint? Find(ProbeContext context)
    {
        var all = context.Target.Hosts.SelectMany(h => h.Addresses.Select(a => (Host: h, Address: a))).ToList();
        if (all.Count == 0) return null;
        var first = all.Find(p => NetLocal.SourceFor(p.Address, EgressFor(context, p.Address)) is not null);
        var (host, address) = first.Host is null ? all[0] : first;
        return Of(context, host.Name, address, context.Target.Port, PointRole.Target);
    }

    /// <summary>From the first configured address of the family, else the system's choice.</summary>
    public static NetPoint Of(ProbeContext context, string host, IPAddress address, int port, PointRole role) => From(EgressFor(context, address), host, address, port, role);

    public static NetPoint From(IPAddress? local, string host, IPAddress address, int port, PointRole role)
    {
        var source = local ?? NetLocal.SourceFor(address);
        return new NetPoint(new ProbePoint(host, address.ToString(), port, source?.ToString(), role), new IPEndPoint(address, port), local);
    }

    public static IPAddress? EgressFor(ProbeContext context, IPAddress remote) => context.Egress.FirstOrDefault(e => e.AddressFamily == remote.AddressFamily);

    /// <summary>The configured addresses of the family after the first.</summary>
    public static IEnumerable<IPAddress> OtherEgress(ProbeContext context, IPAddress remote) => context.Egress.Where(e => e.AddressFamily == remote.AddressFamily).Distinct().Skip(1);

    public static bool IsSameFamily(IPAddress one, IPAddress other) => one.AddressFamily == other.AddressFamily;

    public static AddressFamily OtherFamily(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;
}
