using System.Net;

namespace Postern.Protocols.Dns;

/// <summary>What a look-up came to.</summary>
public enum DnsStatus : byte { Ok, NoData, NxDomain, ServFail, Refused, TimedOut, Bogus, Malformed }

/// <summary>One DNS look-up, with what evidence needs: who answered, how long it took, the rcode, AD. Serialisable.</summary>
/// <param name="Question">"MX example.org".</param>
/// <param name="Server">The resolver's address as text, null when none answered.</param>
/// <param name="Authenticated">The AD bit.</param>
/// <param name="Answers">Records as text, at most 32.</param>
/// <param name="Ttl">Smallest TTL of the answers, or the negative TTL; zero when unknown.</param>
public sealed record DnsObservation(string Question, DnsStatus Status, string? Server, bool Authenticated, IReadOnlyList<string> Answers, TimeSpan Ttl, TimeSpan Elapsed, string? Note = null);

/// <summary>A typed answer together with its observation.</summary>
public sealed record DnsAnswer<T>(DnsStatus Status, IReadOnlyList<T> Records, DnsObservation Observation)
{
    /// <summary>Where CNAMEs led, in their order, without trailing dots; empty when the name asked for owns the records itself.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>The resolver did its work: the records, or that there are none. Otherwise nothing is known.</summary>
    public bool IsAnswered => Status is DnsStatus.Ok or DnsStatus.NoData or DnsStatus.NxDomain;
}

/// <summary>One MX record. The exchange has no trailing dot; "." (RFC 7505) is the empty string.</summary>
public readonly record struct MxRecord(ushort Preference, string Exchange);

/// <summary>
/// Look-ups the relay needs. Answers are cached by TTL by the implementation. Never throws for DNS trouble: it is a status. Cancelling ends the waiting; others who
/// ask the same go on.
/// </summary>
public interface IResolver
{
    ValueTask<DnsAnswer<MxRecord>> MxAsync(string domain, CancellationToken cancel);

    /// <summary>A (family InterNetwork) or AAAA (InterNetworkV6) records.</summary>
    ValueTask<DnsAnswer<IPAddress>> AddressesAsync(string host, System.Net.Sockets.AddressFamily family, CancellationToken cancel);

    ValueTask<DnsAnswer<string>> TxtAsync(string name, CancellationToken cancel);

    ValueTask<DnsAnswer<string>> PtrAsync(IPAddress address, CancellationToken cancel);

    /// <summary>Name servers of a zone; "." is the root's.</summary>
    ValueTask<DnsAnswer<string>> NsAsync(string zone, CancellationToken cancel);
}
