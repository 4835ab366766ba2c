using Postern.Diagnosis.Evidence;
using Postern.Protocols.Dns;
using Postern.Protocols.Smtp;

namespace Postern.Diagnosis.Probes;

/// <summary>Look-ups as facts and as sentences.</summary>
internal static class DnsWords
{
    private const int MostShown = 6;

    public static DnsFact Fact(DnsRole role, DnsObservation seen) => new()
    {
        // That nobody answered is something we say; an answer is the resolver's.
        SaidBy = seen.Server is null ? Speaker.Us : Speaker.Dns, Role = role, Seen = seen, Observed = Sentence(seen), Milliseconds = seen.Elapsed.TotalMilliseconds,
    };

    public static string Sentence(DnsObservation seen)
    {
        string from = seen.Server is null ? "" : $", says {seen.Server}";
        string what = seen.Status == DnsStatus.Ok && seen.Answers.Count > 0
            ? string.Join(", ", seen.Answers.Take(MostShown).Select(a => Data(a))) + (seen.Answers.Count > MostShown ? $" and {seen.Answers.Count - MostShown} more" : "")
            : Of(seen.Status);
        return $"{seen.Question}: {what}{from}{(seen.Note is null ? "" : $" ({seen.Note})")}";
    }

    public static string Of(DnsStatus status) => status switch
    {
        DnsStatus.Ok => "answered",
        DnsStatus.NoData => "no such record",
        DnsStatus.NxDomain => "the name does not exist (NXDOMAIN)",
        DnsStatus.ServFail => "the resolver could not find out (SERVFAIL)",
        DnsStatus.Refused => "the resolver refuses to answer (REFUSED)",
        DnsStatus.TimedOut => "no answer in time",
        DnsStatus.Bogus => "the answer's DNSSEC signatures do not hold (bogus)",
        _ => "not a name that can be asked for",
    };

    /// <summary>"host. 300 IN MX 10 mx." without owner, TTL and class.</summary>
    private static string Data(string record)
    {
        int at = record.IndexOf(" IN ", StringComparison.Ordinal);
        return at < 0 ? record : record[(at + 4)..];
    }
}
