using System.Net;
using System.Net.Sockets;
using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.Knowledge;
using Postern.Diagnosis.Probes;
using Postern.Diagnosis.Probes.Blocklists;
using Postern.Protocols.Dns;

namespace Postern.Diagnosis.Checks;

/// <summary>What the facts about our own side mean, with the fix of the cause's page. Pure.</summary>
internal static class DoctorFindings
{
    private static readonly string[] Aspects = ["reverse-name", "forward-confirmed", "hello-name", "sender-policy", "sender-domain"];

    /// <param name="cloud">Whose machine this is; null when not known.</param>
    public static Finding Port(int port, IPAddress from, IReadOnlyList<TcpFact> tried, bool hasControls, string? cloud)
    {
        string id = $"port.{port}";
        string subject = from.ToString();
        if (tried.Count == 0)
        {
            string family = from.AddressFamily == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4";
            return new Finding(id, subject, FindingState.Unknown, hasControls ? $"no reference with an {family} address on port {port} could be looked up" : $"no reference for port {port} is configured (diagnosis.controls)");
        }
        var open = tried.Where(f => f.Outcome is TcpOutcome.Connected || f is { Outcome: TcpOutcome.Refused or TcpOutcome.Reset, Icmp: null }).ToList();
        if (open.Count > 0) return new Finding(id, subject, FindingState.Good, $"port {port} is open outwards: {open[0].Point} answers{(open.Count < tried.Count ? $" ({open.Count} of {tried.Count} references)" : "")}");
        var values = new CaseValues { OurAddress = subject, Port = port, Cloud = cloud };
        string fix = KnowledgeBase.Default.Of(CauseId.NetworkPath).Fill(values, tried.Any(f => f.Icmp is { FromUs: true }) ? "where=this-machine" : "where=our-provider").Fix;
        // Submission ports matter only to those who send through a provider.
        return new Finding(id, subject, port == CheckTarget.SmtpPort ? FindingState.Problem : FindingState.Warning, $"none of {tried.Count} known-good servers can be reached on port {port}: {tried[0].Observed}", fix);
    }

    public static IEnumerable<Finding> Resolver(IReadOnlyList<Fact> facts)
    {
        var seen = facts.OfType<DnsFact>().ToList();
        if (seen.Count == 0)
        {
            yield return new Finding("resolver", "", FindingState.Unknown, "our resolver was not asked: no answer in time, or no reference is configured");
            yield break;
        }
        var rewriting = seen.Find(f => f.Seen is { Status: DnsStatus.Ok } && f.Seen.Question.EndsWith(".invalid", StringComparison.Ordinal));
        var failed = seen.FindAll(f => f.Seen.Status is not (DnsStatus.Ok or DnsStatus.NoData or DnsStatus.NxDomain));
        string server = seen.Select(f => f.Seen.Server).FirstOrDefault(s => s is not null) ?? "";
        var page = KnowledgeBase.Default.Of(CauseId.LocalDns);
        if (rewriting is not null) yield return new Finding("resolver", server, FindingState.Problem, rewriting.Observed, page.Fill(CaseValues.None, "dns=rewrites").Fix);
        else if (failed.Count == seen.Count) yield return new Finding("resolver", server, FindingState.Problem, failed[0].Observed, page.Fill(CaseValues.None, failed[0].Seen.Status == DnsStatus.TimedOut ? "dns=silent" : "dns=fails").Fix);
        else if (failed.Count > 0) yield return new Finding("resolver", server, FindingState.Warning, $"{failed.Count} of {seen.Count} look-ups failed: {failed[0].Observed}");
        else yield return new Finding("resolver", server, FindingState.Good, $"answers, in {seen.Average(f => f.Milliseconds ?? 0):0} ms");
    }

    /// <summary>What others see of a machine behind NAT is not known here.</summary>
    public static IEnumerable<Finding> Addresses(IReadOnlyList<IPAddress> seen, bool isGiven)
    {
        if (seen.Count == 0) yield return new Finding("address", "", FindingState.Problem, "this machine has no route to the world", "Give it a default route (ip route), or name the address to send from: --from ADDRESS.");
        if (isGiven) yield break;
        foreach (var address in seen.Where(a => AddressScopes.Of(a) is AddressScope.Private or AddressScope.LinkLocal || IPAddress.IsLoopback(a)))
            yield return new Finding("address", address.ToString(), FindingState.Warning, $"{address} is a private address: others see the public address of a router, and what is said below of {address} says nothing of that one", "Name the public address: postern doctor --public ADDRESS.");
    }

