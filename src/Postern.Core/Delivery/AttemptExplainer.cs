using System.Net;
using Postern.Core.Diagnoses;
using Postern.Core.Queue;
using Postern.Core.Routing;
using Postern.Core.Upstreams;
using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Checks;
using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.History;
using Postern.Diagnosis.Probes;
using Postern.Protocols.Smtp;
using Postern.Protocols.Tls;

namespace Postern.Core.Delivery;

/// <summary>Between delivery and diagnosis: hands every failed attempt over with what else is known of its upstream. Thread safe.</summary>
internal sealed class AttemptExplainer(Explainer explainer, UpstreamRegistry registry, TimeProvider time)
{
    /// <summary>How far our own record is looked back for an explanation.</summary>
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(10);

    /// <summary>Upstreams that are asked how they fare: enough to tell their trouble from ours.</summary>
    private const int MaxNeighbours = 64;

    /// <summary>The evidence, with what it means.</summary>
    public AttemptEvidence Explain(AttemptEvidence evidence, Candidate candidate, Attempt attempt, Destination destination) =>
        With(evidence, explainer.Failed(evidence, RecipientOf(attempt, evidence.Failure), () => Context(candidate), () => WishOf(evidence, candidate, destination)));

    /// <summary>The same for a session that an inline client asked for.</summary>
    public AttemptEvidence Explain(AttemptEvidence evidence, Candidate candidate, Destination destination)
    {
        Record(candidate, AttemptSample.Of(evidence));
        return With(evidence, explainer.Failed(evidence, null, () => Context(candidate), () => WishOf(evidence, candidate, destination)));
    }

    /// <summary>The same for a domain whose hosts could not be found.</summary>
    public AttemptEvidence Explain(AttemptEvidence evidence, string domain, int port, string hello) =>
        With(evidence, explainer.Failed(evidence, null, static () => [], () => new ProbeWish(new ProbeTarget(domain, domain, [], port), [], hello)));

    /// <summary>What became of one recipient, where its failure is not the attempt's.</summary>
    public DiagnosisReport? Of(AttemptEvidence evidence, StageFailure failure, string recipient) =>
        ReferenceEquals(failure, evidence.Failure) && evidence.Diagnosis is { } known ? known : explainer.Explain(evidence, failure, recipient);

    /// <summary>The last thing that was wrong with its upstream; null when nothing was lately.</summary>
    public DiagnosisReport? Latest(Candidate candidate) => explainer.Book.Case(candidate.Upstream.Name)?.Latest;

    /// <summary>Something was done about a failure there; noted on its incident, where there is one.</summary>
    public void Did(string upstream, CauseId cause, string text, MessageId about) => explainer.Book.Did(upstream, cause, text, about);

    /// <summary>A message was taken there, in some part at least.</summary>
    public void Accepted(Candidate candidate) => explainer.Accepted(candidate.Upstream.Name);

    /// <summary>Keeps an attempt in the upstream's record, whatever came of it; before it is explained, so that it counts.</summary>
    public static void Record(Candidate candidate, in AttemptSample sample)
    {
        candidate.Upstream.Place ??= new UpstreamPlace(candidate.Host, candidate.Port, candidate.Egress.Name.Length == 0 ? null : candidate.Egress.Name);
        candidate.Upstream.Record.Add(sample);
        candidate.Upstream.Recent.Add(sample.IsRefusal);
    }

    /// <summary>A message that was served.</summary>
    /// <param name="session">Null where it is not known any more.</param>
    public static void RecordServed(Candidate candidate, DateTimeOffset at, PooledSession? session) =>
        Record(candidate, new AttemptSample(at, AttemptOutcome.Served, candidate.Upstream.StandingSessions, Math.Max(0, (session?.Session.MessagesSent ?? 1) - 1)));

    /// <summary>Sessions at once, the attempt's own included: one that could not be opened (null) is no longer counted by its upstream.</summary>
    public static int Concurrency(Candidate candidate, PooledSession? session) => candidate.Upstream.OpenSessions + (session is null ? 1 : 0);

    private static AttemptEvidence With(AttemptEvidence evidence, DiagnosisReport? report) => report is null ? evidence : evidence with { Diagnosis = report };

    private IReadOnlyList<Fact> Context(Candidate candidate)
    {
        var now = time.GetUtcNow();
        var facts = new List<Fact>(2);
        if (candidate.Upstream.Record.Read(now, Window) is { } record) facts.Add(record);
        if (candidate.Upstream.Place is { } place)
        {
            var others = registry.Tried.Take(MaxNeighbours).Select(s => Of(s.Place!, s.Record));
            if (Neighbours.Around(Of(place, candidate.Upstream.Record), others, now, Window) is { } neighbours) facts.Add(neighbours);
        }
        return facts;
    }

    private static Neighbour Of(UpstreamPlace place, UpstreamRecord record) => new(place.Host, place.Port, place.Egress, record);

    /// <summary>The host in question first; for a domain, its other hosts are looked up beside it.</summary>
    private static ProbeWish WishOf(AttemptEvidence evidence, Candidate candidate, Destination destination)
    {
        bool isImplicit = candidate.Settings.Tls == TlsMode.Implicit;
        bool isDomain = destination.Kind == DestinationKind.Mx && destination.Name[0] != '[';
        IReadOnlyList<IPAddress> addresses = candidate.Address is { } address ? [address] : [];
        var target = isDomain
            ? new ProbeTarget(destination.Name, destination.Name, [new TargetHost(candidate.Host, 0, [])], candidate.Port)
            : CheckTarget.OfHost(candidate.Host, candidate.Port) with { Hosts = [new TargetHost(candidate.Host, 0, addresses)], IsImplicitTls = isImplicit };
        IReadOnlyList<IPAddress> egress = [.. new[] { candidate.Egress.V6, candidate.Egress.V4 }.OfType<IPAddress>()];
        return new ProbeWish(target with { Authorities = candidate.Settings.ExtraAuthorities }, egress, candidate.Settings.HelloName, Unconnected(evidence, candidate));
    }

    private static ProbeTarget? Unconnected(AttemptEvidence evidence, Candidate candidate)
    {
        if (evidence.Failure is not { Stage: ClientStage.Connect } failure) return null;
        var connect = evidence.Connects.FirstOrDefault(c => c.Error is not null && failure.Detail.Contains($"[{c.Address}]", StringComparison.Ordinal)) ?? evidence.Connects.FirstOrDefault(c => c.Error is not null);
        return connect is not null && IPAddress.TryParse(connect.Address, out var address) ? new ProbeTarget(candidate.Host, null, [new TargetHost(candidate.Host, 0, [address])], connect.Port) : null;
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
