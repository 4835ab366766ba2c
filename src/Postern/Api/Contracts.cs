using System.Text.Json;
using System.Text.Json.Serialization;
using Postern.Core.Diagnoses;
using Postern.Core.Events;
using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Dns;
using Postern.Protocols.Smtp;

namespace Postern.Api;

/// <summary>GET /api/v1/status.</summary>
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

/// <summary>GET /api/v1/queue.</summary>
/// <param name="Next">Give it as 'after' to continue; null at the end.</param>
public sealed record QueuePageContract(IReadOnlyList<QueueItemContract> Messages, string? Next);

public sealed record QueueItemContract
{
    public required string Id { get; init; }
    public required string Sender { get; init; }
    public required DateTimeOffset AcceptedAt { get; init; }
    public required long SizeBytes { get; init; }

    /// <summary>waiting, deferred, leased (being delivered now) or held.</summary>
    public required string State { get; init; }
    public required int RecipientsWaiting { get; init; }
    public required int RecipientsTotal { get; init; }
    public required IReadOnlyList<string> Destinations { get; init; }
    public required int Attempts { get; init; }
    public DateTimeOffset? NextDue { get; init; }
    public string? LastReply { get; init; }
}

/// <summary>GET /api/v1/queue/{id}.</summary>
public sealed record QueueDetailsContract
{
    public required QueueItemContract Message { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
    public string? ClientAddress { get; init; }
    public string? ClientHello { get; init; }
    public string? User { get; init; }
    public required string Listener { get; init; }
    public required string Protocol { get; init; }
    public string? EnvelopeId { get; init; }
    public required IReadOnlyList<RecipientContract> Recipients { get; init; }

    /// <summary>The last attempts that did not deliver outright, oldest first; at most eight are kept.</summary>
    public required IReadOnlyList<AttemptEvidence> Attempts { get; init; }
}

public sealed record RecipientContract(string Address, string Destination, string Status, string? LastReply);

/// <summary>POST /api/v1/queue/actions. Without any filter nothing is done unless <see cref="All"/> is true.</summary>
public sealed record QueueActionContract
{
    /// <summary>retry, hold, release, bounce or remove.</summary>
    public required string Action { get; init; }
    public IReadOnlyList<string>? Ids { get; init; }
    public string? Destination { get; init; }
    public string? Sender { get; init; }
    public string? Recipient { get; init; }
    public string? State { get; init; }
    public string? OlderThan { get; init; }
    public bool All { get; init; }
}

public sealed record QueueActionResultContract(string Action, int Messages);

/// <summary>GET /api/v1/upstreams.</summary>
public sealed record UpstreamsContract(IReadOnlyList<UpstreamContract> Upstreams)
{
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

/// <summary>GET /api/v1/incidents; with all=true also those that are over, newest first.</summary>
public sealed record IncidentsContract(IReadOnlyList<Incident> Incidents);

/// <summary>GET /api/v1/events, with after=, since=, latest=, type=, limit=.</summary>
/// <param name="Events">As they are in the log, oldest first: id, type, at, relay, subject, data.</param>
/// <param name="Next">Give it as 'after' to continue; null at the end.</param>
/// <param name="Last">Id of the last event that there is.</param>
public sealed record EventsContract(IReadOnlyList<JsonElement> Events, long? Next, long Last);

/// <summary>GET /api/v1/webhooks: those that are switched on.</summary>
public sealed record WebhooksContract(IReadOnlyList<WebhookStatus> Webhooks);

/// <summary>GET /api/v1/diagnoses, of one upstream with upstream=NAME: the last diagnosis of each that failed lately.</summary>
public sealed record DiagnosesContract(IReadOnlyList<UpstreamDiagnosis> Diagnoses);

/// <summary>Every refusal of the API: what is wrong and how to mend it.</summary>
public sealed record ProblemContract(string Error, string Mend);

public sealed record ReadinessContract(bool Ready, IReadOnlyList<string> Problems);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(StageConverter), typeof(WordEnumConverter<Speaker>), typeof(WordEnumConverter<FailureKind>), typeof(WordEnumConverter<DnsStatus>), typeof(ReplyConverter)], DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(StatusContract))]
[JsonSerializable(typeof(QueuePageContract))]
[JsonSerializable(typeof(QueueDetailsContract))]
[JsonSerializable(typeof(QueueActionContract))]
[JsonSerializable(typeof(QueueActionResultContract))]
[JsonSerializable(typeof(UpstreamsContract))]
[JsonSerializable(typeof(EgressesContract))]
[JsonSerializable(typeof(ResetContract))]
[JsonSerializable(typeof(ResetResultContract))]
[JsonSerializable(typeof(IncidentsContract))]
[JsonSerializable(typeof(Incident))]
[JsonSerializable(typeof(EventsContract))]
[JsonSerializable(typeof(WebhooksContract))]
[JsonSerializable(typeof(DiagnosesContract))]
[JsonSerializable(typeof(DiagnosisReport))]
[JsonSerializable(typeof(ProblemContract))]
[JsonSerializable(typeof(ReadinessContract))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
internal sealed partial class ApiJson : JsonSerializerContext;
