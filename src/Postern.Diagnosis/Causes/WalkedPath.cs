using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.Probes;

namespace Postern.Diagnosis.Causes;

/// <summary>A way to a port, hop by hop, for a picture of it.</summary>
/// <param name="Target">"mx1.example.org[192.0.2.1]:25".</param>
/// <param name="Reached">The port answered.</param>
/// <param name="Observed">One sentence.</param>
/// <param name="Hops">From the first router on, silent ones included.</param>
/// <param name="HostDistance">Hops to the host, where it answered on this port or another; absent when not known.</param>
public sealed record WalkedPath(string Target, int Port, bool Reached, string Observed, IReadOnlyList<WalkedHop> Hops, int? HostDistance)
{
    private const int Most = 4;

    internal static IReadOnlyList<WalkedPath>? Of(IReadOnlyList<PathFact> paths) => paths.Count == 0 ? null : [.. paths.OrderBy(p => p.Point.Role).Take(Most).Select(Of)];

    public static WalkedPath Of(PathFact path) => new(path.Point.ToString(), path.Point.Port, path.Reached, path.Observed, [.. path.Hops.Select(h => WalkedHop.Of(h, path))], path.HostDistance);
}

/// <param name="Distance">From 1.</param>
/// <param name="Address">Absent: nobody answered at this distance.</param>
/// <param name="Says">What it said, where that was more than "time exceeded"; absent else.</param>
/// <param name="IsHost">It is the host itself.</param>
/// <param name="IsOurs">It is this machine.</param>
public sealed record WalkedHop(int Distance, string? Address, double? Ms, string? Says, bool IsHost, bool IsOurs)
{
    internal static WalkedHop Of(PathHop hop, PathFact path) => new(
        hop.Distance,
        hop.Address,
        hop.Milliseconds is { } ms ? Math.Round(ms, 1) : null,
        hop.Icmp is { } icmp && !IcmpTable.IsTimeExceeded(icmp) ? IcmpTable.WordsOf(icmp) : null,
        hop.Address is not null && hop.Address == path.Point.Address,
        hop.Icmp?.FromUs ?? false);
}
