using System.Net;
using System.Net.Sockets;
using Postern.Protocols.Dns;

namespace Postern.Diagnosis.Probes;

/// <summary>A resolver with less patience than the relay's: what takes longer than the limit has timed out, for this caller. Thread safe when the inner one is.</summary>
internal sealed class PatientResolver(IResolver inner, TimeSpan limit, TimeProvider time) : IResolver
{
    public ValueTask<DnsAnswer<MxRecord>> MxAsync(string domain, CancellationToken cancel) => AskAsync($"MX {domain}", c => inner.MxAsync(domain, c), cancel);

    public ValueTask<DnsAnswer<IPAddress>> AddressesAsync(string host, AddressFamily family, CancellationToken cancel) =>
        AskAsync($"{(family == AddressFamily.InterNetworkV6 ? "AAAA" : "A")} {host}", c => inner.AddressesAsync(host, family, c), cancel);

    public ValueTask<DnsAnswer<string>> TxtAsync(string name, CancellationToken cancel) => AskAsync($"TXT {name}", c => inner.TxtAsync(name, c), cancel);
    public ValueTask<DnsAnswer<string>> PtrAsync(IPAddress address, CancellationToken cancel) => AskAsync($"PTR {address}", c => inner.PtrAsync(address, c), cancel);
    public ValueTask<DnsAnswer<string>> NsAsync(string zone, CancellationToken cancel) => AskAsync($"NS {zone}", c => inner.NsAsync(zone, c), cancel);

    private async ValueTask<DnsAnswer<T>> AskAsync<T>(string question, Func<CancellationToken, ValueTask<DnsAnswer<T>>> ask, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        using var late = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancel);
        try
        {
            return await ask(either.Token).AsTask().WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new DnsAnswer<T>(DnsStatus.TimedOut, [], new DnsObservation(question, DnsStatus.TimedOut, null, false, [], TimeSpan.Zero, limit, $"no answer within {limit.TotalSeconds:0.#} s"));
        }
    }
}
