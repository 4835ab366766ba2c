using System.Net;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Dns;
using Postern.Protocols.Smtp;

namespace Postern.Diagnosis.Probes;

/// <param name="Hosts">Those that can be tried, in the order of trying; empty when there is none.</param>
internal sealed record MxFindings(IReadOnlyList<TargetHost> Hosts, IReadOnlyList<Fact> Facts);

/// <summary>
/// Who takes a domain's mail (RFC 5321 section 5.1, RFC 7505), and every way in which its records can be wrong: one <see cref="MxFact"/> for each, or one that
/// says that nothing is. A named host (no domain) is only looked up.
/// </summary>
internal static class MxProbe
{
    /// <summary>More exchangers than any domain needs; the rest is left out.</summary>
    private const int MostHosts = 16;

    /// <summary>For one look-up. Receivers and relays wait longer; a person does not.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static async ValueTask<IReadOnlyList<Fact>> RunAsync(ProbeContext context, CancellationToken cancel) => (await ExamineAsync(context, cancel)).Facts;

    public static async ValueTask<MxFindings> ExamineAsync(ProbeContext context, CancellationToken cancel)
    {
        var resolver = new PatientResolver(context.Resolver, Patience, context.Time);
        if (context.Target.Domain is not { } domain) return await HostAsync(context, resolver, cancel);
        if (domain.StartsWith('[')) return Literal(domain);
        if (MxLookup.ToAscii(domain) is not { } name) return Nothing(domain, [], new MxTrouble(MxProblem.NoSuchDomain, $"{domain} is not a domain name"));
        var answer = await resolver.MxAsync(name, cancel);
        List<Fact> facts = [DnsWords.Fact(DnsRole.Mx, answer.Observation)];
        switch (answer.Status)
        {
            case DnsStatus.Ok: return await ExchangersAsync(new MxHostCheck(context, resolver), name, answer.Records, facts, cancel);
            case DnsStatus.NoData: return await ImplicitAsync(new MxHostCheck(context, resolver), name, facts, cancel);
            case DnsStatus.NxDomain:
                var own = await AuthorityProbe.RunAsync(context, name, isMx: true, cancel);
                facts.AddRange(own);
                // The negative answer is stale, or a filter's: bouncing people's mail for it would be wrong.
                if (AuthorityProbe.Knows(own)) return Nothing(name, facts, new MxTrouble(MxProblem.LookupFailed, $"our resolver says that {name} does not exist, but its own name servers answer for it"));
                return Nothing(name, facts, new MxTrouble(MxProblem.NoSuchDomain, $"the domain {name} does not exist{Spelling.Hint(name)}"));
            case DnsStatus.Bogus: return Nothing(name, facts, new MxTrouble(MxProblem.Bogus, $"the mail exchangers of {name} fail DNSSEC validation{MxHostCheck.In(answer.Observation.Note)}"));
            default:
                facts.AddRange(await AuthorityProbe.RunAsync(context, name, isMx: true, cancel));
                return Nothing(name, facts, new MxTrouble(MxProblem.LookupFailed, $"the mail exchangers of {name} could not be looked up: {DnsWords.Of(answer.Status)}{MxHostCheck.In(answer.Observation.Note)}"));
        }
    }

    private static async Task<MxFindings> ExchangersAsync(MxHostCheck check, string domain, IReadOnlyList<MxRecord> records, List<Fact> facts, CancellationToken cancel)
    {
        MxRecord[] named = [.. records.Where(r => r.Exchange.Length > 0).DistinctBy(r => r.Exchange.ToLowerInvariant()).OrderBy(r => r.Preference).Take(MostHosts)];
        bool hasNull = records.Any(r => r.Exchange.Length == 0);
        if (named.Length == 0) return Nothing(domain, facts, new MxTrouble(MxProblem.NullMx, $"the domain {domain} says that it takes no mail (null MX, RFC 7505){Spelling.Hint(domain)}"));
        var readings = await Task.WhenAll(named.Select(r => check.CheckAsync(r, isImplicit: false, cancel)));
        var set = hasNull ? [new MxTrouble(MxProblem.NullMxBesideOthers, $"{domain} has a null MX (\"0 .\") beside {named.Length} other{(named.Length > 1 ? "s" : "")}; it must stand alone (RFC 7505), and some senders return the mail at once")]
            : Array.Empty<MxTrouble>();
        return Findings(domain, readings, set, isImplicit: false, facts);
    }

