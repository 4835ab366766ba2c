using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Postern.Core.Events;
using Postern.Core.Queue;
using Postern.Core.Telemetry;
using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Evidence;

namespace Postern.Core.Diagnoses;

/// <summary>
/// One incident for each upstream and cause, however many messages fail by it. Bounded, thread safe; a success at an upstream that has none costs one comparison.
/// Tells of what begins, changes and ends; <see cref="IncidentKeeper"/> keeps it over a restart.
/// </summary>
/// <param name="waiting">Mail that waits for a destination; zero when nothing does.</param>
/// <param name="news">Told under the lock, so that events come in the order in which things happen; null where nobody listens.</param>
internal sealed partial class IncidentBook(Func<string, long> waiting, ILogger logger, TimeProvider time, RelayNews? news = null)
{
    internal const int MaxCases = 2000;
    internal const int MaxClosed = 200;

    /// <summary>A trouble that comes back so soon has not been away.</summary>
    private static readonly TimeSpan Return = TimeSpan.FromMinutes(1);

    /// <summary>Without a refusal for so long, while mail passes: over.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(5);

    /// <summary>Not heard of for so long, and nothing waits: nobody can say whether it is over.</summary>
    private static readonly TimeSpan Stale = TimeSpan.FromHours(1);

    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<string, UpstreamCase> _cases = new(StringComparer.Ordinal);
    private readonly LinkedList<LiveIncident> _closed = new();
    private int _open;
    private long _last, _changes;

    public int Open => Volatile.Read(ref _open);

    /// <summary>Rises with every change that is worth keeping.</summary>
    public long Changes => Volatile.Read(ref _changes);

    /// <summary>What is known of an upstream beyond a single attempt; null when it never failed lately.</summary>
    public UpstreamCase? Case(string upstream) => _cases.GetValueOrDefault(upstream);

    /// <summary>Files a failure that is an incident, opening one where there is none. Null when the book is full of open ones.</summary>
    public LiveIncident? Note(string upstream, string destination, DiagnosisReport report) => Note(upstream, destination, report, null, out _);

    /// <param name="version">Of the case that the explanation rests on; null for any.</param>
    /// <param name="isOld">True when probes have found something since: nothing is filed, the failure is to be explained anew. Else it would open a second
    /// incident under the name that the first has just lost.</param>
    public LiveIncident? Note(string upstream, string destination, DiagnosisReport report, int? version, out bool isOld)
    {
        var now = time.GetUtcNow();
        lock (_lock)
        {
            isOld = version is { } asOf && _cases.TryGetValue(upstream, out var present) && present.Version != asOf;
            if (isOld || FindOrAdd(upstream, now) is not { } known) return null;
            _changes++;
            known.Latest = report;
            known.LastSeenAt = now;
            bool isBack = false;
            var incident = known.Incidents.Find(i => i.Cause == report.Verdict.Id) ?? Reopen(known, report.Verdict.Id, now, out isBack);
            bool isNew = incident is null;
            if (incident is null)
            {
                incident = new LiveIncident(NextId(now), upstream, report, now);
                known.Incidents.Add(incident);
                Interlocked.Increment(ref _open);
                PosternLog.IncidentOpened(logger, incident.Id, upstream, report.Verdict.Cause, report.Verdict.Confidence, report.Verdict.Who, report.Verdict.Summary);
            }
            else
            {
                incident.Report = report;
            }
            incident.See(destination, now);
            if (isNew || isBack) Tell(EventType.IncidentOpened, incident);
            return incident;
        }
    }

    /// <summary>Files a failure that is none, so that it can be asked for.</summary>
    public void Keep(string upstream, DiagnosisReport report)
    {
        var now = time.GetUtcNow();
        lock (_lock)
        {
            if (FindOrAdd(upstream, now) is not { } known) return;
            known.Latest = report;
            known.LastSeenAt = now;
        }
    }

