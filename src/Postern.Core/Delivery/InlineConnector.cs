using Postern.Core.Routing;
using Postern.Protocols.Smtp;

namespace Postern.Core.Delivery;

/// <summary>A live session to hand a client's transaction through, or why there is none.</summary>
/// <param name="Failure">What stood in the way at the last candidate; its detail is a sentence for a person.</param>
public readonly record struct InlineOpening(InlineSession? Session, StageFailure? Failure);

/// <summary>
/// Opens sessions for the inline modes, with the same plans, gates, limits and pool as queued delivery: an upstream known to be dead is not tried for
/// every client, and a session a queued message left behind is used. Thread safe.
/// </summary>
public sealed class InlineConnector
{
    private readonly DeliveryEngine _engine;

    internal InlineConnector(DeliveryEngine engine) => _engine = engine;

    /// <param name="destination">As the router gave it.</param>
    /// <param name="fresh">Only a new session will do: a pooled one turned out to be dead.</param>
    public async ValueTask<InlineOpening> OpenAsync(string destination, bool fresh, CancellationToken cancel)
    {
        var model = _engine.Model;
        if (!Destination.TryParse(destination, out var parsed) || await _engine.Planner.PlanAsync(model, parsed, cancel) is not { } plan)
            return new InlineOpening(null, new StageFailure(ClientStage.Resolve, Speaker.Us, FailureKind.LocalError, $"the destination {destination} is not configured"));
        var failure = plan.Failure;
        foreach (var candidate in plan.Candidates)
        {
            if (!fresh && _engine.Pool.TryRent(candidate.SessionKey) is { } pooled) return new InlineOpening(new InlineSession(_engine, pooled, isReused: true), null);
            var offer = await _engine.Opener.OpenAsync(model, candidate, now: false, _engine.Scheduler.Workers, new SessionRecorder(_engine.Time), cancel);
            if (offer.Session is { } session) return new InlineOpening(new InlineSession(_engine, session, isReused: false), null);
            failure = offer.Failure ?? failure ?? candidate.Upstream.Health.Snapshot().LastFailure ?? Busy(candidate.Upstream.Name);
        }
        return new InlineOpening(null, failure);
    }

    private static StageFailure Busy(string upstream) => new(ClientStage.Connect, Speaker.Us, FailureKind.LocalError, $"all sessions to {upstream} are in use");
}

/// <summary>A session on loan to an inline transaction. Ends with exactly one of <see cref="Return"/> and <see cref="Drop"/>.</summary>
public sealed class InlineSession
{
    private readonly DeliveryEngine _engine;
    private readonly PooledSession _pooled;

    internal InlineSession(DeliveryEngine engine, PooledSession pooled, bool isReused)
    {
        _engine = engine;
        _pooled = pooled;
        IsReused = isReused;
    }

    public SmtpClientSession Session => _pooled.Session;

    /// <summary>It has carried mail before, so that its peer may have closed it meanwhile.</summary>
    public bool IsReused { get; }

    /// <summary>"host[address]:port".</summary>
    public string Target => _pooled.Target;

    /// <summary>The upstream's configured name, or the MX host.</summary>
    public string Upstream => _pooled.Candidate.Upstream.Name;

    /// <summary>The transaction is over and the session good for another.</summary>
    public void Return()
    {
        if (SessionOpener.Report(_pooled, null).Opened && _pooled.Candidate.Upstream.IsPool) _engine.Scheduler.Reopen(static q => q.Destination.Kind == DestinationKind.Pool);
        _engine.Pool.Return(_pooled);
    }

    /// <summary>The session broke or is in an unknown state. <paramref name="failure"/> is what the upstream's gate learns; null when it was not the upstream's fault.</summary>
    public void Drop(StageFailure? failure)
    {
        SessionOpener.Report(_pooled, failure);
        _engine.Pool.Drop(_pooled);
    }
}
