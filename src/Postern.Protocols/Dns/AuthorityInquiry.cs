using System.Net;
using System.Net.Sockets;
using DnsClient;
using DnsClient.Protocol;

namespace Postern.Protocols.Dns;

/// <summary>What the name servers that are responsible for a name say of it themselves; one observation for each that was asked, at most <see cref="AuthorityInquiry.MaxServers"/>.</summary>
/// <param name="Zone">The zone whose servers they are: the name's own, or the last above it that could be found.</param>
public sealed record AuthorityAnswer(string Zone, IReadOnlyList<DnsObservation> Servers);

/// <summary>
/// Asks past our resolver: from the servers of the zone above a name down to its own, without recursion (RFC 1034 section 5.3.3). Tells a domain whose name servers
/// are broken from a resolver that is, or that remembers what is no longer so. Bounded: three servers a step, four steps, three seconds in all. Never throws for DNS trouble.
/// </summary>
/// <param name="resolver">Ours; it finds the servers above, which it knows even when it cannot find the name's own.</param>
/// <param name="port">53 but in tests.</param>
public sealed class AuthorityInquiry(IResolver resolver, int port, TimeProvider time)
{
    public const int MaxServers = 3;
    private const int MaxSteps = 4;
    private static readonly TimeSpan InAll = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan PerServer = TimeSpan.FromSeconds(1);

    private readonly record struct Step(DnsObservation Seen, string? Below, IReadOnlyList<string> Names, IReadOnlyList<IPAddress> Glue);

    /// <summary>The mail exchangers of a domain. Null when name servers cannot be asked directly from here, so that their silence means nothing.</summary>
    public Task<AuthorityAnswer?> MxAsync(string domain, CancellationToken cancel) => AskAsync(domain, QueryType.MX, Above(domain), cancel);

    /// <summary>The IPv4 addresses of a host; else as <see cref="MxAsync"/>.</summary>
    public Task<AuthorityAnswer?> AddressesAsync(string host, CancellationToken cancel) => AskAsync(host, QueryType.A, Above(host), cancel);

    /// <summary>The same where the zone that holds the name is known: its servers are the first to be asked.</summary>
    public Task<AuthorityAnswer?> AddressesAsync(string host, string zone, CancellationToken cancel) => AskAsync(host, QueryType.A, zone, cancel);

    /// <param name="lowest">The lowest zone whose servers may be asked first.</param>
    private async Task<AuthorityAnswer?> AskAsync(string name, QueryType type, string lowest, CancellationToken cancel)
    {
        using var late = new CancellationTokenSource(InAll, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancel);
        AuthorityAnswer? last = null;
        try
        {
            var (zone, servers) = await FromAsync(lowest, either.Token);
            for (int step = 0; servers.Count > 0 && step < MaxSteps; step++)
            {
                var replies = await Task.WhenAll(servers.Select(s => QueryAsync(s, zone, name, type, either.Token)));
                if (step == 0 && replies.All(r => r.Seen.Status == DnsStatus.TimedOut)) return null;
                last = new AuthorityAnswer(zone, [.. replies.Select(r => r.Seen)]);
                if (replies.FirstOrDefault(r => r.Below is not null) is not { Below: { } below } referral) return last;
                (zone, last) = (below, new AuthorityAnswer(below, [Unfound(name, type, below, referral.Names)]));
                servers = referral.Glue.Count > 0 ? referral.Glue : await AddressesOfAsync(referral.Names, either.Token);
            }
            return last;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return last;
        }
    }

    /// <summary>The nearest zone, this one or above it, that our resolver finds servers for.</summary>
    private async Task<(string Zone, IReadOnlyList<IPAddress> Servers)> FromAsync(string lowest, CancellationToken cancel)
    {
        for (string zone = lowest; ; zone = Above(zone))
        {
            var found = await resolver.NsAsync(zone, cancel);
            if (found.Status == DnsStatus.Ok) return (zone, await AddressesOfAsync(found.Records, cancel));
            if (zone == "." || !found.IsAnswered) return (zone, []);
        }
    }

    private static string Above(string name) => name.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot ? name[(dot + 1)..] : ".";

    private async Task<IReadOnlyList<IPAddress>> AddressesOfAsync(IReadOnlyList<string> names, CancellationToken cancel)
    {
        var found = await Task.WhenAll(names.Take(MaxServers).Select(n => resolver.AddressesAsync(n, AddressFamily.InterNetwork, cancel).AsTask()));
        return [.. found.Select(f => f.Records.Count > 0 ? f.Records[0] : null).OfType<IPAddress>()];
    }

