using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Dns;

namespace Postern.Diagnosis.Probes;

/// <summary>
/// Is our own resolver all right? Names that are known to be good are looked up; when none of them is answered, the root's name servers too, which every resolver
/// that works knows. And a name that cannot exist: a resolver that answers for it rewrites NXDOMAIN, and then every blocklist seems to list us.
/// </summary>
internal static class ControlNamesProbe
{
    private const int MaxControls = 4;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static async ValueTask<IReadOnlyList<Fact>> RunAsync(ProbeContext context, CancellationToken cancel)
    {
        var resolver = new PatientResolver(context.Resolver, Patience, context.Time);
        var names = context.Controls.Select(NameOf).OfType<(string Name, bool IsDomain)>().DistinctBy(n => n.Name.ToLowerInvariant()).Take(MaxControls).ToList();
        var root = resolver.NsAsync(".", cancel).AsTask();
        // RFC 6761 section 6.4: no name below "invalid" ever exists. Random, so that no cache and no exception list knows it.
        var impossible = resolver.AddressesAsync($"postern-{RandomNumberGenerator.GetHexString(12, lowercase: true)}.invalid", AddressFamily.InterNetwork, cancel).AsTask();
        var seen = await Task.WhenAll(names.Select(n => AskAsync(resolver, n.Name, n.IsDomain, cancel)));
        List<Fact> facts = [.. seen.Select(s => DnsWords.Fact(DnsRole.Control, s))];
        var (ofRoot, ofImpossible) = (await root, await impossible);
        if (!seen.Any(s => s.Status is DnsStatus.Ok)) facts.Add(DnsWords.Fact(DnsRole.Control, ofRoot.Observation));
        if (ofImpossible.Status == DnsStatus.Ok)
            facts.Add(DnsWords.Fact(DnsRole.Control, ofImpossible.Observation) with { Observed = $"the resolver answers {ofImpossible.Records[0]} for a name that cannot exist: it rewrites NXDOMAIN, and blocklists cannot be asked through it" });
        return facts;
    }

    private static async Task<DnsObservation> AskAsync(IResolver resolver, string name, bool isDomain, CancellationToken cancel)
    {
        if (isDomain) return (await resolver.MxAsync(name, cancel)).Observation;
        return (await resolver.AddressesAsync(name, AddressFamily.InterNetwork, cancel)).Observation;
    }

    /// <summary>"domain" or "host:port"; null for an address, which needs no resolver.</summary>
    private static (string Name, bool IsDomain)? NameOf(string control)
    {
        int colon = control.LastIndexOf(':');
        string name = colon > 0 ? control[..colon] : control;
        return IPAddress.TryParse(control, out _) || IPAddress.TryParse(name, out _) ? null : (name, colon < 0);
    }
}
