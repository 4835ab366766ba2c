using System.Net;
using System.Net.Sockets;
using DnsClient;
using DnsClient.Protocol;

namespace Postern.Protocols.Dns;

/// <summary>An answer as it came, and what evidence keeps of it.</summary>
internal sealed record DnsLookup(DnsStatus Status, IReadOnlyList<DnsResourceRecord> Records, DnsObservation Observation);

/// <summary>
/// Asks one question, without a cache. A SERVFAIL is looked into (<see cref="FailureInquiry"/>) in what is left of its time. Never throws for DNS trouble. Thread safe.
/// </summary>
internal sealed class DnsQuerier
{
    private const int MaxAnswers = 32;

    /// <summary>A resolver that has just failed fails again from its memory, at once; and what is left to learn is not worth a longer wait.</summary>
    private static readonly TimeSpan InquiryLimit = TimeSpan.FromSeconds(3);

    private readonly LookupClient _client;
    private readonly TimeSpan _timeout;
    private readonly TimeProvider _time;

    public DnsQuerier(IReadOnlyList<IPEndPoint> servers, TimeSpan timeout, TimeProvider time)
    {
        var options = servers.Count == 0 ? new LookupClientOptions() : new LookupClientOptions([.. servers.Select(s => new NameServer(s))]);
        options.UseCache = false;
        options.ThrowDnsErrors = false;
        options.ContinueOnDnsError = true;
        // The AD bit comes only to those who ask for DNSSEC (RFC 6840 section 5.7); the signatures themselves are dropped below.
        options.RequestDnsSecRecords = true;
        options.ExtendedDnsBufferSize = DnsWire.UdpBytes;
        options.Retries = 1;
        // Two tries must fit into the whole time.
        options.Timeout = timeout / 2;
        options.UseTcpFallback = true;
        _client = new LookupClient(options);
        _timeout = timeout;
        _time = time;
    }

    public async Task<DnsLookup> QueryAsync(string name, QueryType type)
    {
        long begun = _time.GetTimestamp();
        string question = $"{type} {name}";
        if (!IsName(name)) return Failed(DnsStatus.Malformed, question, null, begun, "not a domain name: a label is empty or longer than 63, or the whole longer than 253");
        try
        {
            using var limit = new CancellationTokenSource(_timeout, _time);
            var response = await _client.QueryAsync(name, type, QueryClass.IN, limit.Token);
            var lookup = Answered(response, question, begun);
            return lookup.Status == DnsStatus.ServFail ? await InquireAsync(lookup, response.NameServer, name, type, begun, limit.Token) : lookup;
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

    private async Task<DnsLookup> InquireAsync(DnsLookup failed, NameServer server, string name, QueryType type, long begun, CancellationToken cancel)
    {
        var left = _timeout - _time.GetElapsedTime(begun);
        if (left > InquiryLimit) left = InquiryLimit;
        if (left <= TimeSpan.Zero || name == "." || !IPAddress.TryParse(server.Address, out var address)) return failed;
        var reading = await FailureInquiry.AskAsync(new IPEndPoint(address, server.Port), name, (ushort)type, left, _time, cancel);
        return failed with { Status = reading.Status, Observation = failed.Observation with { Status = reading.Status, Elapsed = _time.GetElapsedTime(begun), Note = reading.Note } };
    }

    private DnsLookup Answered(IDnsQueryResponse response, string question, long begun)
    {
        var status = StatusOf(response.Header.ResponseCode);
        var answers = response.Answers.Where(a => a.RecordType != ResourceRecordType.RRSIG).Take(MaxAnswers).ToList();
        if (status == DnsStatus.Ok && answers.Count == 0) status = DnsStatus.NoData;
        var ttl = answers.Count > 0
            ? TimeSpan.FromSeconds(answers.Min(a => a.TimeToLive))
            : response.Authorities.OfType<SoaRecord>().FirstOrDefault() is { } soa ? TimeSpan.FromSeconds(Math.Min(soa.Minimum, (uint)soa.TimeToLive)) : TimeSpan.Zero;
        var seen = new DnsObservation(question, status, response.NameServer.ToString(), response.Header.IsAuthenticData, [.. answers.Select(a => a.ToString() ?? "")], ttl, _time.GetElapsedTime(begun));
        return new DnsLookup(status, answers, seen);
    }

    private DnsLookup Failed(DnsStatus status, string question, string? server, long begun, string note) =>
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

    private static bool IsName(string name)
    {
        if (name == ".") return true;
        if (name.Length is 0 or > 253) return false;
        foreach (var label in name.AsSpan().Split('.'))
        {
            int length = label.End.Value - label.Start.Value;
            if (length is 0 or > 63) return false;
        }

        return true;
    }
}
