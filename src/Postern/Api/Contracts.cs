using System.Text.Json;
using System.Text.Json.Serialization;
using Postern.Core.Diagnoses;
using Postern.Core.Events;
using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Dns;
using Postern.Protocols.Smtp;

namespace Postern.Api;

/// <summary>How the relay is.</summary>
public sealed record StatusContract
{
    public required string Version { get; init; }
    public required string Hostname { get; init; }
    public required DateTimeOffset StartedAt { get; init; }
    public required IReadOnlyList<string> Listening { get; init; }
    public required bool Ready { get; init; }

    /// <summary>Why it is not ready, or does not take mail; empty when all is well.</summary>
    public required IReadOnlyList<string> Problems { get; init; }
    /// <summary>Open ones, those with the most waiting mail first.</summary>
    public IReadOnlyList<Incident> Incidents { get; init; } = [];

    /// <summary>Webhooks that do not take what happened.</summary>
    public IReadOnlyList<WebhookStatus> FailingWebhooks { get; init; } = [];

    /// <summary>What holds mail back although nothing is wrong.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
    public required QueueStatusContract Queue { get; init; }
    public required long Accepted { get; init; }
}

public sealed record QueueStatusContract
{
    public required long Messages { get; init; }
    public required long Held { get; init; }
    public required long InDelivery { get; init; }
    public DateTimeOffset? OldestAcceptedAt { get; init; }
    public required long LiveBytes { get; init; }
    public required long DiskBytes { get; init; }
    public required long FreeDiskBytes { get; init; }

    /// <summary>Corrupted records set aside; anything above zero deserves a look.</summary>
    public required long SetAside { get; init; }
    public required IReadOnlyDictionary<string, long> ByDestination { get; init; }
}

/// <summary>Upstreams and MX hosts in use: configured ones first, then those that cannot be reached.</summary>
public sealed record UpstreamsContract(IReadOnlyList<UpstreamContract> Upstreams)
{
    /// <summary>Give it as 'after' to continue; null at the end.</summary>
    public string? Next { get; init; }

    /// <summary>What is known of the limits of each, and which of our addresses rest there.</summary>
    public IReadOnlyList<GroupContract> Groups { get; init; } = [];
}

public sealed record UpstreamContract
{
    /// <summary>The upstream's name in the configuration, or an MX host.</summary>
    public required string Name { get; init; }
    public required string Address { get; init; }

    /// <summary>up, down or probing.</summary>
    public required string State { get; init; }
    public DateTimeOffset? Since { get; init; }
    public DateTimeOffset? NextProbe { get; init; }
    public required int Sessions { get; init; }
    /// <summary>Parts of messages that wait for a pool this upstream is in; absent for an MX host, which serves domains.</summary>
    public long? Waiting { get; init; }
    public string? LastProblem { get; init; }

    /// <summary>The group it is counted in; absent when nothing was sent there yet.</summary>
    public string? Group { get; init; }

    /// <summary>Absent while it takes its turns.</summary>
    public EjectionContract? Ejection { get; init; }
}

/// <summary>Open incidents, those with the most waiting mail first; then, where asked for, those that are over, newest first.</summary>
public sealed record IncidentsContract(IReadOnlyList<Incident> Incidents)
{
    /// <summary>Give it as 'after' to continue; null at the end.</summary>
    public string? Next { get; init; }
}

/// <summary>Events from the log.</summary>
/// <param name="Events">As they are in the log, oldest first: id, type, at, relay, subject, data.</param>
/// <param name="Next">Give it as 'after' to continue; null at the end.</param>
/// <param name="Last">Id of the last event that there is.</param>
public sealed record EventsContract(IReadOnlyList<JsonElement> Events, long? Next, long Last);

/// <summary>Webhooks that are switched on.</summary>
public sealed record WebhooksContract(IReadOnlyList<WebhookStatus> Webhooks);

/// <summary>The last diagnosis of each upstream that failed lately.</summary>
public sealed record DiagnosesContract(IReadOnlyList<UpstreamDiagnosis> Diagnoses)
{
    /// <summary>Give it as 'after' to continue; null at the end.</summary>
    public string? Next { get; init; }
}

/// <summary>Every refusal of the API (RFC 9457): what is wrong and how to mend it.</summary>
public sealed record ProblemContract
{
    /// <summary>The kind of problem, one of a few; GET it to read what it means.</summary>
    public required string Type { get; init; }

    /// <summary>The same words for every problem of this type.</summary>
    public required string Title { get; init; }

    /// <summary>The answer's HTTP status.</summary>
    public required int Status { get; init; }

    /// <summary>What is wrong this time.</summary>
    public required string Detail { get; init; }

    /// <summary>What to do about it.</summary>
    public required string Mend { get; init; }

    /// <summary>Of a message that is refused: what SMTP would have answered.</summary>
    public string? Reply { get; init; }

    /// <summary>Recipients that are refused.</summary>
    public IReadOnlyList<RefusedRecipientContract>? Recipients { get; init; }
}

/// <summary>A kind of problem.</summary>
public sealed record ProblemTypeContract(string Type, string Title, int Status);

public sealed record ReadinessContract(bool Ready, IReadOnlyList<string> Problems);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(StageConverter), typeof(WordEnumConverter<Speaker>), typeof(WordEnumConverter<FailureKind>), typeof(WordEnumConverter<DnsStatus>), typeof(ReplyConverter)], DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(StatusContract))]
[JsonSerializable(typeof(QueuePageContract))]
[JsonSerializable(typeof(QueueDetailsContract))]
[JsonSerializable(typeof(QueueActionContract))]
[JsonSerializable(typeof(QueueActionResultContract))]
[JsonSerializable(typeof(QueueOperationsContract))]
[JsonSerializable(typeof(QueueTallyContract))]
[JsonSerializable(typeof(ProblemTypeContract))]
[JsonSerializable(typeof(MessageContract))]
[JsonSerializable(typeof(AcceptedContract))]
[JsonSerializable(typeof(UpstreamsContract))]
[JsonSerializable(typeof(EgressesContract))]
[JsonSerializable(typeof(ResetContract))]
[JsonSerializable(typeof(ResetResultContract))]
[JsonSerializable(typeof(IncidentsContract))]
[JsonSerializable(typeof(Incident))]
[JsonSerializable(typeof(EventsContract))]
[JsonSerializable(typeof(WebhooksContract))]
[JsonSerializable(typeof(DiagnosesContract))]
[JsonSerializable(typeof(TrendsContract))]
[JsonSerializable(typeof(DiagnosisReport))]
[JsonSerializable(typeof(ProblemContract))]
[JsonSerializable(typeof(ReadinessContract))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
// What the framework answers to a page that comes alive; it takes the options of the API for it.
[JsonSerializable(typeof(IList<string>))]
internal sealed partial class ApiJson : JsonSerializerContext;
