using Postern.Core.Decisions;
using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Evidence;

namespace Postern.Core.Delivery;

/// <summary>Writes what was done about an attempt's failures in plain words: into the message's record, and into the incident.</summary>
internal static class AttemptActions
{
    /// <summary>A further host is tried: so the last one's failure led there.</summary>
    public static void WentOn(Attempt attempt, AttemptExplainer explainer)
    {
        if (attempt.Evidence is not { } evidence || attempt.LastDecision is not { GoesOn: true } decision) return;
        var about = Case(evidence, attempt.Open, null);
        Tell(attempt, evidence, [new ActionTaken(End(evidence), ActionWords.OfMessage(decision, about, null))]);
        explainer.Did(evidence.Upstream, CauseOf(evidence, decision), ActionWords.OfIncident(decision, about), attempt.Lease.Id);
    }

    /// <summary>The attempt is over.</summary>
    /// <param name="attempt">Closed.</param>
    /// <param name="next">When what waits is tried again; null when nobody knows.</param>
    public static void Settled(Attempt attempt, DateTimeOffset? next, AttemptExplainer explainer)
    {
        if (attempt.Evidence is not { } evidence) return;
        var groups = new List<(RecipientOutcome First, int Count)>(1);
        foreach (ref readonly var outcome in attempt.Outcomes)
        {
            if (outcome.Decision is not { } decision) continue;
            int at = IndexOf(groups, decision);
            if (at >= 0) groups[at] = (groups[at].First, groups[at].Count + 1);
            else if (groups.Count < AttemptEvidence.MaxActions) groups.Add((outcome, 1));
        }
        if (groups.Count == 0) return;
        var actions = new ActionTaken[groups.Count];
        for (int i = 0; i < actions.Length; i++)
        {
            var (outcome, count) = groups[i];
            var about = Case(evidence, count, outcome.Peer);
            actions[i] = new ActionTaken(End(evidence), ActionWords.OfMessage(outcome.Decision!, about, next));
            var cause = ReferenceEquals(outcome.Failure, evidence.Failure) ? CauseOf(evidence, outcome.Decision!) : outcome.Decision!.Cause;
            explainer.Did(evidence.Upstream, cause, ActionWords.OfIncident(outcome.Decision!, about), attempt.Lease.Id);
        }
        Tell(attempt, evidence, actions);
    }

    private static int IndexOf(List<(RecipientOutcome First, int Count)> groups, Decision decision)
    {
        for (int i = 0; i < groups.Count; i++)
        {
            var other = groups[i].First.Decision!;
            if (other.Message == decision.Message && other.IsByAge == decision.IsByAge && other.Words == decision.Words) return i;
        }
        return -1;
    }

    /// <summary>Where there is a diagnosis, what was done stands in it too: it is shown and passed on by itself.</summary>
    private static void Tell(Attempt attempt, AttemptEvidence evidence, ActionTaken[] actions) =>
        attempt.Tell(evidence with { Actions = actions, Diagnosis = evidence.Diagnosis is { } diagnosis ? diagnosis with { Actions = actions } : null });

    /// <summary>The incident's: it is filed under the likeliest cause, even where that was not certain enough to decide by.</summary>
    private static CauseId CauseOf(AttemptEvidence evidence, Decision decision) => evidence.Diagnosis?.Verdict.Id ?? decision.Cause;

    private static DateTimeOffset End(AttemptEvidence evidence) => evidence.At.AddMilliseconds(evidence.TotalMilliseconds);

    private static ActionCase Case(AttemptEvidence evidence, int recipients, PeerName? peer) => new(
        evidence.LocalAddress ?? evidence.Connects.FirstOrDefault(c => c.LocalAddress is not null)?.LocalAddress,
        peer?.Host ?? AttemptTarget.Parse(evidence.Target).Host, evidence.Upstream, recipients);
}
