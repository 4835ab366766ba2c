using System.Net;
using Postern.Diagnosis.Evidence;

namespace Postern.Diagnosis.Probes;

/// <summary>Which connections tell about a target: every host that takes its mail, both families, our other addresses, other ports. Pure, but for the look at our own routes.</summary>
internal static class ConnectPlan
{
    /// <summary>As Postfix smtp_mx_address_limit: what lies beyond, no sender reaches.</summary>
    private const int MaxHosts = 5;

    private const int MaxAddressesPerFamily = 2;

    private static readonly int[] MailPorts = [587, 465, 25];
    private static readonly int[] WebPorts = [443, 80];

    /// <summary>What is tried on the target's own port, the target first; then its other ports; then what is only for the record. No point twice.</summary>
    public static IReadOnlyList<NetPoint> Of(ProbeContext context, NetPoint target) =>
        [.. Peers(context, target).Concat(OtherPorts(context, target)).Concat(Variants(context, target)).DistinctBy(p => (p.Remote, p.Local))];

    /// <summary>Only what is tried on the target's own port: each takes mail for the same destination, or is the target seen from elsewhere.</summary>
    public static IReadOnlyList<NetPoint> OwnPort(ProbeContext context, NetPoint target) => [.. Peers(context, target).DistinctBy(p => (p.Remote, p.Local))];

    private static IEnumerable<NetPoint> Peers(ProbeContext context, NetPoint target)
    {
        yield return target;
        string name = target.Point.Host;
        int port = target.Point.Port;
        var own = context.Target.Hosts.First(h => h.Name == name);
        if (own.Addresses.FirstOrDefault(a => !NetTarget.IsSameFamily(a, target.Remote.Address)) is { } other)
            yield return NetTarget.Of(context, name, other, port, PointRole.OtherFamily);
        foreach (var egress in NetTarget.OtherEgress(context, target.Remote.Address))
            yield return NetTarget.From(egress, name, target.Remote.Address, port, PointRole.OtherEgress);
        foreach (var (host, address) in Siblings(context))
            yield return NetTarget.Of(context, host, address, port, PointRole.Sibling);
    }

    private static IEnumerable<NetPoint> OtherPorts(ProbeContext context, NetPoint target)
    {
        var own = context.Target.Hosts.First(h => h.Name == target.Point.Host);
        var addresses = new[] { target.Remote.Address, own.Addresses.FirstOrDefault(a => !NetTarget.IsSameFamily(a, target.Remote.Address)) }.OfType<IPAddress>();
        foreach (var address in addresses)
        {
            foreach (int port in MailPorts.Concat(WebPorts).Where(p => p != target.Point.Port))
                yield return NetTarget.Of(context, own.Name, address, port, PointRole.OtherPort);
        }
    }

    private static IEnumerable<NetPoint> Variants(ProbeContext context, NetPoint target)
    {
        foreach (var (host, address) in Siblings(context).Where(s => !s.Address.Equals(target.Remote.Address)))
        {
            foreach (var egress in NetTarget.OtherEgress(context, address))
                yield return NetTarget.From(egress, host, address, target.Point.Port, PointRole.SiblingVariant);
            foreach (int port in MailPorts.Where(p => p != target.Point.Port))
                yield return NetTarget.Of(context, host, address, port, PointRole.SiblingVariant);
        }
    }

    /// <summary>All hosts and addresses, the target's own too (its point comes first and is not repeated).</summary>
    private static IEnumerable<(string Host, IPAddress Address)> Siblings(ProbeContext context) =>
        context.Target.Hosts.Take(MaxHosts).SelectMany(h => h.Addresses.GroupBy(a => a.AddressFamily).SelectMany(g => g.Take(MaxAddressesPerFamily)).Select(a => (h.Name, a)));
}
