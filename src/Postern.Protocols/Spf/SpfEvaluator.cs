using System.Net;
using Postern.Protocols.Dns;

namespace Postern.Protocols.Spf;

/// <summary>
/// check_host() of RFC 7208: what a domain's policy says of an address that sends in its name. Rests on a resolver and nothing else; DNS trouble and bad
/// records are results. At most 10 look-up terms, 2 of them void (section 4.6.4). Thread safe.
/// </summary>
public sealed class SpfEvaluator(IResolver resolver, TimeProvider time)
{
    /// <summary>An explanation is a stranger's text; a reply line's worth of it is enough.</summary>
    private const int MaxExplanation = 500;

    public async ValueTask<SpfOutcome> CheckHostAsync(SpfQuestion question, CancellationToken cancel)
    {
        // Section 5: an IPv4-mapped address is the IPv4 address.
        if (question.Address.IsIPv4MappedToIPv6) question = question with { Address = question.Address.MapToIPv4() };
        string domain = question.Domain.TrimEnd('.');
        if (!SpfNames.IsDomain(domain)) return new SpfOutcome(SpfResult.None, null, null, null, 0);
        var run = new SpfRun(question, resolver, time);
        var verdict = await CheckAsync(run, domain, cancel).ConfigureAwait(false);
        string? explanation = verdict is { Result: SpfResult.Fail, Explanation: { } spec } ? await ExplainAsync(run, verdict.Domain, spec, cancel).ConfigureAwait(false) : null;
        return new SpfOutcome(verdict.Result, verdict.Matched, run.Problem, run.TopRecord, run.Lookups, explanation);
    }

    private readonly record struct Verdict(SpfResult Result, string Domain, string? Matched = null, string? Explanation = null);

    private static async ValueTask<Verdict> CheckAsync(SpfRun run, string domain, CancellationToken cancel)
    {
        var (found, text) = await FindAsync(run, domain, cancel).ConfigureAwait(false);
        if (text is null) return new Verdict(found, domain);
        run.TopRecord ??= text;
        if (SpfRecord.Parse(text, out string? problem) is not { } record) return new Verdict(run.Wrong($"{problem} in the record of {domain}"), domain);
        foreach (var mechanism in record.Mechanisms)
        {
            if (mechanism.CostsLookup && !run.MayLookUp()) return new Verdict(SpfResult.PermError, domain, mechanism.Text);
            var matched = mechanism.Kind == SpfKind.Include
                ? await IncludeAsync(run, domain, mechanism, cancel).ConfigureAwait(false)
                : await SpfMatching.MatchAsync(run, domain, mechanism, cancel).ConfigureAwait(false);
            if (matched == SpfMatch.Yes) return new Verdict(mechanism.OnMatch, domain, mechanism.Text, record.Explanation);
            if (matched != SpfMatch.No) return new Verdict(matched == SpfMatch.TempError ? SpfResult.TempError : SpfResult.PermError, domain, mechanism.Text);
        }
        return record.Redirect is { } redirect ? await RedirectAsync(run, domain, redirect, cancel).ConfigureAwait(false) : new Verdict(SpfResult.Neutral, domain);
    }

    /// <summary>The one "v=spf1" record of a domain, or the result that its absence means (section 4.4 and 4.5).</summary>
    private static async ValueTask<(SpfResult Result, string? Text)> FindAsync(SpfRun run, string domain, CancellationToken cancel)
    {
        var answer = await run.Resolver.TxtAsync(domain, cancel).ConfigureAwait(false);
        if (!answer.IsAnswered)
        {
            run.Problem ??= $"looking up TXT {domain} failed: {answer.Status}";
            return (SpfResult.TempError, null);
        }
        string[] policies = [.. answer.Records.Where(SpfRecord.IsPolicy)];
        return policies.Length switch
        {
            0 => (SpfResult.None, null),
            1 => (SpfResult.None, policies[0]),
            _ => (run.Wrong($"{domain} has {policies.Length} SPF records where one is allowed"), null),
        };
    }

    /// <summary>Section 5.2's table: only a pass is a match; a policy that is not there is an error of the one who includes it.</summary>
    private static async ValueTask<SpfMatch> IncludeAsync(SpfRun run, string domain, SpfMechanism include, CancellationToken cancel)
    {
        string target = await run.ExpandAsync(include.DomainSpec!, domain, cancel).ConfigureAwait(false);
        var inner = SpfNames.IsDomain(target) ? await CheckAsync(run, target, cancel).ConfigureAwait(false) : new Verdict(SpfResult.None, target);
        switch (inner.Result)
        {
            case SpfResult.Pass: return SpfMatch.Yes;
            case SpfResult.Fail or SpfResult.SoftFail or SpfResult.Neutral: return SpfMatch.No;
            case SpfResult.TempError: return SpfMatch.TempError;
            case SpfResult.None: run.Wrong($"{include.Text} leads to {target}, which has no SPF record"); return SpfMatch.PermError;
            default: return SpfMatch.PermError;
        }
    }

    private static async ValueTask<Verdict> RedirectAsync(SpfRun run, string domain, string redirect, CancellationToken cancel)
    {
        if (!run.MayLookUp()) return new Verdict(SpfResult.PermError, domain, $"redirect={redirect}");
        string target = await run.ExpandAsync(redirect, domain, cancel).ConfigureAwait(false);
        var verdict = SpfNames.IsDomain(target) ? await CheckAsync(run, target, cancel).ConfigureAwait(false) : new Verdict(SpfResult.None, target);
        return verdict.Result == SpfResult.None ? verdict with { Result = run.Wrong($"redirect leads to {target}, which has no SPF record") } : verdict;
    }

    /// <summary>Section 6.2: whatever goes wrong here only means that there is no explanation.</summary>
    private static async ValueTask<string?> ExplainAsync(SpfRun run, string domain, string spec, CancellationToken cancel)
    {
        string name = await run.ExpandAsync(spec, domain, cancel).ConfigureAwait(false);
        if (!SpfNames.IsDomain(name)) return null;
        var answer = await run.Resolver.TxtAsync(name, cancel).ConfigureAwait(false);
        if (answer.Records is not [var text] || SpfMacro.Parse(text, explanation: true) is not { } parts) return null;
        string words = await run.ExpandAsync(parts, domain, cancel).ConfigureAwait(false);
        return words.Length > MaxExplanation ? words[..MaxExplanation] : words;
    }
}
