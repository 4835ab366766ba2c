using System.Globalization;
using Postern.Diagnosis.Checks;
using Postern.Diagnosis.Evidence;

namespace Postern.Cli;

/// <summary>How one stage of a check went, in a few words.</summary>
internal enum StageState : byte { Waiting, Running, Good, Notable, Bad, Skipped }

/// <summary>What a stage brought, as a line for the live display. Observations only: what they mean is the diagnosis's matter.</summary>
internal readonly record struct StageLine(StageState State, string Words)
{
    public static StageLine Of(CheckEvent news) => news.Progress switch
    {
        CheckProgress.Began => new(StageState.Running, "…"),
        CheckProgress.Skipped => new(StageState.Skipped, "not needed"),
        CheckProgress.TimedOut => new(StageState.Notable, "left out: not done in time"),
        _ => news.Stage switch
        {
            CheckStage.Names => Names(news.Facts),
            CheckStage.Resolver => Resolver(news.Facts),
            CheckStage.Connect => Connect(news.Facts),
            CheckStage.Controls => Controls(news.Facts),
            CheckStage.Greeting => Greeting(news.Facts),
            CheckStage.Path => Path(news.Facts),
            CheckStage.Blocklists => Blocklists(news.Facts),
            _ => Identity(news.Facts),
        },
    };

    private static StageLine Names(IReadOnlyList<Fact> facts)
    {
        var bad = facts.OfType<MxFact>().Where(f => f.Problem != MxProblem.None).ToList();
        if (bad.Count > 0) return new(facts.OfType<MxFact>().Any(f => f.UsableHosts > 0) ? StageState.Notable : StageState.Bad, More(bad[0].Observed, bad.Count));
        if (facts.OfType<MxFact>().FirstOrDefault() is { } good) return new(StageState.Good, good.Observed);
        var answers = facts.OfType<DnsFact>().Where(f => f.Seen.Answers.Count > 0).ToList();
        if (answers.Count > 0) return new(StageState.Good, string.Join("; ", answers.Take(2).Select(a => a.Observed)));
        return facts.Count > 0 ? new(StageState.Bad, facts[^1].Observed) : new(StageState.Good, "an address, nothing to look up");
    }

    private static StageLine Resolver(IReadOnlyList<Fact> facts)
    {
        var failed = facts.OfType<DnsFact>().Where(f => f.Seen.Status is not (Protocols.Dns.DnsStatus.Ok or Protocols.Dns.DnsStatus.NoData or Protocols.Dns.DnsStatus.NxDomain)).ToList();
        if (facts.Count == 0) return new(StageState.Skipped, "no control names are configured");
        return failed.Count == 0 ? new(StageState.Good, "our resolver answers") : new(failed.Count == facts.Count ? StageState.Bad : StageState.Notable, More(failed[0].Observed, failed.Count));
    }

    private static StageLine Connect(IReadOnlyList<Fact> facts)
    {
        var own = facts.OfType<TcpFact>().Where(f => f.Point.Role is PointRole.Target or PointRole.Sibling or PointRole.OtherFamily or PointRole.OtherEgress).ToList();
        if (own.Count == 0) return new(StageState.Bad, "no address to connect to");
        int connected = own.Count(f => f.Outcome == TcpOutcome.Connected);
        string rest = own.Count == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $" ({connected} of {own.Count} ways in connect)");
        var shown = own.Find(f => f.Outcome != TcpOutcome.Connected) ?? own[0];
        return new(connected == own.Count ? StageState.Good : connected > 0 ? StageState.Notable : StageState.Bad, shown.Observed + rest);
    }

    private static StageLine Controls(IReadOnlyList<Fact> facts)
    {
        var controls = facts.OfType<TcpFact>().ToList();
        if (controls.Count == 0) return new(StageState.Skipped, facts.Count > 0 ? "the references could not be looked up" : "no reference on this port");
        int connected = controls.Count(f => f.Outcome == TcpOutcome.Connected);
        return new(connected == controls.Count ? StageState.Good : connected > 0 ? StageState.Notable : StageState.Bad, string.Create(CultureInfo.InvariantCulture, $"{connected} of {controls.Count} known-good servers answer on port {controls[0].Point.Port}"));
    }

    private static StageLine Greeting(IReadOnlyList<Fact> facts)
    {
        if (facts.FirstOrDefault(f => f is ReplyFact or StageFact or GreetingFact { Outcome: not GreetingOutcome.Accepted } or TlsFact { Failure: not null }) is { } wrong) return new(StageState.Bad, wrong.Observed);
        if (facts.FirstOrDefault(f => f is GreetingFact { IsMasked: true } or TlsFact { Seen.Problem: not null }) is { } odd) return new(StageState.Notable, odd.Observed);
        string words = string.Join("; ", facts.Where(f => f is GreetingFact or TlsFact).Take(2).Select(f => f.Observed));
        return words.Length > 0 ? new(StageState.Good, words) : new(StageState.Bad, facts.Count > 0 ? facts[0].Observed : "nothing was said");
    }

    private static StageLine Path(IReadOnlyList<Fact> facts) =>
        facts.OfType<PathFact>().FirstOrDefault() is { } path ? new(path.Reached ? StageState.Good : StageState.Bad, path.Observed) : new(StageState.Skipped, facts.Count > 0 ? facts[0].Observed : "nothing to see");

    private static StageLine Blocklists(IReadOnlyList<Fact> facts)
    {
        var lists = facts.OfType<BlocklistFact>().ToList();
        if (lists.Count == 0) return new(StageState.Skipped, "no list is asked");
        int answered = lists.Count(f => f.Result is BlocklistResult.Listed or BlocklistResult.NotListed);
        string mute = BlocklistSummary.Mute(lists), rest = mute.Length > 0 ? $"; {mute}" : "";
        var listed = lists.Where(f => f.Result == BlocklistResult.Listed).OrderByDescending(f => f.Weight).ToList();
        if (listed.Count > 0) return new(listed[0].Weight >= BlocklistWeight.Medium ? StageState.Bad : StageState.Notable, More(listed[0].Observed, listed.Count) + rest);
        return answered == 0 ? new(StageState.Notable, $"no list gave a usable answer{(mute.Length > 0 ? $": {mute}" : "")}") : new(StageState.Good, string.Create(CultureInfo.InvariantCulture, $"not listed at {answered} {(answered == 1 ? "list" : "lists")}{rest}"));
    }

    private static StageLine Identity(IReadOnlyList<Fact> facts)
    {
        var seen = facts.OfType<IdentityFact>().ToList();
        var failed = seen.FindAll(f => f.Passed == false);
        if (failed.Count > 0) return new(StageState.Notable, More(failed[0].Observed, failed.Count));
        if (seen.TrueForAll(f => f.Passed is null)) return new(seen.Count > 0 ? StageState.Notable : StageState.Skipped, seen.Count > 0 ? seen[0].Observed : "nothing to see");
        return new(StageState.Good, "reverse name, HELO and what else receivers check of us are right");
    }

    private static string More(string first, int count) => count > 1 ? string.Create(CultureInfo.InvariantCulture, $"{first} (and {count - 1} more)") : first;
}