    /// <summary>Probes looked closer: what they found counts for the attempts to come, and the incident may get another name.</summary>
    /// <param name="diagnose">Of the facts found, with those of the attempt.</param>
    public void Refine(LiveIncident incident, IReadOnlyList<Fact> found, Func<DiagnosisReport> diagnose)
    {
        var now = time.GetUtcNow();
        lock (_lock)
        {
            if (incident.ClosedAt is not null || !_cases.TryGetValue(incident.Upstream, out var known)) return;
            known.Learn(found, now);
            var report = diagnose();
            bool isRenamed = report.Verdict.Id != incident.Cause;
            string before = incident.Report.Verdict.Cause;
            incident.ProbedAt = now;
            // Everything answers a moment later: the attempts that follow will tell; the incident keeps its name meanwhile.
            if (report.Verdict.Id == CauseId.None) return;
            known.Latest = report;
            if (isRenamed && known.Incidents.Find(i => i != incident && i.Cause == report.Verdict.Id) is { } same)
            {
                same.Report = report;
                Close(known, incident, now, $"found to be {report.Verdict.Cause}, which has an incident of its own");
                return;
            }
            incident.Report = report;
            PosternLog.IncidentRefined(logger, incident.Id, incident.Upstream, report.Verdict.Cause, report.Verdict.Confidence, isRenamed ? before : null, report.Verdict.Who, report.Verdict.Summary);
            Tell(EventType.IncidentRefined, incident);
        }
    }

    /// <summary>A message was taken there.</summary>
    public void Accepted(string upstream)
    {
        if (Volatile.Read(ref _open) == 0 || !_cases.TryGetValue(upstream, out var known)) return;
        var now = time.GetUtcNow();
        lock (_lock)
        {
            for (int i = known.Incidents.Count - 1; i >= 0; i--)
            {
                var incident = known.Incidents[i];
                incident.AcceptedAt = now;
                if (!IncidentPolicy.EndsByQuiet(incident.Cause)) Close(known, incident, now, "mail is accepted again");
            }
            known.Forget();
        }
    }

    /// <summary>
    /// Something was done about an incident that is going on: by the decision about a message, the lanes, the gates, the rests. Repeated, it is counted. Nothing
    /// happens where there is none.
    /// </summary>
    /// <param name="text">In plain words, as of the past: "kept {n messages}: …", where {n messages} stands for their number, or without it.</param>
    /// <param name="about">The message it was done with: the same one after the other is counted once.</param>
    public void Did(string upstream, CauseId cause, string text, MessageId? about = null)
    {
        if (Volatile.Read(ref _open) == 0 || !_cases.TryGetValue(upstream, out var known)) return;
        var now = time.GetUtcNow();
        lock (_lock)
        {
            if (known.Incidents.Find(i => i.Cause == cause) is not { } incident) return;
            _changes++;
            if (incident.Did(text, now, about)) Tell(EventType.IncidentActed, incident);
        }
    }

    /// <summary>Ends what has become quiet and forgets what nobody needs. Called now and then.</summary>
    public void Sweep()
    {
        var now = time.GetUtcNow();
        lock (_lock)
        {
            foreach (var (upstream, known) in _cases)
            {
                for (int i = known.Incidents.Count - 1; i >= 0; i--)
                {
                    var incident = known.Incidents[i];
                    if (now - incident.LastSeenAt >= Quiet && incident.AcceptedAt > incident.LastSeenAt) Close(known, incident, now, "mail is accepted again, and none refused for a while");
                    else if (now - incident.LastSeenAt >= Stale && incident.Waiting(waiting) == 0) Close(known, incident, now, "no mail waits for it any more");
                }
                if (known.Incidents.Count == 0 && now - known.LastSeenAt >= Stale) _cases.TryRemove(upstream, out _);
            }
            foreach (var incident in _closed.Where(i => i.IsEndUntold && now - i.ClosedAt >= Return))
            {
                incident.IsEndUntold = false;
                Tell(EventType.IncidentClosed, incident);
            }
        }
    }

    /// <summary>Open ones first, those with the most waiting mail first; then the closed ones, newest first.</summary>
    public IReadOnlyList<Incident> Snapshot(bool withClosed)
    {
        lock (_lock)
        {
            var open = _cases.Values.SelectMany(c => c.Incidents).Select(i => i.Snapshot(waiting)).OrderByDescending(i => i.Waiting).ThenBy(i => i.OpenedAt);
            return withClosed ? [.. open, .. _closed.Select(i => i.Snapshot(waiting))] : [.. open];
        }
    }

