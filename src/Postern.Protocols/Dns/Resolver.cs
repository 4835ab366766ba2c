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
    private const int MaxAnswers = 32;
    private static readonly TimeSpan MaxTtl = TimeSpan.FromHours(1);

    /// <summary>RFC 2308 section 7.1 allows failures to be kept for up to five minutes; a short while spares the resolver without hiding its recovery.</summary>
    private static readonly TimeSpan FailureTtl = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan NegativeTtl = TimeSpan.FromMinutes(1);

    private readonly record struct Entry(Task<Lookup> Lookup, DateTimeOffset Until);

    private sealed record Lookup(DnsStatus Status, IReadOnlyList<DnsResourceRecord> Records, DnsObservation Observation);

    private readonly ConcurrentDictionary<(string Name, QueryType Type), Entry> _cache = new();
    private readonly LookupClient _client;
    private readonly TimeSpan _timeout;
    private readonly TimeProvider _time;

    private Resolver(IReadOnlyList<IPEndPoint> servers, TimeSpan timeout, TimeProvider time)
    {
        var options = servers.Count == 0 ? new LookupClientOptions() : new LookupClientOptions([.. servers.Select(s => new NameServer(s))]);
        options.UseCache = false;
        options.ThrowDnsErrors = false;
        options.ContinueOnDnsError = true;
        options.RequestDnsSecRecords = false;
        options.Retries = 1;
        // Two tries must fit into the whole time.
        options.Timeout = timeout / 2;
        options.UseTcpFallback = true;
        _client = new LookupClient(options);
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
        var records = lookup.Records.OfType<DnsClient.Protocol.MxRecord>().Select(r => new MxRecord(r.Preference, Bare(r.Exchange.Value))).ToList();
        return Typed(lookup, records);
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
        var lookup = await AskAsync(Bare(address.GetArpaName()), QueryType.PTR, cancel);
        return Typed(lookup, lookup.Records.OfType<PtrRecord>().Select(r => Bare(r.PtrDomainName.Value)).ToList());
    }

    private static IPEndPoint ParseServer(string text)
    {
        if (IPAddress.TryParse(text, out var address)) return new IPEndPoint(address, 53);
        if (IPEndPoint.TryParse(text, out var endpoint)) return endpoint.Port == 0 ? new IPEndPoint(endpoint.Address, 53) : endpoint;
        throw new FormatException($"dns.servers: '{text}' is not an address or address:port");
    }

    private static DnsAnswer<T> Typed<T>(Lookup lookup, IReadOnlyList<T> records) =>
        new(lookup.Status == DnsStatus.Ok && records.Count == 0 ? DnsStatus.NoData : lookup.Status, records, lookup.Observation);

    private async ValueTask<Lookup> AskAsync(string name, QueryType type, CancellationToken cancel)
    {
        var key = (name.TrimEnd('.').ToLowerInvariant(), type);
        var now = _time.GetUtcNow();
        if (_cache.TryGetValue(key, out var known) && known.Until > now) return await known.Lookup.WaitAsync(cancel);
        if (_cache.Count >= MaxEntries) MakeRoom(now);

        // Whoever puts the entry in asks; the others wait for the same answer, each with its own patience.
        var asked = new TaskCompletionSource<Lookup>(TaskCreationOptions.RunContinuationsAsynchronously);
        var entry = new Entry(asked.Task, now + _timeout + FailureTtl);
        bool mine = known == default ? _cache.TryAdd(key, entry) : _cache.TryUpdate(key, entry, known);
        if (!mine) return _cache.TryGetValue(key, out var others) ? await others.Lookup.WaitAsync(cancel) : await QueryAsync(key.Item1, type);
        var lookup = await QueryAsync(key.Item1, type);
        _cache[key] = entry with { Until = _time.GetUtcNow() + Keep(lookup) };
        asked.SetResult(lookup);
        return lookup;
    }

    private async Task<Lookup> QueryAsync(string name, QueryType type)
    {
        long begun = _time.GetTimestamp();
        string question = $"{type} {name}";
        if (!IsName(name)) return Failed(DnsStatus.Malformed, question, null, begun, "not a domain name: a label is empty or longer than 63, or the whole longer than 253");
        try
        {
            using var limit = new CancellationTokenSource(_timeout, _time);
            var response = await _client.QueryAsync(name, type, QueryClass.IN, limit.Token);
            return Answered(response, question, begun);
        }
        catch (OperationCanceledException)
        {
            return Failed(DnsStatus.TimedOut, question, null, begun, $"no answer within {_timeout.TotalSeconds:0.#} s (dns.timeout)");
        }
        catch (DnsResponseException e)
        {
            return Failed(e.Code == DnsResponseCode.ConnectionTimeout ? DnsStatus.TimedOut : StatusOf(e.Code), question, null, begun, e.DnsError);
        }
        catch (Exception e) when (e is SocketException or IOException or InvalidOperationException or ArgumentException or DnsXidMismatchException)
        {
            return Failed(DnsStatus.ServFail, question, null, begun, e.Message);
        }
    }

    private Lookup Answered(IDnsQueryResponse response, string question, long begun)
    {
        var status = StatusOf(response.Header.ResponseCode);
        var answers = response.Answers.Take(MaxAnswers).ToList();
        if (status == DnsStatus.Ok && answers.Count == 0) status = DnsStatus.NoData;
        var ttl = answers.Count > 0
            ? TimeSpan.FromSeconds(answers.Min(a => a.TimeToLive))
            : response.Authorities.OfType<SoaRecord>().FirstOrDefault() is { } soa ? TimeSpan.FromSeconds(Math.Min(soa.Minimum, (uint)soa.TimeToLive)) : TimeSpan.Zero;
        var seen = new DnsObservation(question, status, response.NameServer.ToString(), response.Header.IsAuthenticData, [.. answers.Select(a => a.ToString() ?? "")], ttl, _time.GetElapsedTime(begun));
        return new Lookup(status, answers, seen);
    }

    private Lookup Failed(DnsStatus status, string question, string? server, long begun, string note) =>
        new(status, [], new DnsObservation(question, status, server, false, [], TimeSpan.Zero, _time.GetElapsedTime(begun), note));

    private static DnsStatus StatusOf(DnsHeaderResponseCode code) => code switch
    {
        DnsHeaderResponseCode.NoError => DnsStatus.Ok,
        DnsHeaderResponseCode.NotExistentDomain => DnsStatus.NxDomain,
        DnsHeaderResponseCode.Refused => DnsStatus.Refused,
        DnsHeaderResponseCode.FormatError => DnsStatus.Malformed,
        _ => DnsStatus.ServFail,
    };

    private static DnsStatus StatusOf(DnsResponseCode code) => code switch
    {
        DnsResponseCode.NotExistentDomain => DnsStatus.NxDomain,
        DnsResponseCode.Refused => DnsStatus.Refused,
        DnsResponseCode.FormatError => DnsStatus.Malformed,
        _ => DnsStatus.ServFail,
    };

    private static TimeSpan Keep(Lookup lookup) => lookup.Status switch
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

    private static bool IsName(string name)
    {
        if (name.Length is 0 or > 253) return false;
        foreach (var label in name.AsSpan().Split('.'))
        {
            int length = label.End.Value - label.Start.Value;
            if (length is 0 or > 63) return false;
        }

        return true;
    }

    private static string Bare(string name) => name.TrimEnd('.').ToString(CultureInfo.InvariantCulture);
}
