using System.Net;
using Postern.Core.Diagnoses;
using Postern.Core.Routing;
using Postern.Core.Upstreams;
using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Checks;
using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.Probes;
using Postern.Protocols.Smtp;
using Postern.Protocols.Tls;

namespace Postern.Core.Delivery;

/// <summary>Between delivery and diagnosis: hands every failed attempt over with what else is known of its upstream. Thread safe.</summary>
internal sealed class AttemptExplainer(Explainer explainer)
{
    /// <summary>The evidence, with what it means.</summary>
    public AttemptEvidence Explain(AttemptEvidence evidence, Candidate candidate, Attempt attempt, Destination destination) =>
        With(evidence, explainer.Failed(evidence, RecipientOf(attempt, evidence.Failure), () => Context(candidate), WishOf(candidate, destination)));

    /// <summary>The same for a session that an inline client asked for.</summary>
    public AttemptEvidence Explain(AttemptEvidence evidence, Candidate candidate, Destination destination) =>
        With(evidence, explainer.Failed(evidence, null, () => Context(candidate), WishOf(candidate, destination)));

    /// <summary>The same for a domain whose hosts could not be found.</summary>
    public AttemptEvidence Explain(AttemptEvidence evidence, string domain, int port, string hello) =>
        With(evidence, explainer.Failed(evidence, null, static () => [], new ProbeWish(new ProbeTarget(domain, domain, [], port), [], hello)));

    /// <summary>What became of one recipient, where its failure is not the attempt's.</summary>
    public DiagnosisReport? Of(AttemptEvidence evidence, StageFailure failure, string recipient) =>
        ReferenceEquals(failure, evidence.Failure) && evidence.Diagnosis is { } known ? known : explainer.Explain(evidence, failure, recipient);

    /// <summary>The last thing that was wrong with its upstream; null when nothing was lately.</summary>
    public DiagnosisReport? Latest(Candidate candidate) => explainer.Book.Case(candidate.Upstream.Name)?.Latest;

    public void Accepted(Candidate candidate) => explainer.Accepted(candidate.Upstream.Name);

    private static AttemptEvidence With(AttemptEvidence evidence, DiagnosisReport? report) => report is null ? evidence : evidence with { Diagnosis = report };

    private static IReadOnlyList<Fact> Context(Candidate candidate) => [];

    /// <summary>The host in question first; for a domain, its other hosts are looked up beside it.</summary>
    private static ProbeWish WishOf(Candidate candidate, Destination destination)
    {
        bool isImplicit = candidate.Settings.Tls == TlsMode.Implicit;
        bool isDomain = destination.Kind == DestinationKind.Mx && destination.Name[0] != '[';
        IReadOnlyList<IPAddress> addresses = candidate.Address is { } address ? [address] : [];
        var target = isDomain
            ? new ProbeTarget(destination.Name, destination.Name, [new TargetHost(candidate.Host, 0, [])], candidate.Port)
            : CheckTarget.OfHost(candidate.Host, candidate.Port) with { Hosts = [new TargetHost(candidate.Host, 0, addresses)], IsImplicitTls = isImplicit };
        IReadOnlyList<IPAddress> egress = [.. new[] { candidate.Egress.V6, candidate.Egress.V4 }.OfType<IPAddress>()];
        return new ProbeWish(target, egress, candidate.Settings.HelloName);
    }

    private static string? RecipientOf(Attempt attempt, StageFailure? failure)
    {
        foreach (ref readonly var outcome in attempt.Outcomes)
        {
            if (ReferenceEquals(outcome.Failure, failure)) return attempt.Lease.Envelope.Recipients[outcome.Index].Address.Address;
        }
        return null;
    }
}
