using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Postern.Protocols.Dns;

namespace Postern.Tests.Delivery;

/// <summary>A resolver that knows what it was told, and counts what it was asked.</summary>
internal sealed class ZoneResolver : IResolver
{
    private readonly ConcurrentDictionary<string, MxRecord[]> _mx = new();
    private readonly ConcurrentDictionary<string, IPAddress[]> _addresses = new();
    private readonly ConcurrentDictionary<string, DnsStatus> _trouble = new();
    private int _queries;

    public int Queries => _queries;

    public ZoneResolver Mx(string domain, params (ushort Preference, string Host)[] records)
    {
        _mx[domain] = [.. records.Select(r => new MxRecord(r.Preference, r.Host))];
        return this;
    }

    public ZoneResolver Address(string host, params string[] addresses)
    {
        _addresses[host] = [.. addresses.Select(IPAddress.Parse)];
        return this;
    }

    public ZoneResolver Trouble(string name, DnsStatus status)
    {
        _trouble[name] = status;
        return this;
    }

    public ZoneResolver NoTrouble(string name)
    {
        _trouble.TryRemove(name, out _);
        return this;
    }

    public ValueTask<DnsAnswer<MxRecord>> MxAsync(string domain, CancellationToken cancel) => Answer("MX", domain, _mx.GetValueOrDefault(domain));

    public ValueTask<DnsAnswer<IPAddress>> AddressesAsync(string host, AddressFamily family, CancellationToken cancel) =>
        Answer(family == AddressFamily.InterNetwork ? "A" : "AAAA", host, _addresses.GetValueOrDefault(host)?.Where(a => a.AddressFamily == family).ToArray());

    public ValueTask<DnsAnswer<string>> TxtAsync(string name, CancellationToken cancel) => Answer<string>("TXT", name, null);

    public ValueTask<DnsAnswer<string>> PtrAsync(IPAddress address, CancellationToken cancel) => Answer<string>("PTR", address.ToString(), null);

    public ValueTask<DnsAnswer<string>> NsAsync(string zone, CancellationToken cancel) => Answer<string>("NS", zone, null);

    private ValueTask<DnsAnswer<T>> Answer<T>(string type, string name, T[]? records)
    {
        Interlocked.Increment(ref _queries);
        var status = _trouble.TryGetValue(name, out var trouble) ? trouble : records is { Length: > 0 } ? DnsStatus.Ok
            : _mx.ContainsKey(name) || _addresses.ContainsKey(name) ? DnsStatus.NoData : DnsStatus.NxDomain;
        records = status == DnsStatus.Ok ? records : [];
        return ValueTask.FromResult(new DnsAnswer<T>(status, records ?? [], new DnsObservation($"{type} {name}", status, "192.0.2.53", false, [.. (records ?? []).Select(r => r!.ToString()!)], TimeSpan.FromMinutes(5), TimeSpan.Zero)));
    }
}
