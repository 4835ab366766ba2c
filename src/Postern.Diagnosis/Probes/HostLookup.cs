using System.Net;
using System.Net.Sockets;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Dns;

namespace Postern.Diagnosis.Probes;

/// <param name="Addresses">IPv6 and IPv4 in turn (RFC 8305 section 4).</param>
/// <param name="Status">Ok with addresses; NoData or NxDomain when there are none; else why it is not known.</param>
/// <param name="Alias">Where a CNAME led; null when the name is its own.</param>
internal sealed record HostAddresses(IReadOnlyList<IPAddress> Addresses, DnsStatus Status, string? Alias, string? Note, IReadOnlyList<Fact> Facts);

/// <summary>Both address families of a host.</summary>
internal static class HostLookup
{
    /// <summary>A set larger than this is no mail host's.</summary>
    private const int MostAddresses = 16;

    public static async Task<HostAddresses> FindAsync(IResolver resolver, string host, DnsRole role, CancellationToken cancel)
    {
        var asked6 = resolver.AddressesAsync(host, AddressFamily.InterNetworkV6, cancel).AsTask();
        var four = await resolver.AddressesAsync(host, AddressFamily.InterNetwork, cancel);
        var six = await asked6;
        var addresses = new List<IPAddress>();
        for (int i = 0; i < Math.Max(six.Records.Count, four.Records.Count); i++)
        {
            if (i < six.Records.Count) addresses.Add(six.Records[i]);
            if (i < four.Records.Count) addresses.Add(four.Records[i]);
        }
        var (status, note) = addresses.Count > 0 ? (DnsStatus.Ok, null) : Worst(four, six);
        string? alias = four.Aliases.Count > 0 ? four.Aliases[^1] : six.Aliases.Count > 0 ? six.Aliases[^1] : null;
        return new HostAddresses([.. addresses.Take(MostAddresses)], status, alias, note, [DnsWords.Fact(role, four.Observation), DnsWords.Fact(role, six.Observation)]);
    }

    /// <summary>What is not known outweighs what is not there: the address may be behind the look-up that failed.</summary>
    private static (DnsStatus Status, string? Note) Worst(DnsAnswer<IPAddress> four, DnsAnswer<IPAddress> six)
    {
        var failed = !four.IsAnswered ? four : six;
        if (!failed.IsAnswered) return (failed.Status, failed.Observation.Note);
        return (four.Status == DnsStatus.NxDomain || six.Status == DnsStatus.NxDomain ? DnsStatus.NxDomain : DnsStatus.NoData, null);
    }
}
