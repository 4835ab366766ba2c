using Postern.Core.Routing;
using Postern.Diagnosis.Causes;
using Postern.Protocols.Smtp;

namespace Postern.Core.Decisions;

/// <summary>One row of knowledge/decisions.toml: for which failures it stands, and what is done about them. Conditions that are null match all.</summary>
internal sealed record DecisionRow
{
    public required CauseId Cause { get; init; }
    public IReadOnlyList<ClientStage>? Stages { get; init; }
    public IReadOnlyList<FailureScope>? Scopes { get; init; }

    /// <summary>A 5xx, or what cannot heal by waiting.</summary>
    public bool? Permanent { get; init; }

    /// <summary>True: the peer said it in a reply. False: it was seen, or we found out.</summary>
    public bool? Said { get; init; }
    public IReadOnlyList<ReplyLabel>? Labels { get; init; }

    /// <summary>A named upstream of ours, or a domain's mail exchanger.</summary>
    public DestinationKind? Via { get; init; }

    public required MessageAction Message { get; init; }

    /// <summary>Instead of <see cref="Message"/>, when nobody else is left to try.</summary>
    public required MessageAction Last { get; init; }
    public UpstreamAction Upstream { get; init; }
    public EgressAction Egress { get; init; }
    public ProbeAction Probe { get; init; }
    public OperatorAction Operator { get; init; }

    /// <summary>See <see cref="Decision.IsAboutUs"/>.</summary>
    public bool IsAboutUs { get; init; }
    public IReadOnlyList<TimeSpan>? Retry { get; init; }
    public required string Words { get; init; }
    public required string Source { get; init; }

    /// <summary>It stands for every failure of its cause.</summary>
    public bool IsCatchAll => Stages is null && Scopes is null && Permanent is null && Said is null && Labels is null && Via is null;

    public bool Matches(in DecisionInput input) =>
        (Stages is null || Stages.Contains(input.Failure.Stage))
        && (Scopes is null || Scopes.Contains(input.Scope))
        && (Permanent is null || Permanent == input.Failure.IsPermanent)
        && (Said is null || Said == input.Failure.Reply is not null)
        && (Labels is null || input.Reading.Label is { } label && Labels.Contains(label))
        && (Via is null || Via == input.Via);
}
