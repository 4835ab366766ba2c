using System.Globalization;
using System.Net;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Dns;

namespace Postern.Diagnosis.Probes.Blocklists;

/// <summary>What one answer of a list says. Only an answer inside of 127.0.0.0/8 that is no refusal is a listing, and only NXDOMAIN or no record is none.</summary>
/// <param name="Codes">The answers that are listings.</param>
/// <param name="Meaning">What they, or the refusal, mean; null when there is nothing to say.</param>
internal sealed record BlocklistReading(BlocklistResult Result, IReadOnlyList<string> Codes, string? Meaning)
{
    /// <summary>The answer that refuses; null when there is none.</summary>
    public string? Refusal { get; private init; }

    public static BlocklistReading Of(BlocklistRow row, DnsAnswer<IPAddress> answer) => answer.Status switch
    {
        DnsStatus.NxDomain or DnsStatus.NoData => new(BlocklistResult.NotListed, [], null),
        DnsStatus.Ok => OfAddresses(row, answer.Records),
        DnsStatus.Refused => new(BlocklistResult.Refused, [], "our resolver or the list's servers refuse the question (REFUSED)"),
        _ => new(BlocklistResult.NoAnswer, [], DnsWords.Of(answer.Status)),
    };

    /// <summary>Our resolver remembers a listing that the list's own servers no longer have.</summary>
    /// <param name="remembered">Time to live of the remembered answer.</param>
    public static BlocklistReading LetGo(TimeSpan remembered) =>
        new(BlocklistResult.NotListed, [], string.Create(CultureInfo.InvariantCulture, $"its own servers say so; resolvers may remember the listing for up to {Math.Ceiling(remembered.TotalMinutes):0} minutes"));

    private static BlocklistReading OfAddresses(BlocklistRow row, IReadOnlyList<IPAddress> addresses)
    {
        string[] answers = [.. addresses.Select(a => a.ToString()).Distinct().Order(StringComparer.Ordinal)];
        // One answer from outside makes the whole of it worthless: a parked domain, a filter, a portal.
        if (answers.FirstOrDefault(a => !a.StartsWith("127.", StringComparison.Ordinal)) is { } foreign)
            return new(BlocklistResult.Unhealthy, [], $"it answers {foreign}, which is outside of 127.0.0.0/8 and not a blocklist's answer: a domain that is parked, or a resolver that rewrites answers");
        string[] listed = [.. answers.Where(a => !row.Ignored.ContainsKey(a) && !IsRefusal(row, a))];
        if (listed.Length > 0) return new(BlocklistResult.Listed, listed, MeaningOf(row, listed));
        if (answers.FirstOrDefault(a => !row.Ignored.ContainsKey(a)) is { } refusal)
            return new(BlocklistResult.Refused, [], $"it answers {refusal}: {row.Refused.GetValueOrDefault(refusal) ?? "the question is refused (a public resolver, or too many questions)"}") { Refusal = refusal };
        return new(BlocklistResult.NotListed, [], string.Join("; ", answers.Select(a => row.Ignored[a])));
    }

    private static bool IsRefusal(BlocklistRow row, string answer) =>
        row.Refused.ContainsKey(answer) || (!row.Codes.ContainsKey(answer) && (answer == "127.0.0.1" || answer.StartsWith("127.255.255.", StringComparison.Ordinal)));

    private static string? MeaningOf(BlocklistRow row, string[] listed)
    {
        string words = string.Join("; ", listed.Select(a => row.Codes.GetValueOrDefault(a)).OfType<string>().Distinct());
        if (words.Length == 0) return null;
        return row.IsUnsure ? $"by others' account: {words}" : words;
    }
}
