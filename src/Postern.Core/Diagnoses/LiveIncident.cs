using Postern.Diagnosis.Causes;

namespace Postern.Core.Diagnoses;

/// <summary>An incident that is going on. Changed under the book's lock only.</summary>
internal sealed class LiveIncident(string id, string upstream, DiagnosisReport report, DateTimeOffset now)
{
    /// <summary>A provider's MX host may serve thousands of domains; the first ones show what is meant.</summary>
    public const int MaxDestinations = 50;

    private readonly HashSet<string> _destinations = new(StringComparer.Ordinal);

    public string Id { get; } = id;
    public string Upstream { get; } = upstream;
    public DiagnosisReport Report { get; set; } = report;
    public CauseId Cause => Report.Verdict.Id;
    public DateTimeOffset OpenedAt { get; } = now;
    public DateTimeOffset LastSeenAt { get; private set; } = now;
    public DateTimeOffset? AcceptedAt { get; set; }
    public DateTimeOffset? ClosedAt { get; set; }
    public string? Settled { get; set; }
    public DateTimeOffset? ProbedAt { get; set; }

    /// <summary>Probes have been asked for; they are not asked for again.</summary>
    public bool IsProbeAsked { get; set; }
    public long Failures { get; private set; }

    public void See(string destination, DateTimeOffset at)
    {
        Failures++;
        LastSeenAt = at;
        if (_destinations.Count < MaxDestinations) _destinations.Add(destination);
    }

    public Incident Snapshot(Func<string, long> waiting) => new()
    {
        Id = Id,
        Upstream = Upstream,
        Cause = Report.Verdict.Cause,
        OpenedAt = OpenedAt,
        LastSeenAt = LastSeenAt,
        ClosedAt = ClosedAt,
        Settled = Settled,
        Failures = Failures,
        Waiting = ClosedAt is null ? _destinations.Sum(waiting) : 0,
        Destinations = [.. _destinations.Order(StringComparer.Ordinal)],
        ProbedAt = ProbedAt,
        Diagnosis = Report,
    };

    /// <summary>Mail that waits for it, without making a snapshot.</summary>
    public long Waiting(Func<string, long> waiting) => _destinations.Sum(waiting);
}
