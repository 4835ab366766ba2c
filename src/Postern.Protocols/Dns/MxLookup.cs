using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Postern.Protocols.Smtp;

namespace Postern.Protocols.Dns;

/// <summary>A host that takes mail for a domain: a name without trailing dot, or an address as text where the domain was an address literal.</summary>
public readonly record struct MxHost(string Name, int Preference);

/// <summary>Hosts in the order in which to try them, or why there are none. Exactly one of the two says something.</summary>
public sealed record MxResolution(IReadOnlyList<MxHost> Hosts, StageFailure? Failure, IReadOnlyList<DnsObservation> Observations);

/// <summary>
/// Finds the hosts for a recipient domain (RFC 5321 section 5.1): by preference, equals shuffled, the domain itself where it has no MX
/// but an address, null MX (RFC 7505), address literals. DNS trouble is a failure in the result, never an exception.
/// </summary>
/// <param name="random">Orders equal preferences; the shared one when null. It must be safe to share when this object is.</param>
/// <param name="isOurName">Tells our own names; a host with one, and all that are not preferred to it, are dropped.</param>
public sealed class MxLookup(IResolver resolver, Random? random = null, Func<string, bool>? isOurName = null)
{
    private static readonly AddressFamily[] Families = [AddressFamily.InterNetwork, AddressFamily.InterNetworkV6];
    private readonly Random _random = random ?? Random.Shared;

    public async ValueTask<MxResolution> ResolveAsync(string domain, CancellationToken cancel)
    {
        if (domain.StartsWith('[')) return Literal(domain);
        if (ToAscii(domain) is not { } name) return Failed(FailureKind.DnsFailure, $"{domain} is no valid domain name");
        var answer = await resolver.MxAsync(name, cancel).ConfigureAwait(false);
        IReadOnlyList<DnsObservation> seen = [answer.Observation];
        return answer.Status switch
        {
            DnsStatus.Ok when answer.Records.Count > 0 => Order(name, answer.Records, seen),
            DnsStatus.Ok or DnsStatus.NoData => await ImplicitAsync(name, answer.Observation, cancel).ConfigureAwait(false),
            DnsStatus.NxDomain => Failed(FailureKind.NoSuchDomain, $"the domain {name} does not exist", seen),
            DnsStatus.Bogus => Failed(FailureKind.DnsFailure, $"the look-up of MX {name} failed: the domain's DNSSEC is broken", seen),
            _ => Failed(FailureKind.DnsFailure, $"the look-up of MX {name} failed: {answer.Status}", seen),
        };
    }

    /// <summary>The A-label form, lower case, without trailing dot; null when the name cannot have one.</summary>
    public static string? ToAscii(string domain)
    {
        string name = domain.TrimEnd('.');
        if (name.Length is 0 or > 253) return null;
        try
        {
            // Plain ASCII goes as it is: IdnMapping refuses underscores, which real domains have.
            return System.Text.Ascii.IsValid(name) ? name.ToLowerInvariant() : new IdnMapping().GetAscii(name.ToLowerInvariant());
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    /// <summary>
    /// The domain stands for itself where it has an address. Where the DNS says for certain that it has none either, the domain takes no mail, and that
    /// "MUST be reported as an error" (RFC 5321 section 5.1) rather than waited for: most such domains are typing mistakes.
    /// </summary>
    private async ValueTask<MxResolution> ImplicitAsync(string name, DnsObservation mx, CancellationToken cancel)
    {
        var seen = new List<DnsObservation>(3) { mx };
        foreach (var family in Families)
        {
            var answer = await resolver.AddressesAsync(name, family, cancel).ConfigureAwait(false);
            seen.Add(answer.Observation);
            if (answer.Status is not (DnsStatus.NoData or DnsStatus.NxDomain)) return new MxResolution([new MxHost(name, 0)], null, seen);
        }
        return Failed(FailureKind.NoSuchDomain, $"the domain {name} has neither a mail exchanger nor an address", seen);
    }

    private MxResolution Order(string domain, IReadOnlyList<MxRecord> records, IReadOnlyList<DnsObservation> seen)
    {
        // A null MX beside real ones breaks RFC 7505 section 3; the real ones are what the domain's owner can only have meant.
        MxRecord[] hosts = [.. records.Where(r => r.Exchange.Length > 0)];
        if (hosts.Length == 0) return Failed(FailureKind.NullMx, $"the domain {domain} takes no mail (null MX)", seen);
        _random.Shuffle(hosts);
        int ours = int.MaxValue;
        foreach (var host in hosts)
            if (isOurName is not null && isOurName(host.Exchange)) ours = Math.Min(ours, host.Preference);
        MxHost[] ordered = [.. hosts.Where(h => h.Preference < ours).OrderBy(h => h.Preference).Select(h => new MxHost(h.Exchange, h.Preference))];
        return ordered.Length > 0
            ? new MxResolution(ordered, null, seen)
            : Failed(FailureKind.LoopsToUs, $"the best mail exchanger of {domain} is this relay itself", seen);
    }

    private static MxResolution Literal(string domain)
    {
        string text = domain.EndsWith(']') ? domain[1..^1] : "";
        bool six = text.StartsWith("IPv6:", StringComparison.OrdinalIgnoreCase);
        bool valid = IPAddress.TryParse(six ? text.AsSpan(5) : text, out var address)
            && address.AddressFamily == (six ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork)
            && (six || text.Count(c => c == '.') == 3);
        return valid ? new MxResolution([new MxHost(address!.ToString(), 0)], null, []) : Failed(FailureKind.NoSuchDomain, $"{domain} is no address literal");
    }

    private static MxResolution Failed(FailureKind kind, string detail, IReadOnlyList<DnsObservation>? seen = null) =>
        new([], new StageFailure(ClientStage.Resolve, Speaker.Dns, kind, detail), seen ?? []);
}
