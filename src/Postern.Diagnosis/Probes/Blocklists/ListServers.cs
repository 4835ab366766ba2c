using Postern.Protocols.Dns;

namespace Postern.Diagnosis.Probes.Blocklists;

/// <summary>
/// A list's own name servers, asked past our resolver's memory: lists give their answers half an hour and more to live (rbldnsd's default is 35 minutes), so a
/// resolver goes on saying "listed" long after the address was let go. Where they cannot be asked, or refuse us, what the resolver says stands.
/// </summary>
internal sealed class ListServers(AuthorityInquiry inquiry)
{
    /// <summary>An answer with no longer to live has left the resolver's memory by the next look.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromMinutes(1);

    /// <param name="name">The address in the list's zone.</param>
    /// <param name="remembered">What our resolver said: listed.</param>
    /// <returns>True when a server of the list says that there is no such entry and none says that there is.</returns>
    public async Task<bool> HaveLetGoAsync(string name, string zone, DnsObservation remembered, CancellationToken cancel)
    {
        if (remembered.Ttl <= Soon) return false;
        var said = await inquiry.AddressesAsync(name, zone, cancel);
        return said is not null && said.Servers.Any(s => s.Status is DnsStatus.NxDomain or DnsStatus.NoData) && said.Servers.All(s => s.Status is not DnsStatus.Ok);
    }
}