    private async Task<Step> QueryAsync(IPAddress server, string zone, string name, QueryType type, CancellationToken cancel)
    {
        long begun = time.GetTimestamp();
        string question = $"{type} {name}", at = $"{server}:{port}";
        var client = new LookupClient(new LookupClientOptions(new NameServer(server, port))
        {
            UseCache = false, Recursion = false, ThrowDnsErrors = false, Retries = 0, Timeout = PerServer, ExtendedDnsBufferSize = DnsWire.UdpBytes, UseTcpFallback = true,
        });
        try
        {
            using var limit = new CancellationTokenSource(PerServer, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancel);
            var reply = await client.QueryAsync(name, type, QueryClass.IN, either.Token);
            var (status, note) = Read(reply);
            var below = reply.Authorities.OfType<NsRecord>().Where(r => IsBelow(Bare(r.DomainName), zone, name)).ToList();
            bool isReferral = status == DnsStatus.ServFail && below.Count > 0;
            var names = below.Select(r => Bare(r.NSDName)).Distinct(StringComparer.OrdinalIgnoreCase).Take(MaxServers).ToList();
            var glue = reply.Additionals.OfType<ARecord>().Where(r => names.Contains(Bare(r.DomainName), StringComparer.OrdinalIgnoreCase)).Select(r => r.Address).Distinct().Take(MaxServers).ToList();
            string[] answers = [.. reply.Answers.Where(a => a.RecordType != ResourceRecordType.RRSIG).Take(8).Select(a => a.ToString() ?? "")];
            return new Step(Seen(status, answers, note), isReferral ? Bare(below[0].DomainName) : null, names, glue);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new Step(Seen(DnsStatus.TimedOut, [], null), null, [], []);
        }
        catch (Exception e) when (e is DnsResponseException or SocketException or IOException or InvalidOperationException or ArgumentException or DnsXidMismatchException)
        {
            bool isSilent = e is DnsResponseException { Code: DnsResponseCode.ConnectionTimeout };
            return new Step(Seen(isSilent ? DnsStatus.TimedOut : DnsStatus.ServFail, [], isSilent ? null : e.Message), null, [], []);
        }

        DnsObservation Seen(DnsStatus status, IReadOnlyList<string> answers, string? note) => new(question, status, at, false, answers, TimeSpan.Zero, time.GetElapsedTime(begun), note);
    }

    /// <summary>Only an authoritative answer counts; anything else of a server that should know is a failure.</summary>
    private static (DnsStatus Status, string? Note) Read(IDnsQueryResponse reply) => reply.Header.ResponseCode switch
    {
        DnsHeaderResponseCode.NotExistentDomain when reply.Header.HasAuthorityAnswer => (DnsStatus.NxDomain, null),
        DnsHeaderResponseCode.NoError when reply.Header.HasAuthorityAnswer => (reply.Answers.Count > 0 ? DnsStatus.Ok : DnsStatus.NoData, null),
        DnsHeaderResponseCode.Refused => (DnsStatus.Refused, null),
        DnsHeaderResponseCode.NoError or DnsHeaderResponseCode.NotExistentDomain => (DnsStatus.ServFail, "it is not authoritative for the name (lame delegation)"),
        _ => (DnsStatus.ServFail, null),
    };

    /// <summary>A referral must lead down towards the name: a server that points up or aside knows nothing of it.</summary>
    private static bool IsBelow(string owner, string zone, string name) =>
        Holds(zone, owner) && !owner.Equals(zone, StringComparison.OrdinalIgnoreCase) && Holds(owner, name);

    private static bool Holds(string zone, string name) =>
        zone == "." || name.Equals(zone, StringComparison.OrdinalIgnoreCase) || name.EndsWith("." + zone, StringComparison.OrdinalIgnoreCase);

    private static DnsObservation Unfound(string name, QueryType type, string zone, IReadOnlyList<string> servers) =>
        new($"{type} {name}", DnsStatus.ServFail, null, false, [], TimeSpan.Zero, TimeSpan.Zero, $"{zone} is delegated to {string.Join(", ", servers)}, and no address of these can be found");

    private static string Bare(DnsString name) => name.Value.Length > 1 ? name.Value.TrimEnd('.') : name.Value;
}
