using System.Globalization;

namespace Postern.Core.Diagnoses;

internal sealed partial class IncidentBook
{
    /// <summary>One of them, open or over; null when it is not known (any more).</summary>
    public Incident? Find(string id)
    {
        lock (_lock) return (_cases.Values.SelectMany(c => c.Incidents).FirstOrDefault(i => i.Id == id) ?? _closed.FirstOrDefault(i => i.Id == id))?.Snapshot(waiting);
    }

    /// <summary>All of it, to be kept, and which state that is.</summary>
    public (long Changes, KeptIncidents Kept) Kept()
    {
        lock (_lock)
        {
            return (_changes, new KeptIncidents(1, news?.LastId ?? 0, [.. _cases.Values.SelectMany(c => c.Incidents).Select(i => i.Kept())], [.. _closed.Select(i => i.Kept())]));
        }
    }

    /// <summary>What was kept. Before anything is filed.</summary>
    /// <param name="closed">Newest first.</param>
    public void Restore(IReadOnlyList<KeptIncident> open, IReadOnlyList<KeptIncident> closed)
    {
        lock (_lock)
        {
            foreach (var incident in open.Select(LiveIncident.Of))
            {
                if (FindOrAdd(incident.Upstream, incident.LastSeenAt) is not { } known) continue;
                known.Latest = incident.Report;
                known.Incidents.Add(incident);
                _open++;
            }
            foreach (var incident in closed.Take(MaxClosed)) _closed.AddLast(LiveIncident.Of(incident));
            // Ids go on rising although the clock may have been put back.
            foreach (var kept in open.Concat(closed))
                if (long.TryParse(kept.Incident.Id.AsSpan(1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long id)) _last = Math.Max(_last, id);
        }
    }
}
