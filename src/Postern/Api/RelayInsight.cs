using Postern.Core.Diagnoses;
using Postern.Core.Events;
using Postern.Diagnosis.Causes;

namespace Postern.Api;

/// <summary>What a running relay knows of its upstreams' troubles, and what happened.</summary>
/// <param name="Incidents">Open ones; with true also those that are over.</param>
/// <param name="Incident">By its id; null when it is not known.</param>
/// <param name="Diagnoses">Of one upstream, or of all for null.</param>
/// <param name="Check">Examines a destination; throws <see cref="FormatException"/> for a target that is none.</param>
internal sealed record RelayInsight(
    Func<bool, IReadOnlyList<Incident>> Incidents,
    Func<string, Incident?> Incident,
    Func<string?, IReadOnlyList<UpstreamDiagnosis>> Diagnoses,
    Func<string, CancellationToken, Task<DiagnosisReport>> Check,
    EventLog Events,
    Func<IReadOnlyList<WebhookStatus>> Webhooks);
