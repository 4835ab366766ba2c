using System.Net;

namespace Postern.Protocols.Dns;

/// <summary>What lies behind a SERVFAIL.</summary>
internal readonly record struct FailureReading(DnsStatus Status, string? Note);

/// <summary>
/// Asks a resolver that said SERVFAIL twice more at once: as before, for its extended error (RFC 8914), and with checking disabled. An answer that is there only
/// without the check is bogus: the domain's DNSSEC is broken, not its servers and not our resolver.
/// </summary>
internal static class FailureInquiry
{
    private const int NoError = 0;
    private const int ServFail = 2;
    private const int NxDomain = 3;

    public static async Task<FailureReading> AskAsync(IPEndPoint server, string name, ushort type, TimeSpan limit, TimeProvider time, CancellationToken cancel)
    {
        var again = DnsExchange.AskAsync(server, name, type, checkingDisabled: false, limit, time, cancel);
        var notChecked = DnsExchange.AskAsync(server, name, type, checkingDisabled: true, limit, time, cancel);
        return Read(await again.ConfigureAwait(false), await notChecked.ConfigureAwait(false));
    }

    internal static FailureReading Read(DnsReply? again, DnsReply? withoutCheck)
    {
        var errors = again?.Errors ?? [];
        string? words = errors.Count > 0 ? string.Join("; ", errors) : null;
        if (again is null) return new FailureReading(DnsStatus.ServFail, null);
        // It has recovered in between: then the other answer tells nothing.
        if (again.Code != ServFail) return new FailureReading(DnsStatus.ServFail, "it answered when asked again");
        bool isThere = withoutCheck is { Code: NoError or NxDomain };
        if (!isThere && !errors.Any(e => e.IsBogus)) return new FailureReading(DnsStatus.ServFail, words);
        string proof = isThere ? "it answers when DNSSEC checking is off" : "the resolver says that DNSSEC validation failed";
        return new FailureReading(DnsStatus.Bogus, words is null ? proof : $"{proof}; {words}");
    }
}
