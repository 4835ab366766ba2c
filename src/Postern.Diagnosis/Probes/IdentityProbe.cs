using System.Net;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Dns;
using Postern.Protocols.Smtp;

namespace Postern.Diagnosis.Probes;

/// <summary>
/// What receivers check about us before they listen: the reverse name of each address, whether it leads back (FCrDNS), the name we say in HELO, and what the
/// policies of the domains we send for (SPF) say of our addresses.
/// </summary>
internal static class IdentityProbe
{
    private const int MaxDomains = 4;
    private const int MaxNames = 5;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>RFC 7208 section 4.6.4 allows a receiver to give up after 20 s; a person who waits gives up sooner.</summary>
    private static readonly TimeSpan InAll = TimeSpan.FromSeconds(15);

    public static async ValueTask<IReadOnlyList<Fact>> RunAsync(ProbeContext context, CancellationToken cancel)
    {
        var resolver = new PatientResolver(context.Resolver, Patience, context.Time);
        using var late = new CancellationTokenSource(InAll, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancel);
        var addresses = OurAddresses.Of(context).Where(a => !IPAddress.IsLoopback(a)).ToList();
        string[] domains = [.. context.SenderDomains.Select(MxLookup.ToAscii).OfType<string>().Distinct().Take(MaxDomains)];
        List<Task<IReadOnlyList<Fact>>> asked = [.. addresses.Select(a => NamesAsync(context, resolver, a, either.Token))];
        asked.AddRange(domains.Select(d => DomainAsync(resolver, d, either.Token)));
        asked.AddRange(domains.SelectMany(_ => addresses, (d, a) => SenderPolicyProbe.RunAsync(context, resolver, d, a, either.Token)));
        var facts = new List<Fact>();
        foreach (var task in asked)
        {
            try
            {
                facts.AddRange(await task);
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                // Its time was over; the others' facts stand, and those of the look-ups before it are the resolver's affair.
            }
        }
        return facts;
    }

    private static async Task<IReadOnlyList<Fact>> NamesAsync(ProbeContext context, IResolver resolver, IPAddress address, CancellationToken cancel)
    {
        var hello = HelloAsync(context, resolver, address, cancel);
        var answer = await resolver.PtrAsync(address, cancel);
        string[] names = [.. answer.Records.Take(MaxNames)];
        // Behind NAT receivers see another address, and what this one is called matters to nobody.
        bool hidden = AddressScopes.Of(address) is AddressScope.Private or AddressScope.LinkLocal;
        bool generated = names.Length > 0 && names.All(n => GenericName.LooksGenerated(n, address));
        string words = names.Length > 0
            ? $"{address} is called {string.Join(", ", names)}{(generated ? ", which looks like a name that a provider's program has made" : "")}"
            : answer.IsAnswered ? $"{address} has no reverse name (PTR)" : $"the reverse name of {address} could not be looked up: {DnsWords.Of(answer.Status)}";
        var reverse = Fact(IdentityAspect.ReverseName, address, hidden || !answer.IsAnswered ? null : names.Length > 0, hidden ? $"{words}; it is {AddressScopes.WordsOf(address)}, and receivers see another one" : words) with { LooksGenerated = generated };
        var confirmed = names.Length > 0 ? [await ConfirmAsync(resolver, address, names, hidden, cancel)] : Array.Empty<Fact>();
        return [DnsWords.Fact(DnsRole.Ptr, answer.Observation), reverse, .. confirmed, await hello];
    }

    /// <summary>Forward-confirmed: one of the names leads back to the address.</summary>
    private static async Task<Fact> ConfirmAsync(IResolver resolver, IPAddress address, string[] names, bool hidden, CancellationToken cancel)
    {
        var back = await Task.WhenAll(names.Select(n => resolver.AddressesAsync(n, address.AddressFamily, cancel).AsTask()));
        int at = Array.FindIndex(back, b => b.Records.Contains(address));
        bool? passed = at >= 0 ? true : back.Any(b => !b.IsAnswered) ? null : false;
        string words = at >= 0 ? $"{names[at]} leads back to {address}"
            : passed is null ? $"whether {names[0]} leads back to {address} could not be looked up"
            : $"{string.Join(", ", names)} {(back.Any(b => b.Records.Count > 0) ? $"leads to {string.Join(", ", back.SelectMany(b => b.Records).Distinct().Take(MaxNames))}" : "has no such address")}, not back to {address}";
        return Fact(IdentityAspect.ForwardConfirmed, address, hidden ? null : passed, words);
    }

    private static async Task<Fact> HelloAsync(ProbeContext context, IResolver resolver, IPAddress address, CancellationToken cancel)
    {
        string name = context.HelloOf(address);
        if (!name.Contains('.', StringComparison.Ordinal) || IPAddress.TryParse(name, out _))
            return Fact(IdentityAspect.HelloName, address, name.StartsWith('[') ? null : false, $"the name in HELO, {name}, is not a full host name (RFC 5321 section 2.3.5)");
        var found = await HostLookup.FindAsync(resolver, name, DnsRole.Address, cancel);
        bool ours = found.Addresses.Contains(address), answered = found.Status is DnsStatus.Ok or DnsStatus.NoData or DnsStatus.NxDomain;
        bool hidden = AddressScopes.Of(address) is AddressScope.Private or AddressScope.LinkLocal;
        string words = ours ? $"the name in HELO, {name}, leads to {address}"
            : found.Addresses.Count > 0 ? $"the name in HELO, {name}, leads to {string.Join(", ", found.Addresses.Take(MaxNames))}, not to {address}"
            : answered ? $"the name in HELO, {name}, has no address: many receivers refuse such a name" : $"the name in HELO, {name}, could not be looked up: {DnsWords.Of(found.Status)}";
        return Fact(IdentityAspect.HelloName, address, ours ? true : !answered || (hidden && found.Addresses.Count > 0) ? null : false, words);
    }

    /// <summary>Can the sender's domain be answered? Receivers refuse mail from a domain that takes none (x.1.8, x.7.27).</summary>
    private static async Task<IReadOnlyList<Fact>> DomainAsync(IResolver resolver, string domain, CancellationToken cancel)
    {
        var mx = await resolver.MxAsync(domain, cancel);
        bool isNull = mx.Records.Count > 0 && mx.Records.All(r => r.Exchange.Length == 0);
        var implicitly = mx.Status == DnsStatus.NoData ? await HostLookup.FindAsync(resolver, domain, DnsRole.Policy, cancel) : null;
        var status = implicitly?.Status ?? mx.Status;
        bool? passed = status switch { DnsStatus.Ok => !isNull, DnsStatus.NoData or DnsStatus.NxDomain => false, _ => null };
        string words = passed switch
        {
            true => $"the sender's domain {domain} can take answers",
            null => $"the sender's domain {domain} could not be looked up: {DnsWords.Of(status)}",
            false when isNull => $"the sender's domain {domain} takes no mail (null MX), and some receivers refuse mail from such a one",
            false => $"the sender's domain {domain} {(status == DnsStatus.NxDomain ? "does not exist" : "has neither MX records nor an address")}, and most receivers refuse mail from such a one",
        };
        return [DnsWords.Fact(DnsRole.Policy, mx.Observation), new IdentityFact { SaidBy = Speaker.Dns, Aspect = IdentityAspect.SenderDomain, Subject = domain, Passed = passed, Observed = words }];
    }

    internal static IdentityFact Fact(IdentityAspect aspect, IPAddress address, bool? passed, string words) =>
        new() { SaidBy = Speaker.Dns, Aspect = aspect, Subject = address.ToString(), Address = address.ToString(), Passed = passed, Observed = words };
}
