using System.Net;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Dns;

namespace Postern.Diagnosis.Probes;

/// <param name="Words">One sentence.</param>
internal readonly record struct MxTrouble(MxProblem Problem, string Words);

/// <param name="Targets">Addresses that can be tried.</param>
/// <param name="IsUsable">One of them is an address that mail can be expected to reach.</param>
/// <param name="IsUs">The record leads to this relay.</param>
internal sealed record MxHostReading(MxRecord Record, IReadOnlyList<IPAddress> Targets, bool IsUsable, bool IsUs, IReadOnlyList<MxTrouble> Troubles, IReadOnlyList<Fact> Facts);

/// <summary>One host of a domain's mail exchangers: everything that its name and its addresses can have wrong.</summary>
internal sealed class MxHostCheck(ProbeContext context, IResolver resolver)
{
    /// <summary>The target's own hosts are not known yet: without configured egress addresses these are the default route's.</summary>
    private readonly IReadOnlyList<IPAddress> _ours = OurAddresses.Of(context with { Target = context.Target with { Hosts = [] } });

    public async Task<MxHostReading> CheckAsync(MxRecord record, bool isImplicit, CancellationToken cancel)
    {
        string host = record.Exchange;
        if (IsLiteral(host))
            return new MxHostReading(record, [], false, false, [new MxTrouble(MxProblem.NamesAddressLiteral, $"the record names the address {host} where only a host name is allowed, so senders look for a host of that name and find none")], []);
        bool isOurName = !isImplicit && host.Equals(context.HelloName, StringComparison.OrdinalIgnoreCase);
        var found = await HostLookup.FindAsync(resolver, host, DnsRole.Address, cancel);
        var troubles = new List<MxTrouble>();
        if (found.Alias is { } alias && !isImplicit)
            troubles.Add(new MxTrouble(MxProblem.NamesAlias, $"{host} is an alias (CNAME) of {alias}; an MX record must name a host that has addresses itself (RFC 2181 section 10.3), and some senders refuse it"));
        if (found.Addresses.Count == 0) troubles.Add(WithoutAddress(host, found));
        IReadOnlyList<Fact> facts = found.Addresses.Count == 0 && found.Status is DnsStatus.ServFail or DnsStatus.TimedOut or DnsStatus.Refused
            ? [.. found.Facts, .. await AuthorityProbe.RunAsync(context, host, isMx: false, cancel)]
            : found.Facts;
        var targets = new List<IPAddress>();
        bool usable = false, isUs = isOurName;
        foreach (var address in found.Addresses)
        {
            if (isOurName || IsUs(address)) isUs = true;
            else if (Reads(host, address, troubles)) usable = true;
            if (!isUs && AddressScopes.Of(address) is not AddressScope.Unusable && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any)) targets.Add(address);
        }
        if (isUs) troubles.Add(new MxTrouble(MxProblem.PointsAtUs, $"{host} is this relay itself{(isOurName ? ", by its name" : "")}: mail for the domain would come back to it for ever"));
        return new MxHostReading(record, isUs ? [] : targets, usable && !isUs, isUs, troubles, facts);
    }

    /// <summary>True when mail can be expected to get there.</summary>
    private bool Reads(string host, IPAddress address, List<MxTrouble> troubles)
    {
        var scope = AddressScopes.Of(address);
        if (scope == AddressScope.Global) return true;
        // Whoever sends from such an address himself lives in the network where it means something.
        bool amongOurs = _ours.Any(a => AddressScopes.Of(a) == scope);
        if (amongOurs && scope is AddressScope.Documentation or AddressScope.Loopback) return amongOurs;
        troubles.Add(new MxTrouble(scope == AddressScope.Loopback ? MxProblem.LoopbackAddress : MxProblem.PrivateAddress, $"{host} has {address}, {AddressScopes.WordsOf(address)}"));
        return amongOurs && scope == AddressScope.Private;
    }

    /// <summary>We send from it, or listen there: what we sent to it would come back to us, or to nobody.</summary>
    private bool IsUs(IPAddress address) => context.Egress.Contains(address) || IsListening(address);

    private bool IsListening(IPAddress address)
    {
        foreach (var endpoint in context.Listening)
        {
            if (endpoint.Port != context.Target.Port) continue;
            bool any = endpoint.Address.Equals(IPAddress.Any) || endpoint.Address.Equals(IPAddress.IPv6Any);
            if (any ? IPAddress.IsLoopback(address) || _ours.Contains(address) : endpoint.Address.Equals(address)) return true;
        }
        return false;
    }

    private static MxTrouble WithoutAddress(string host, HostAddresses found) => found.Status switch
    {
        DnsStatus.NxDomain when FirstFour(host) is { } address => new(MxProblem.NamesAddressLiteral, $"the record names the address {address} where only a host name is allowed; without a final dot it has become the host {host}, which does not exist"),
        DnsStatus.NxDomain when found.Alias is { } alias => new(MxProblem.HostDoesNotExist, $"{host} is an alias of {alias}, which does not exist"),
        DnsStatus.NxDomain => new(MxProblem.HostDoesNotExist, $"the host {host} does not exist"),
        DnsStatus.NoData => new(MxProblem.HostHasNoAddress, $"the host {host} has neither an A nor an AAAA record"),
        DnsStatus.Bogus => new(MxProblem.Bogus, $"the addresses of {host} fail DNSSEC validation{In(found.Note)}"),
        _ => new(MxProblem.HostLookupFailed, $"the addresses of {host} could not be looked up: {DnsWords.Of(found.Status)}{In(found.Note)}"),
    };

    /// <summary>"192.0.2.7" of "192.0.2.7.example.org": what a zone file makes of an address.</summary>
    private static string? FirstFour(string host)
    {
        string[] labels = host.Split('.');
        string first = string.Join('.', labels.Take(4));
        return labels.Length > 4 && IPAddress.TryParse(first, out var address) && address.ToString() == first ? first : null;
    }

    internal static string In(string? note) => note is null ? "" : $" ({note})";

    /// <summary>Four numbers, or anything with a colon: the DNS has no top-level domain of digits.</summary>
    private static bool IsLiteral(string host) => IPAddress.TryParse(host.Trim('[', ']'), out var address) && (address.ToString() == host.Trim('[', ']') || host.Contains(':', StringComparison.Ordinal));
}
