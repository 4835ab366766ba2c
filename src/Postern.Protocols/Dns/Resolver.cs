using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using DnsClient;
using DnsClient.Protocol;

namespace Postern.Protocols.Dns;

/// <summary>
/// Look-ups over the system's or the configured resolvers, cached by TTL (negative answers too, RFC 2308), equal questions asked once at a time.
/// Never throws for DNS trouble: it is the answer's status. Thread safe.
/// </summary>
public sealed class Resolver : IResolver
{
    /// <summary>Answers kept at most; when full, what has lapsed goes, and if that is nothing, everything.</summary>
    private const int MaxEntries = 10_000;
    private static readonly TimeSpan MaxTtl = TimeSpan.FromHours(1);

    /// <summary>RFC 2308 section 7.1 allows failures to be kept for up to five minutes; a short while spares the resolver without hiding its recovery.</summary>
    private static readonly TimeSpan FailureTtl = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan NegativeTtl = TimeSpan.FromMinutes(1);

    private readonly record struct Entry(Task<DnsLookup> Lookup, DateTimeOffset Until);

    private readonly ConcurrentDictionary<(string Name, QueryType Type), Entry> _cache = new();
    private readonly DnsQuerier _querier;
    private readonly TimeSpan _timeout;
    private readonly TimeProvider _time;

    private Resolver(IReadOnlyList<IPEndPoint> servers, TimeSpan timeout, TimeProvider time)
    {
        _querier = new DnsQuerier(servers, timeout, time);
        _timeout = timeout;
        _time = time;
    }

    /// <param name="servers">"address" or "address:port" each; empty for the system's.</param>
    /// <param name="timeout">For one look-up, its retry included.</param>
    public static Resolver Of(IReadOnlyList<string> servers, TimeSpan timeout, TimeProvider time) =>
        new([.. servers.Select(ParseServer)], timeout, time);

    public async ValueTask<DnsAnswer<MxRecord>> MxAsync(string domain, CancellationToken cancel)
    {
        var lookup = await AskAsync(domain, QueryType.MX, cancel);
        return Typed(lookup, lookup.Records.OfType<DnsClient.Protocol.MxRecord>().Select(r => new MxRecord(r.Preference, Bare(r.Exchange))).ToList());
    }

    public async ValueTask<DnsAnswer<IPAddress>> AddressesAsync(string host, AddressFamily family, CancellationToken cancel)
    {
        var lookup = await AskAsync(host, family == AddressFamily.InterNetworkV6 ? QueryType.AAAA : QueryType.A, cancel);
        return Typed(lookup, lookup.Records.OfType<AddressRecord>().Where(r => r.Address.AddressFamily == family).Select(r => r.Address).ToList());
    }

    public async ValueTask<DnsAnswer<string>> TxtAsync(string name, CancellationToken cancel)
    {
        var lookup = await AskAsync(name, QueryType.TXT, cancel);
        return Typed(lookup, lookup.Records.OfType<TxtRecord>().Select(r => string.Concat(r.Text)).ToList());
    }

    public async ValueTask<DnsAnswer<string>> PtrAsync(IPAddress address, CancellationToken cancel)
    {
        var lookup = await AskAsync(address.GetArpaName(), QueryType.PTR, cancel);
        return Typed(lookup, lookup.Records.OfType<PtrRecord>().Select(r => Bare(r.PtrDomainName)).ToList());
    }

    public async ValueTask<DnsAnswer<string>> NsAsync(string zone, CancellationToken cancel)
    {
        var lookup = await AskAsync(zone, QueryType.NS, cancel);
        return Typed(lookup, lookup.Records.OfType<NsRecord>().Select(r => Bare(r.NSDName)).ToList());
    }

    private static IPEndPoint ParseServer(string text)
    {
        if (IPAddress.TryParse(text, out var address)) return new IPEndPoint(address, 53);
        if (IPEndPoint.TryParse(text, out var endpoint)) return endpoint.Port == 0 ? new IPEndPoint(endpoint.Address, 53) : endpoint;
        throw new FormatException($"dns.servers: '{text}' is not an address or address:port");
    }

    private static DnsAnswer<T> Typed<T>(DnsLookup lookup, IReadOnlyList<T> records)
    {
        // A CNAME that leads nowhere is an answer without the records that were asked for.
        var status = lookup.Status == DnsStatus.Ok && records.Count == 0 ? DnsStatus.NoData : lookup.Status;
        var seen = status == lookup.Status ? lookup.Observation : lookup.Observation with { Status = status };
        return new DnsAnswer<T>(status, records, seen) { Aliases = [.. lookup.Records.OfType<CNameRecord>().Select(r => Bare(r.CanonicalName))] };
    }

    private async ValueTask<DnsLookup> AskAsync(string name, QueryType type, CancellationToken cancel)
    {
        var key = (name == "." ? name : name.TrimEnd('.').ToLowerInvariant(), type);
        var now = _time.GetUtcNow();
        if (_cache.TryGetValue(key, out var known) && known.Until > now) return await known.Lookup.WaitAsync(cancel);
        if (_cache.Count >= MaxEntries) MakeRoom(now);

        // Whoever puts the entry in asks; the others wait for the same answer, each with its own patience. The asking itself ends by its own time-out.
        var asked = new TaskCompletionSource<DnsLookup>(TaskCreationOptions.RunContinuationsAsynchronously);
        var entry = new Entry(asked.Task, now + _timeout + FailureTtl);
        bool mine = known == default ? _cache.TryAdd(key, entry) : _cache.TryUpdate(key, entry, known);
        if (!mine && _cache.TryGetValue(key, out var others)) return await others.Lookup.WaitAsync(cancel);
        return await CompleteAsync(key, entry, mine ? asked : null).WaitAsync(cancel);
    }

    private async Task<DnsLookup> CompleteAsync((string Name, QueryType Type) key, Entry entry, TaskCompletionSource<DnsLookup>? asked)
    {
        var lookup = await _querier.QueryAsync(key.Name, key.Type);
        if (asked is null) return lookup;
        _cache[key] = entry with { Until = _time.GetUtcNow() + Keep(lookup) };
        asked.SetResult(lookup);
        return lookup;
    }

    private static TimeSpan Keep(DnsLookup lookup) => lookup.Status switch
    {
        DnsStatus.Ok => lookup.Observation.Ttl < MaxTtl ? lookup.Observation.Ttl : MaxTtl,
        DnsStatus.NoData or DnsStatus.NxDomain => lookup.Observation.Ttl < NegativeTtl ? lookup.Observation.Ttl : NegativeTtl,
        _ => FailureTtl,
    };

    private void MakeRoom(DateTimeOffset now)
    {
        foreach (var (key, entry) in _cache)
        {
            if (entry.Until <= now) _cache.TryRemove(key, out _);
        }

        if (_cache.Count >= MaxEntries) _cache.Clear();
    }

    private static string Bare(string name) => name.TrimEnd('.').ToString(CultureInfo.InvariantCulture);
}