    /// <summary>The last diagnosis of each upstream that failed lately, or of one.</summary>
    public IReadOnlyList<UpstreamDiagnosis> Latest(string? upstream)
    {
        lock (_lock)
        {
            return [.. _cases.Where(c => c.Value.Latest is not null && (upstream is null || c.Key.Equals(upstream, StringComparison.OrdinalIgnoreCase)))
                .OrderByDescending(c => c.Value.LastSeenAt).Take(MaxClosed).Select(c => new UpstreamDiagnosis(c.Key, c.Value.LastSeenAt, c.Value.Latest!))];
        }
    }

    public IEnumerable<Measurement<long>> CountByCause()
    {
        lock (_lock)
        {
            return [.. _cases.Values.SelectMany(c => c.Incidents).GroupBy(i => i.Report.Verdict.Cause).Select(g => new Measurement<long>(g.Count(), new KeyValuePair<string, object?>("cause", g.Key)))];
        }
    }

    private UpstreamCase? FindOrAdd(string upstream, DateTimeOffset now)
    {
        if (_cases.TryGetValue(upstream, out var known)) return known;
        if (_cases.Count >= MaxCases && !MakeRoom()) return null;
        return _cases[upstream] = new UpstreamCase(upstream) { LastSeenAt = now };
    }

    /// <summary>The one seen longest ago without an open incident goes.</summary>
    private bool MakeRoom() => _cases.Values.Where(c => c.Incidents.Count == 0).MinBy(c => c.LastSeenAt) is { } oldest && _cases.TryRemove(oldest.Upstream, out _);

    /// <param name="isTold">False when nobody has been told that it was over.</param>
    private LiveIncident? Reopen(UpstreamCase known, CauseId cause, DateTimeOffset now, out bool isTold)
    {
        isTold = false;
        for (var node = _closed.First; node is not null && now - node.Value.ClosedAt < Return; node = node.Next)
        {
            var incident = node.Value;
            if (incident.Upstream != known.Upstream || incident.Cause != cause) continue;
            _closed.Remove(node);
            incident.ClosedAt = null;
            incident.Settled = null;
            incident.Returns++;
            isTold = !incident.IsEndUntold;
            incident.IsEndUntold = false;
            known.Incidents.Add(incident);
            Interlocked.Increment(ref _open);
            return incident;
        }
        return null;
    }

    private void Close(UpstreamCase known, LiveIncident incident, DateTimeOffset now, string settled)
    {
        known.Incidents.Remove(incident);
        Interlocked.Decrement(ref _open);
        incident.ClosedAt = now;
        incident.Settled = settled;
        _closed.AddFirst(incident);
        if (_closed.Count > MaxClosed) Drop(_closed.Last!.Value);
        // An upstream that takes every other message would open and close with each: after a few times it is told when it has stayed away.
        if (incident.Returns < LiveIncident.MaxReturnsTold) Tell(EventType.IncidentClosed, incident);
        else incident.IsEndUntold = true;
        PosternLog.IncidentClosed(logger, incident.Id, incident.Upstream, incident.Report.Verdict.Cause, (now - incident.OpenedAt).TotalSeconds, incident.Failures, settled);
    }

    private void Drop(LiveIncident incident)
    {
        _closed.Remove(incident);
        if (incident.IsEndUntold) Tell(EventType.IncidentClosed, incident);
    }

    private void Tell(EventType type, LiveIncident incident)
    {
        _changes++;
        news?.Incident(type, incident.Snapshot(waiting));
    }

    private string NextId(DateTimeOffset now)
    {
        // Unique within the process and rising, so that they sort by time.
        _last = Math.Max(_last + 1, now.ToUnixTimeMilliseconds());
        return string.Create(CultureInfo.InvariantCulture, $"i{_last:x}");
    }
}

/// <summary>The last thing that was wrong with one upstream.</summary>
public sealed record UpstreamDiagnosis(string Upstream, DateTimeOffset SeenAt, DiagnosisReport Diagnosis);
