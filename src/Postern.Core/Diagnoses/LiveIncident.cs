using Postern.Core.Decisions;
using Postern.Core.Queue;
using Postern.Diagnosis.Causes;

namespace Postern.Core.Diagnoses;

/// <summary>An incident that is going on. Changed under the book's lock only.</summary>
internal sealed class LiveIncident(string id, string upstream, DiagnosisReport report, DateTimeOffset now)
{
    /// <summary>A provider's MX host may serve thousands of domains; the first ones show what is meant.</summary>
    public const int MaxDestinations = 50;

    /// <summary>Kinds of actions, each with its count.</summary>
    public const int MaxActions = 50;

    /// <summary>Back so often, and its comings and goings are told no more; see <see cref="IncidentBook"/>.</summary>
    public const int MaxReturnsTold = 3;

    private readonly List<LiveAction> _actions = [];
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

    /// <summary>Times it came back soon after its end.</summary>
    public int Returns { get; set; }

    /// <summary>It is over and nobody has been told so yet, because it may be back in a moment.</summary>
    public bool IsEndUntold { get; set; }

    /// <summary>See <see cref="IncidentBook.Did"/>. True when nothing of this kind was done before.</summary>
    public bool Did(string text, DateTimeOffset at, MessageId? about)
    {
        int known = _actions.FindIndex(a => a.Text == text);
        var before = known < 0 ? new LiveAction(text, at, at, 0) : _actions[known];
        // What is tried again and again while an upstream is down is mostly one message, the longest waiting: it is kept once.
        bool isCounted = about is not null && about == before.LastAbout;
        var action = before with { LastAt = at, Count = before.Count + (isCounted ? 0 : 1), LastAbout = about };
        // The one that happened last is at the end, so what is dropped is what has not happened for longest.
        if (known >= 0) _actions.RemoveAt(known);
        else if (_actions.Count == MaxActions) _actions.RemoveAt(0);
        _actions.Add(action);
        return known < 0;
    }

    /// <summary>As it was kept.</summary>
    public static LiveIncident Of(KeptIncident kept)
    {
        var from = kept.Incident;
        var incident = new LiveIncident(from.Id, from.Upstream, from.Diagnosis, from.OpenedAt)
        {
            LastSeenAt = from.LastSeenAt,
            AcceptedAt = kept.AcceptedAt,
            IsEndUntold = kept.IsEndUntold,
            ClosedAt = from.ClosedAt,
            Settled = from.Settled,
            ProbedAt = from.ProbedAt,
            Failures = from.Failures,
        };
        foreach (string destination in from.Destinations.Take(MaxDestinations)) incident._destinations.Add(destination);
        foreach (var action in from.Actions.TakeLast(MaxActions)) incident._actions.Add(new LiveAction(action.Did, action.At, action.LastAt, action.Count));
        return incident;
    }

    public KeptIncident Kept() =>
        new(Snapshot(static _ => 0) with { Actions = [.. _actions.Select(a => new IncidentAction(a.At, a.LastAt, a.Count, a.Text))] }, AcceptedAt, IsEndUntold);

    public Incident Snapshot(Func<string, long> waiting) => new()
    {
        Id = Id,
        Upstream = Upstream,
        Cause = Report.Verdict.Cause,
        Level = DecisionTable.Default.OperatorOf(Cause) == OperatorAction.Note ? "note" : "alert",
        OpenedAt = OpenedAt,
        LastSeenAt = LastSeenAt,
        ClosedAt = ClosedAt,
        Settled = Settled,
        Failures = Failures,
        Waiting = ClosedAt is null ? _destinations.Sum(waiting) : 0,
        Destinations = [.. _destinations.Order(StringComparer.Ordinal)],
        ProbedAt = ProbedAt,
        Actions = [.. _actions.Select(a => new IncidentAction(a.At, a.LastAt, a.Count, ActionWords.Counted(a.Text, a.Count)))],
        Diagnosis = Report,
    };

    /// <param name="LastAbout">The message that was counted last; null when it was about none, or is not known since a restart.</param>
    private sealed record LiveAction(string Text, DateTimeOffset At, DateTimeOffset LastAt, long Count, MessageId? LastAbout = null);

    /// <summary>Mail that waits for it, without making a snapshot.</summary>
    public long Waiting(Func<string, long> waiting) => _destinations.Sum(waiting);
}
