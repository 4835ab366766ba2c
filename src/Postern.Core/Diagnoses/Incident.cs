using Postern.Diagnosis.Causes;

namespace Postern.Core.Diagnoses;

/// <summary>One trouble of one upstream, from its first failure to its end: what an operator is shown instead of a line per message.</summary>
public sealed record Incident
{
    public required string Id { get; init; }

    /// <summary>The upstream's name in the configuration, an MX host with its port, or a domain that cannot be looked up.</summary>
    public required string Upstream { get; init; }

    /// <summary>A word of <see cref="CauseTable"/>. It may change once, when a closer look knows better.</summary>
    public required string Cause { get; init; }

    /// <summary>"alert" when somebody must act or wants to know at once, "note" when it is shown and nothing is asked of anybody: as the decision table says of the cause.</summary>
    public string Level { get; init; } = "alert";
    public required DateTimeOffset OpenedAt { get; init; }
    public required DateTimeOffset LastSeenAt { get; init; }

    /// <summary>Null while it is open.</summary>
    public DateTimeOffset? ClosedAt { get; init; }

    /// <summary>What ended it; null while it is open.</summary>
    public string? Settled { get; init; }

    /// <summary>Attempts that failed by it.</summary>
    public required long Failures { get; init; }

    /// <summary>Mail that waits for the destinations concerned now; zero when it is closed.</summary>
    public required long Waiting { get; init; }

    /// <summary>At most <see cref="LiveIncident.MaxDestinations"/>.</summary>
    public required IReadOnlyList<string> Destinations { get; init; }

    /// <summary>When probes looked closer; null when they have not (yet).</summary>
    public DateTimeOffset? ProbedAt { get; init; }

    /// <summary>What Postern did about it, the latest last; what was done many times is one entry. At most <see cref="LiveIncident.MaxActions"/>.</summary>
    public IReadOnlyList<IncidentAction> Actions { get; init; } = [];
    public required DiagnosisReport Diagnosis { get; init; }
}

/// <param name="At">When first.</param>
/// <param name="Did">With its number: "kept 1,204 messages: …".</param>
public sealed record IncidentAction(DateTimeOffset At, DateTimeOffset LastAt, long Count, string Did);