    /// <summary>No MX: the domain's own address takes the mail.</summary>
    private static async Task<MxFindings> ImplicitAsync(MxHostCheck check, string domain, List<Fact> facts, CancellationToken cancel)
    {
        var reading = await check.CheckAsync(new MxRecord(0, domain), isImplicit: true, cancel);
        var without = reading.Troubles.FirstOrDefault(t => t.Problem is MxProblem.HostDoesNotExist or MxProblem.HostHasNoAddress);
        if (without != default)
            return Nothing(domain, [.. facts, .. reading.Facts], new MxTrouble(MxProblem.NoMxNoAddress, $"{domain} has neither MX records nor an address, so nobody takes its mail{Spelling.Hint(domain)}"));
        return Findings(domain, [reading], [], isImplicit: true, facts);
    }

    private static MxFindings Findings(string domain, MxHostReading[] readings, IReadOnlyList<MxTrouble> ofSet, bool isImplicit, List<Fact> facts)
    {
        // RFC 5321 section 5.1: when we are one of the exchangers, those not preferred to us would only send it back.
        int ours = readings.Where(r => r.IsUs).Select(r => (int)r.Record.Preference).DefaultIfEmpty(int.MaxValue).Min();
        MxHostReading[] ahead = [.. readings.Where(r => r.Record.Preference < ours)];
        int usable = ahead.Count(r => r.IsUsable);
        facts.AddRange(readings.SelectMany(r => r.Facts));
        facts.AddRange(ofSet.Select(t => OfSet(domain, t, usable)));
        foreach (var reading in readings)
            facts.AddRange(reading.Troubles.Select(t => OfSet(domain, t, usable) with { Host = reading.Record.Exchange, IsImplicit = isImplicit }));
        if (!facts.OfType<MxFact>().Any())
        {
            string words = isImplicit ? $"{domain} has no MX record; its own address stands in" : $"{domain} has {readings.Length} mail exchanger{(readings.Length > 1 ? "s" : "")}, {usable} of them with a usable address";
            facts.Add(OfSet(domain, new MxTrouble(MxProblem.None, words), usable) with { IsImplicit = isImplicit });
        }
        return new MxFindings([.. ahead.Where(r => r.Targets.Count > 0).Select(r => new TargetHost(r.Record.Exchange, r.Record.Preference, r.Targets))], facts);
    }

    private static async Task<MxFindings> HostAsync(ProbeContext context, IResolver resolver, CancellationToken cancel)
    {
        var (host, facts, addresses) = (HostOf(context.Target), new List<Fact>(), new List<IPAddress>());
        if (IPAddress.TryParse(host, out var literal)) addresses.Add(literal);
        else
        {
            var found = await HostLookup.FindAsync(resolver, MxLookup.ToAscii(host) ?? host, DnsRole.Address, cancel);
            facts.AddRange(found.Facts);
            addresses.AddRange(found.Addresses);
        }
        return new MxFindings(addresses.Count > 0 ? [new TargetHost(host, 0, addresses)] : [], facts);
    }

    /// <summary>"host", "host:port", "[2001:db8::1]:port" or a bare address.</summary>
    private static string HostOf(ProbeTarget target)
    {
        if (target.Hosts is [var known, ..]) return known.Name;
        string name = target.Name;
        if (name.StartsWith('[') && name.IndexOf(']', StringComparison.Ordinal) is > 0 and var end) return name[1..end];
        int colon = name.IndexOf(':', StringComparison.Ordinal);
        // More than one colon: an IPv6 address, without a port.
        return colon > 0 && colon == name.LastIndexOf(':') ? name[..colon] : name;
    }

    private static MxFindings Literal(string domain)
    {
        string text = domain.Trim('[', ']');
        if (text.StartsWith("IPv6:", StringComparison.OrdinalIgnoreCase)) text = text[5..];
        return IPAddress.TryParse(text, out var address)
            ? new MxFindings([new TargetHost(address.ToString(), 0, [address])], [])
            : Nothing(domain, [], new MxTrouble(MxProblem.NoSuchDomain, $"{domain} is not an address literal"));
    }

    private static MxFindings Nothing(string domain, IReadOnlyList<Fact> facts, MxTrouble trouble) => new([], [.. facts, OfSet(domain, trouble, 0)]);

    private static MxFact OfSet(string domain, MxTrouble trouble, int usable) =>
        new() { SaidBy = Speaker.Dns, Domain = domain, Problem = trouble.Problem, Observed = trouble.Words, UsableHosts = usable };
}
