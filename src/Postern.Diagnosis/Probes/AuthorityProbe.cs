using Postern.Diagnosis.Evidence;
using Postern.Protocols.Dns;
using Postern.Protocols.Smtp;

namespace Postern.Diagnosis.Probes;

/// <summary>
/// When our resolver fails for a name, or says that there is no such name: what do the name servers responsible for it say? No fact where they cannot be asked from
/// here (port 53 is often open to the resolver only), for then their silence means nothing.
/// </summary>
internal static class AuthorityProbe
{
    public static async Task<IReadOnlyList<DnsFact>> RunAsync(ProbeContext context, string name, bool isMx, CancellationToken cancel)
    {
        var inquiry = new AuthorityInquiry(context.Resolver, context.NameServerPort, context.Time);
        var answer = isMx ? await inquiry.MxAsync(name, cancel) : await inquiry.AddressesAsync(name, cancel);
        return answer is null ? [] : [.. answer.Servers.Select(seen => Fact(answer.Zone, seen))];
    }

    /// <summary>The servers know the name, whatever our resolver says.</summary>
    public static bool Knows(IReadOnlyList<DnsFact> facts) => facts.Any(f => f.Seen.Status is DnsStatus.Ok or DnsStatus.NoData);

    private static DnsFact Fact(string zone, DnsObservation seen) => new()
    {
        SaidBy = seen.Server is null ? Speaker.Us : Speaker.Dns,
        Role = DnsRole.Authority,
        Seen = seen,
        Observed = seen.Server is null ? $"the name servers of {zone} cannot be asked: {seen.Note}"
            : $"the name server {seen.Server} of {(zone == "." ? "the root" : zone)}, asked directly for {DnsWords.Sentence(seen with { Server = null })}",
        Milliseconds = seen.Elapsed.TotalMilliseconds,
    };
}
