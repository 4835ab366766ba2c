using Postern.Diagnosis.Evidence;
using Postern.Protocols.Dns;
using Postern.Protocols.Smtp;
using static Postern.Diagnosis.Causes.SignalId;

namespace Postern.Diagnosis.Causes;

/// <summary>The domain's mail records, and whether the resolver that we asked is well itself.</summary>
internal static class NameSignals
{
    public static void Read(Scene scene, List<Signal> signals)
    {
        // Of a bare reply nobody says where it came from.
        if (scene.Evidence.Domain is null && scene.Mx.Count == 0 && scene.Deciding is not null) signals.Add(new Signal(NamedTarget, $"{scene.Host} is a host that was named, so no domain's mail records are concerned", Speaker.Us, []));
        Resolver(scene, signals);
        Authority(scene, signals);
        foreach (var fact in scene.Mx)
        {
            if (fact.Problem == MxProblem.None) continue;
            string id = IsWhole(fact) ? MxOf(fact.Problem) : IsDangling(fact.Problem) ? MxDangling : MxWarning;
            signals.Add(Signal.Of(id, fact));
        }
        if (scene.Mx.Count == 0) Failures(scene, signals);
    }

    /// <summary>No host is left to send to, or the fault is one of the whole set.</summary>
    private static bool IsWhole(MxFact fact) =>
        fact.Problem is MxProblem.NoSuchDomain or MxProblem.NoMxNoAddress or MxProblem.NullMx || (fact.UsableHosts == 0 && fact.Problem != MxProblem.NullMxBesideOthers) || (fact.Problem is MxProblem.LookupFailed or MxProblem.Bogus && fact.Host is null);

    /// <summary>Senders that pick this host get nowhere. A CNAME works with most, though RFC 2181 section 10.3 forbids it.</summary>
    private static bool IsDangling(MxProblem problem) =>
        problem is MxProblem.HostDoesNotExist or MxProblem.HostHasNoAddress or MxProblem.NamesAddressLiteral or MxProblem.PrivateAddress or MxProblem.LoopbackAddress or MxProblem.PointsAtUs or MxProblem.NullMxBesideOthers;

    private static void Resolver(Scene scene, List<Signal> signals)
    {
        var controls = scene.Dns.FindAll(d => d.Role == DnsRole.Control);
        if (controls.Count == 0) return;
        // A negative answer is an answer: the resolver works.
        var failing = controls.FindAll(d => IsTrouble(d.Seen.Status));
        // A resolver knows the root's servers by heart: that it names them proves nothing when it can look up nothing else.
        var named = controls.FindAll(d => !d.Seen.Question.EndsWith(" .", StringComparison.Ordinal));
        if (failing.Count == controls.Count || (named.Count > 0 && named.TrueForAll(d => IsTrouble(d.Seen.Status))))
            signals.Add(new Signal(DnsControlFails, $"our resolver{Server(failing)} does not answer for names that exist either: {failing[0].Seen.Question}: {Word(failing[0].Seen.Status)}", Speaker.Dns, [.. failing], failing[0].Milliseconds));
        else if (controls.Find(IsRewritten) is { } rewritten)
            signals.Add(Signal.Of(DnsRewrites, rewritten, $"our resolver{Server(controls)} answers {rewritten.Seen.Question} although no such name can exist: it rewrites answers"));
        else if (failing.Count * 2 < controls.Count)
            signals.Add(new Signal(DnsControlOk, $"our resolver{Server(controls)} answers for other names", Speaker.Dns, [.. controls.Except(failing).Take(3)]));
    }

    /// <summary>The name servers themselves, where our resolver failed or denied the name: do they know better?</summary>
    private static void Authority(Scene scene, List<Signal> signals)
    {
        var asked = scene.Dns.FindAll(d => d.Role == DnsRole.Authority);
        if (asked.Count == 0) return;
        if (asked.Find(d => d.Seen.Status is DnsStatus.Ok or DnsStatus.NoData) is { } knows) signals.Add(Signal.Of(DnsAuthorityAnswers, knows));
        else if (asked.Find(d => d.Seen.Status == DnsStatus.NxDomain) is { } denies) signals.Add(Signal.Of(DnsAuthorityAgrees, denies));
        else signals.Add(new Signal(DnsAuthorityFails, asked[0].Observed, asked[0].SaidBy, [.. asked], asked[0].Milliseconds));
    }

    /// <summary>Without a reading of the records, the look-ups speak for themselves.</summary>
    private static void Failures(Scene scene, List<Signal> signals)
    {
        var failed = scene.Dns.Find(d => d.Role is DnsRole.Mx or DnsRole.Address && IsTrouble(d.Seen.Status));
        if (failed is null || scene.Dns.Exists(d => d.Role == DnsRole.Address && d.Seen.Status == DnsStatus.Ok)) return;
        signals.Add(Signal.Of(failed.Seen.Status == DnsStatus.TimedOut ? DnsTimeout : DnsFailure, failed));
    }

    internal static bool IsTrouble(DnsStatus status) => status is DnsStatus.ServFail or DnsStatus.Refused or DnsStatus.TimedOut or DnsStatus.Malformed;

    /// <summary>RFC 2606 section 2: nothing ends in .invalid.</summary>
    private static bool IsRewritten(DnsFact fact) => fact.Seen is { Status: DnsStatus.Ok, Answers.Count: > 0 } && fact.Seen.Question.TrimEnd('.').EndsWith(".invalid", StringComparison.OrdinalIgnoreCase);

    private static string Server(List<DnsFact> facts) => facts.Find(f => f.Seen.Server is not null)?.Seen.Server is { } server ? $" ({server})" : "";

    private static string Word(DnsStatus status) => status switch { DnsStatus.TimedOut => "no answer", DnsStatus.ServFail => "SERVFAIL", DnsStatus.Refused => "REFUSED", _ => "no sense" };
}