    public static IEnumerable<Finding> Identity(IReadOnlyList<Fact> facts, string hello, string? cloud)
    {
        var page = KnowledgeBase.Default.Of(CauseId.SenderIdentity);
        foreach (var fact in facts.OfType<IdentityFact>())
        {
            string aspect = Aspects[(int)fact.Aspect];
            bool isDomain = fact.Aspect is IdentityAspect.SenderPolicy or IdentityAspect.SenderDomain;
            var values = new CaseValues { OurAddress = fact.Address ?? (isDomain ? null : fact.Subject), Domain = isDomain ? fact.Subject : null, Sender = isDomain ? $"you@{fact.Subject}" : null, Hello = hello.Contains('.', StringComparison.Ordinal) ? hello : null, Cloud = cloud };
            var state = fact.Passed switch { true => FindingState.Good, false => FindingState.Problem, _ => FindingState.Unknown };
            yield return new Finding($"identity.{aspect}", fact.Subject, state, fact.Observed, state == FindingState.Problem ? page.Fill(values, $"identity={aspect}").Fix : null);
        }
    }

    public static IEnumerable<Finding> Blocklists(IReadOnlyList<Fact> facts)
    {
        var lists = facts.OfType<BlocklistFact>().ToList();
        foreach (var listed in lists.Where(f => f.Result == BlocklistResult.Listed).OrderByDescending(f => f.Weight))
        {
            var values = new CaseValues { OurAddress = listed.Address, List = listed.Name, Zone = listed.Zone, Delisting = listed.Delisting };
            yield return new Finding("blocklist", listed.Address, listed.Weight >= BlocklistWeight.Medium ? FindingState.Problem : FindingState.Warning, listed.Observed, KnowledgeBase.Default.Of(CauseId.IpReputation).Fill(values).Fix);
        }
        foreach (var of in lists.Where(f => f.Result != BlocklistResult.Dead).GroupBy(f => f.Address))
        {
            int clean = of.Count(f => f.Result == BlocklistResult.NotListed);
            string mute = BlocklistSummary.Mute([.. of]);
            if (clean == 0 && !of.Any(f => f.Result == BlocklistResult.Listed)) yield return new Finding("blocklist", of.Key, FindingState.Unknown, $"no list gave a usable answer{(mute.Length > 0 ? $": {mute}" : "")}", OwnResolver);
            else if (clean > 0) yield return new Finding("blocklist", of.Key, FindingState.Good, $"not listed at {clean} {(clean == 1 ? "list" : "lists")}{(mute.Length > 0 ? $"; {mute}" : "")}");
        }
        if (lists.Find(f => f.IsPublicResolverRefused) is { } refused)
            yield return new Finding("blocklist.resolver", "", FindingState.Warning, $"our resolver counts as a public one: {refused.Observed}", OwnResolver);
        foreach (var dead in lists.Where(f => f.Result == BlocklistResult.Dead).DistinctBy(f => f.Zone))
            yield return new Finding("blocklist.closed", dead.Zone, FindingState.Warning, dead.Observed, $"Take it out of the configuration: the [[diagnosis.blocklist]] with zone = \"{dead.Zone}\".");
    }

    private const string OwnResolver =
        "Ask through a resolver of your own, such as unbound on this machine, and name it: dns.servers = [\"127.0.0.1\"]\nOr ask Spamhaus with a key (free for small senders) through any resolver: [[diagnosis.blocklist]] zone = \"zen.dq.spamhaus.net\", key = \"…\"";

    /// <summary>Lists that people still look for, so that nobody wonders why they are not among those asked.</summary>
    public static Finding Closed(IReadOnlyList<DeadBlocklist> dead) =>
        new("blocklist.closed", "", FindingState.Good, $"not asked, because they have closed: {string.Join(", ", dead.Select(d => d.Name))}");
}
