using Postern.Core.Upstreams;
using Postern.Protocols.Dns;
using Postern.Protocols.Smtp;

namespace Postern.Core.Delivery;

/// <summary>A session, a failure to open one, or the news that none was tried: exactly one of the first three is set.</summary>
/// <param name="NotBefore">The gate is closed, or all sessions are in use: when to ask again.</param>
/// <param name="Until">With a failure: when the gate lets the next try through; null when the failure says nothing of the upstream.</param>
internal readonly record struct SessionOffer(PooledSession? Session, StageFailure? Failure, DateTimeOffset? NotBefore, DateTimeOffset? Until, IReadOnlyList<DnsObservation> Dns);

/// <summary>
/// Opens a session for a candidate: asks the gate and the limit, looks its addresses up, connects. Whoever gets the session owes the gate a report
/// (<see cref="Report"/>) after the first message, because a server may greet well and still turn every message away with 421.
/// </summary>
internal sealed class SessionOpener(DeliveryPlanner planner, SessionPool pool, TimeProvider time)
{
    /// <summary>When to ask again for a session to an upstream all of whose sessions are in use by other destinations.</summary>
    private static readonly TimeSpan BusyWait = TimeSpan.FromMilliseconds(250);

    /// <param name="now">Opens a closed gate for this try: the operator asked.</param>
    /// <param name="workers">Sessions in use, for the limit of all sessions: an idle one gives way.</param>
    public async ValueTask<SessionOffer> OpenAsync(DeliveryModel model, Candidate candidate, bool now, int workers, SessionRecorder recorder, CancellationToken cancel)
    {
        var upstream = candidate.Upstream;
        if (!upstream.TryAddSession(candidate.MaxSessions)) return new SessionOffer(null, null, time.GetUtcNow() + BusyWait, null, []);
        if (!upstream.Health.TryEnter(now, out var until))
        {
            upstream.RemoveSession();
            return new SessionOffer(null, null, until, null, []);
        }
        while (pool.Idle + workers > model.Limits.Total && pool.CloseOne()) { }

        bool open = false, told = false;
        try
        {
            var resolution = await planner.ResolveAsync(model, candidate, cancel);
            if (resolution.Failure is { Kind: FailureKind.LoopsToUs } loop) return new SessionOffer(null, loop, null, null, resolution.Dns);
            var opening = resolution.Target is { } target
                ? await SmtpClientSession.OpenAsync(target, candidate.Settings, recorder, time, cancel)
                : new SessionOpening(null, resolution.Failure);
            if (opening.Session is { } session)
            {
                open = told = true;
                upstream.SessionStands();
                return new SessionOffer(new PooledSession(session, candidate, time), null, null, null, resolution.Dns);
            }
            var failure = opening.Failure!;
            if (failure.Kind == FailureKind.Cancelled) return new SessionOffer(null, failure, null, null, resolution.Dns);
            told = true;
            return new SessionOffer(null, failure, null, upstream.Health.Failed(failure), resolution.Dns);
        }
        finally
        {
            if (!open) upstream.RemoveSession();
            if (!told) upstream.Health.Abandoned();
        }
    }

    /// <summary>
    /// Tells the gate what a fresh session's first message came to. Returns until when the gate is closed (null: open), and whether it was
    /// opened by this.
    /// </summary>
    public static (DateTimeOffset? ClosedUntil, bool Opened) Report(PooledSession session, StageFailure? sessionFailure)
    {
        if (!session.OwesReport) return (null, false);
        session.OwesReport = false;
        var health = session.Candidate.Upstream.Health;
        if (sessionFailure is null) return (null, health.Succeeded());
        if (sessionFailure.Kind != FailureKind.Cancelled) return (health.Failed(sessionFailure), false);
        health.Abandoned();
        return (null, false);
    }
}
