using Postern.Diagnosis.Evidence;

namespace Postern.Diagnosis.Probes;

/// <summary>
/// Connects to the address that has just not let us in from our other addresses, and says nothing: a part of <see cref="TcpProbe"/> that is done in a round trip where anybody
/// answers, for those who know already how the address in use fares.
/// </summary>
internal static class EgressProbe
{
    /// <summary>Enough to tell one address from all.</summary>
    private const int MaxAddresses = 4;

    /// <summary>SYNs leave at 0, 1 and 3 s; 3.5 s leaves the third one time to be answered.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(3500);

    /// <summary>Empty without another address of ours in the family.</summary>
    public static async ValueTask<IReadOnlyList<Fact>> RunAsync(ProbeContext context, CancellationToken cancel)
    {
        if (NetTarget.Find(context) is not { } target) return [];
        var points = NetTarget.OtherEgress(context, target.Remote.Address).Take(MaxAddresses)
            .Select(egress => NetTarget.From(egress, target.Point.Host, target.Remote.Address, target.Point.Port, PointRole.OtherEgress)).ToList();
        return points.Count == 0 ? [] : await new ConnectSet(context with { ConnectTimeout = Patience }).RunAsync(points, cancel, wait: false);
    }
}
