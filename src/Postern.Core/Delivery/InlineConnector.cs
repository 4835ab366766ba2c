using System.Globalization;
using Postern.Core.Routing;
using Postern.Core.Shaping;
using Postern.Core.Submission;
using Postern.Core.Upstreams;
using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Dns;
using Postern.Protocols.Smtp;

namespace Postern.Core.Delivery;

/// <summary>
/// Opens sessions for the inline modes, with the same plans, gates, limits and pool as queued delivery: an upstream known to be dead is not tried for
/// every client, and a session a queued message left behind is used. Thread safe.
/// </summary>
public sealed class InlineConnector : ILiveUpstreams
{
    private readonly DeliveryEngine _engine;

    internal InlineConnector(DeliveryEngine engine) => _engine = engine;

    public async ValueTask<LiveOpening> OpenAsync(string destination, bool fresh, CancellationToken cancel)
    {
        var model = _engine.Model;
        if (!Destination.TryParse(destination, out var parsed) || await _engine.Planner.PlanAsync(model, parsed, cancel) is not { } plan)
            return new LiveOpening(null, new StageFailure(ClientStage.Resolve, Speaker.Us, FailureKind.LocalError, $"the destination {destination} is not configured"));
        if (plan.Failure is { } unplanned) return new LiveOpening(null, unplanned, Explain(model, parsed, unplanned, plan.Dns));
        StageFailure? failure = null;
        DiagnosisReport? diagnosis = null;
        SessionOffer offer = default;
        for (var next = plan.First; next is { } step; next = plan.NextAfter(step, offer.Blame, offer.NotBefore is null))
        {
            var candidate = plan.At(step);
            var began = _engine.Time.GetUtcNow();
            if (candidate.Lane.TryMessage(began) is { IsGranted: false } full)
            {
                failure ??= Full(candidate, full);
                offer = SessionOffer.Later(full.Until, Blame.Egress);
                continue;
            }
            var recorder = new SessionRecorder(_engine.Time);
            var record = new InlineRecord(_engine, candidate, parsed, plan.Dns, recorder, IsReused: true);
            if (!fresh && _engine.Pool.TryRent(candidate.SessionKey) is { } pooled) return new LiveOpening(new InlineSession(_engine, pooled, record, began), null);
            offer = await _engine.Opener.OpenAsync(model, candidate, now: false, _engine.Scheduler.Workers, recorder, cancel);
            record = record with { IsReused = false, Dns = [.. plan.Dns, .. offer.Dns] };
            if (offer.Session is { } session) return new LiveOpening(new InlineSession(_engine, session, record, began), null);
            candidate.Lane.Untake(began);
            if (offer.Failure is { Kind: not FailureKind.Cancelled } refused)
            {
                var tally = new LiveTally();
                tally.Lose(refused);
                (failure, diagnosis) = (refused, record.Explain(refused, tally, null));
                record.Write(tally, null);
                if (offer is { Until: { } until, IsRest: false }) _engine.Parts.News.Gated(candidate.Upstream, refused, until);
            }
            else if (failure is null)
            {
                // Its gate is closed: what closed it is the reason.
                failure = offer.Failure ?? candidate.Gate.Snapshot().LastFailure;
                diagnosis = failure is null ? null : _engine.Parts.Explainer.Latest(candidate);
                failure ??= Busy(candidate.Upstream.Name);
            }
        }
        return new LiveOpening(null, failure, diagnosis);
    }

    private DiagnosisReport? Explain(DeliveryModel model, Destination destination, StageFailure failure, IReadOnlyList<DnsObservation> dns) => _engine.Parts.Explainer.Explain(
        new AttemptEvidence
        {
            At = _engine.Time.GetUtcNow(),
            Destination = destination.ToString(),
            Upstream = destination.Name,
            Target = destination.Name,
            StageReached = failure.Stage,
            Failure = failure,
            Dns = dns,
        }, destination.Name, model.Config.Delivery.MxPort, model.Config.Server.Hostname).Diagnosis;

    private static StageFailure Full(Candidate candidate, in LaneAnswer answer) => new(ClientStage.Connect, Speaker.Us, FailureKind.LocalError,
        answer.IsWarmUp ? answer.Reason! : string.Create(CultureInfo.InvariantCulture, $"{candidate.Upstream.Name} takes no more now: {answer.Reason}; it may be asked again at {answer.Until.UtcDateTime:HH:mm:ss} UTC"));

    private static StageFailure Busy(string upstream) => new(ClientStage.Connect, Speaker.Us, FailureKind.LocalError, $"all sessions to {upstream} are in use");
}

/// <summary>A session of the pool on loan to an inline transaction.</summary>
internal sealed class InlineSession : LiveUpstream
{
    private readonly DeliveryEngine _engine;
    private readonly PooledSession _pooled;
    private readonly InlineRecord _record;
    private readonly DateTimeOffset _began;
    private readonly int _messagesBefore;

    /// <param name="began">When the message's place in what the lane may send was taken.</param>
    internal InlineSession(DeliveryEngine engine, PooledSession pooled, InlineRecord record, DateTimeOffset began)
    {
        _began = began;
        _messagesBefore = pooled.Session.MessagesSent;
        _engine = engine;
        _pooled = pooled;
        _record = record;
    }

    public override SmtpClientSession Session => _pooled.Session;

    public override bool IsReused => _record.IsReused;

    public override SessionRecorder Recorder => _record.Recorder;

    /// <summary>"host[address]:port".</summary>
    public string Target => _pooled.Target;

    public override string Name => _pooled.Candidate.Upstream.Name;

    public override DiagnosisReport? Explain(StageFailure failure) => _record.Explain(failure, Tally, _pooled);

    public override void Return()
    {
        if (!Tally.IsEmpty) _record.Write(Tally, _pooled);
        TellLane(Tally.Failure);
        bool opened = _engine.Opener.Report(_pooled, null).Opened;
        if (opened) _engine.Parts.News.Opened(_pooled.Candidate.Upstream);
        if (opened && _pooled.Candidate.Upstream.IsPool) _engine.Scheduler.Reopen(static q => q.Destination.Kind == DestinationKind.Pool);
        _engine.Pool.Return(_pooled);
    }

    public override void Drop(StageFailure? failure)
    {
        if (failure is { Kind: not FailureKind.Cancelled }) Tally.Lose(failure);
        if (!Tally.IsEmpty) _record.Write(Tally, _pooled);
        TellLane(failure ?? Tally.Failure);
        // 421 is an answer, but one about the upstream.
        _engine.Opener.Report(_pooled, failure ?? (Tally.Failure is { Reply.Code: 421 } closing ? closing : null));
        _engine.Pool.Drop(_pooled);
    }

    private void TellLane(StageFailure? failure)
    {
        var candidate = _pooled.Candidate;
        var now = _engine.Time.GetUtcNow();
        int open = candidate.Upstream.OpenSessions;
        if (Tally.Delivered > 0)
        {
            candidate.Lane.Settled(1);
            candidate.Lane.Accepted(LaneSamples.Taken(now, open, _messagesBefore, _began));
        }
        else if (failure is null or { Kind: FailureKind.Cancelled })
        {
            candidate.Lane.Untake();
        }
        else
        {
            candidate.Lane.Settled(0);
            if (LaneSamples.Refused(now, failure, candidate.Host, open, _messagesBefore, _began) is { } sample) candidate.Lane.Refused(sample);
        }
    }
}
