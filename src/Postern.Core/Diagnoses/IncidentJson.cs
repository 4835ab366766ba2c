using System.Text.Json;
using System.Text.Json.Serialization;

namespace Postern.Core.Diagnoses;

/// <summary>An incident as JSON, the same in events, in the file and in the API.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Incident))]
[JsonSerializable(typeof(KeptIncidents))]
internal sealed partial class IncidentJson : JsonSerializerContext
{
    /// <summary>Into an object that is begun.</summary>
    public static void WriteMembers(Utf8JsonWriter writer, Incident incident)
    {
        foreach (var member in JsonSerializer.SerializeToElement(incident, Default.Incident).EnumerateObject()) member.WriteTo(writer);
    }
}

/// <summary>One incident as it is kept over a restart.</summary>
/// <param name="Incident">What was done stands in it without its numbers ("kept {n messages}: …"), so that it can be counted on.</param>
/// <param name="AcceptedAt">When mail was last taken there meanwhile; null when none was.</param>
/// <param name="IsEndUntold">See <see cref="LiveIncident.IsEndUntold"/>.</param>
internal sealed record KeptIncident(Incident Incident, DateTimeOffset? AcceptedAt = null, bool IsEndUntold = false);

/// <summary>The file of the incidents: a checkpoint of what the events say.</summary>
/// <param name="EventsTo">Id of the last event that it rests on: later ones say what happened since.</param>
/// <param name="Open">In no order.</param>
/// <param name="Closed">Newest first.</param>
internal sealed record KeptIncidents(int Version, long EventsTo, IReadOnlyList<KeptIncident> Open, IReadOnlyList<KeptIncident> Closed)
{
    public bool IsWhole => Open is not null && Closed is not null && !Open.Concat(Closed).Any(i => i?.Incident is not { Id: not null, Upstream: not null, Destinations: not null, Actions: not null, Diagnosis.Verdict.Cause: not null });
}
