using System.Text.Json;
using Postern.Core.Decisions;
using Postern.Core.Events;

namespace Postern.Core.Diagnoses;

/// <summary>Brings what a file says of incidents up to what events say. Pure.</summary>
internal sealed class IncidentReplay(IReadOnlyList<KeptIncident> open, IReadOnlyList<KeptIncident> closed)
{
    private readonly Dictionary<string, KeptIncident> _open = open.ToDictionary(i => i.Incident.Id, StringComparer.Ordinal);
    private readonly List<KeptIncident> _closed = [.. closed];

    public IReadOnlyCollection<KeptIncident> Open => _open.Values;

    /// <summary>Newest first.</summary>
    public IReadOnlyList<KeptIncident> Closed => _closed;

    public void Add(RelayEvent next)
    {
        if (!EventTypes.Matches("incident.*", next.Type)) return;
        Incident? incident;
        try
        {
            using var line = JsonDocument.Parse(next.Line);
            incident = line.RootElement.GetProperty("data").Deserialize(IncidentJson.Default.Incident);
        }
        catch (JsonException)
        {
            // Too large to be kept whole, or of another version: the attempts to come open it anew.
            return;
        }
        if (incident is null) return;
        incident = incident with { Actions = [.. incident.Actions.Select(a => a with { Did = ActionWords.Uncounted(a.Did, a.Count) })] };
        _open.Remove(incident.Id);
        _closed.RemoveAll(i => i.Incident.Id == incident.Id);
        if (incident.ClosedAt is null) _open.Add(incident.Id, new KeptIncident(incident));
        else _closed.Insert(0, new KeptIncident(incident));
    }
}
