using System.Collections.Concurrent;
using Postern.Core.Configuration;
using Postern.Core.Routing;
using Postern.Core.Telemetry;
using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Checks;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;

namespace Postern.Core.Diagnoses;

/// <summary>
/// Explains failed attempts on the delivery path: pure, without network. The same failure is explained once and the explanation used again for a while, so that a
/// storm costs a look into a table. Files incidents and asks for probes where they are worth it. Thread safe.
/// </summary>
/// <param name="prober">Null where nothing is to be probed.</param>
internal sealed class Explainer(DiagnosisParts parts, IncidentBook book, Prober? prober, PosternMetrics metrics, TimeProvider time)
{
    internal const int MaxKept = 4000;

    /// <summary>
    /// Our own record moves on: an explanation that rests on it is made anew, after a second at first (the first failures of a burst know of no success beside them), twice as long
    /// each time up to the longest.
    /// </summary>
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1), Longest = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<EvidenceKey, Kept> _kept = new();
    private volatile DiagnosisConfig _config = new();

    private sealed record Kept(DiagnosisReport Report, DateTimeOffset At, TimeSpan Fresh);

    public IncidentBook Book => book;

    public void Apply(DiagnosisConfig config) => _config = config;

    /// <summary>What a failed attempt means; files it. Null when nothing failed, we are stopping, or explaining is off.</summary>
    /// <param name="context">What else is known of the upstream now: our record, its neighbours.</param>
    /// <param name="look">What probes would look at.</param>
    public DiagnosisReport? Failed(AttemptEvidence evidence, string? recipient, Func<IReadOnlyList<Fact>> context, Func<ProbeWish> look)
    {
        if (!_config.Enabled || evidence.Failure is not { Kind: not FailureKind.Cancelled } failure) return null;
        var (report, version) = Explain(evidence, failure, recipient, context);
        metrics.AttemptFailures.Add(1, new KeyValuePair<string, object?>("cause", report.Verdict.Cause));
        if (!IncidentPolicy.IsIncident(report.Verdict.Id, failure))
        {
            book.Keep(evidence.Upstream, report);
            return report;
        }
        var incident = book.Note(evidence.Upstream, evidence.Destination, report, version, out bool isOld);
        if (isOld)
        {
            (report, _) = Explain(evidence, failure, recipient, context);
            incident = book.Note(evidence.Upstream, evidence.Destination, report);
        }
        if (incident is null) return report;
        if (_config.Probe && prober is not null && !incident.IsProbeAsked && IncidentPolicy.WantsProbe(report))
            prober.Ask(incident, look(), found => Learn(incident, evidence, EvidenceKey.Of(evidence, failure, recipient, version), context, found));
        return report;
    }

    /// <summary>What one recipient's failure means, where it differs from the attempt's. Files nothing.</summary>
    public DiagnosisReport? Explain(AttemptEvidence evidence, StageFailure failure, string? recipient) =>
        _config.Enabled && failure.Kind != FailureKind.Cancelled ? Explain(evidence with { Failure = failure }, failure, recipient, static () => []).Report : null;

    /// <summary>A message was taken: whatever kept mail from that upstream is over, or passing.</summary>
    public void Accepted(string upstream) => book.Accepted(upstream);

    private (DiagnosisReport Report, int Version) Explain(AttemptEvidence evidence, StageFailure failure, string? recipient, Func<IReadOnlyList<Fact>> context)
    {
        var now = time.GetUtcNow();
        var known = book.Case(evidence.Upstream);
        int version = known?.Version ?? 0;
        var key = EvidenceKey.Of(evidence, failure, recipient, version);
        if (_kept.TryGetValue(key, out var kept) && now - kept.At < kept.Fresh) return (kept.Report, version);
        var report = Diagnose(evidence, key, context(), known?.Found(now) ?? []);
        // Full: everything goes. What is still happening is back after one diagnosis each.
        if (_kept.Count >= MaxKept) _kept.Clear();
        bool goesOn = kept is not null && now - kept.At < Longest * 2;
        _kept[key] = new Kept(report, now, goesOn ? TimeSpan.FromTicks(Math.Min(kept!.Fresh.Ticks * 2, Longest.Ticks)) : Shortest);
        return (report, version);
    }

    /// <summary>True when what was found settles it: a limit that our own record and another address of ours agree on, or an incident that is none any more.</summary>
    private bool Learn(LiveIncident incident, AttemptEvidence evidence, EvidenceKey key, Func<IReadOnlyList<Fact>> context, IReadOnlyList<Fact> found)
    {
        book.Refine(incident, found, () => Diagnose(evidence, key, context(), found));
        return incident.ClosedAt is not null || !IncidentPolicy.WantsProbe(incident.Report);
    }

    /// <summary>Names only what the key holds: the explanation is shown for every failure that has the same key.</summary>
    private DiagnosisReport Diagnose(AttemptEvidence evidence, in EvidenceKey key, IReadOnlyList<Fact> context, IReadOnlyList<Fact> found)
    {
        var read = parts.Read(evidence);
        // A host that many domains share fails for all of them at once, by the same key.
        string? destination = key.Recipient is not null || !IsDomain(evidence.Destination) ? evidence.Destination : null;
        return parts.Diagnose(read with { Facts = [.. read.Facts, .. context, .. found], Names = read.Names with { Sender = key.Sender, Recipient = key.Recipient, Destination = destination } });
    }

    private static bool IsDomain(string key) => Destination.TryParse(key, out var destination) && destination.Kind == DestinationKind.Mx;
}
