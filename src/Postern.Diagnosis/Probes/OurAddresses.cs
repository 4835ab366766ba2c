using System.Net;

namespace Postern.Diagnosis.Probes;

/// <summary>The addresses that mail leaves from: those configured, else what the system would choose. Sends nothing.</summary>
internal static class OurAddresses
{
    /// <summary>More would make a check of every list too long.</summary>
    private const int Most = 8;

    // Any address beyond the own networks shows which source the default route uses.
    private static readonly IPAddress[] FarAway = [IPAddress.Parse("198.51.100.1"), IPAddress.Parse("2001:db8::1")];

    public static IReadOnlyList<IPAddress> Of(ProbeContext context)
    {
        if (context.Egress.Count > 0) return [.. context.Egress.Select(Unmapped).Distinct().Take(Most)];
        // A family that the destination does not have is of no interest.
        IPAddress[] towards = [.. context.Target.Hosts.SelectMany(h => h.Addresses).DistinctBy(a => a.AddressFamily)];
        return [.. (towards.Length > 0 ? towards : FarAway).Select(a => NetLocal.SourceFor(a)).OfType<IPAddress>().Distinct()];
    }

    private static IPAddress Unmapped(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
