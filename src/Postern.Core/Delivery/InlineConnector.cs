using System.Globalization;
using Postern.Core.Routing;
using Postern.Core.Submission;
using Postern.Core.Upstreams;
using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.History;
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
        foreach (var candidate in plan.Candidates)
        {
            if (!fresh && _engine.Pool.TryRent(candidate.SessionKey) is { } pooled) return new LiveOpening(new InlineSession(_engine, parsed, pooled, isReused: true), null);
            var recorder = new SessionRecorder(_engine.Time);
            var offer = await _engine.Opener.OpenAsync(model, candidate, now: false, _engine.Scheduler.Workers, recorder, cancel);
            if (offer.Session is { } session) return new LiveOpening(new InlineSession(_engine, parsed, session, isReused: false), null);
            if (offer.Failure is { } tried)
            {
                failure = tried;
                diagnosis = Explain(parsed, candidate, tried, recorder, [.. plan.Dns, .. offer.Dns]);
            }
            else if (failure is null)
            {
                // Its gate is closed: what closed it is the reason.
                failure = candidate.Upstream.Health.Snapshot().LastFailure;
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

    private DiagnosisReport? Explain(Destination destination, Candidate candidate, StageFailure failure, SessionRecorder recorder, IReadOnlyList<DnsObservation> dns) =>
        _engine.Parts.Explainer.Explain(InlineSession.Evidence(_engine, destination, candidate, failure).With(recorder) with { Dns = dns, Tls = recorder.Tls }, candidate, destination).Diagnosis;

    private static StageFailure Busy(string upstream) => new(ClientStage.Connect, Speaker.Us, FailureKind.LocalError, $"all sessions to {upstream} are in use");
}

/// <summary>A session of the pool on loan to an inline transaction.</summary>
internal sealed class InlineSession : LiveUpstream
{
    private readonly DeliveryEngine _engine;
    private readonly PooledSession _pooled;
    private readonly Destination _destination;
    private readonly int _sentBefore;

    internal InlineSession(DeliveryEngine engine, Destination destination, PooledSession pooled, bool isReused)
    {
        _engine = engine;
        _destination = destination;
        _pooled = pooled;
        _sentBefore = pooled.Session.MessagesSent;
        IsReused = isReused;
    }

    public override SmtpClientSession Session => _pooled.Session;

    public override bool IsReused { get; }

    /// <summary>"host[address]:port".</summary>
    public string Target => _pooled.Target;

    public override string Name => _pooled.Candidate.Upstream.Name;

    public override void Return()
    {
        if (Session.MessagesSent > _sentBefore)
        {
            AttemptExplainer.Record(_pooled.Candidate, new AttemptSample(_engine.Time.GetUtcNow(), AttemptOutcome.Served, _pooled.Candidate.Upstream.OpenSessions, _sentBefore));
            _engine.Parts.Explainer.Accepted(_pooled.Candidate);
        }
        if (SessionOpener.Report(_pooled, null).Opened && _pooled.Candidate.Upstream.IsPool) _engine.Scheduler.Reopen(static q => q.Destination.Kind == DestinationKind.Pool);
        _engine.Pool.Return(_pooled);
    }

    public override void Drop(StageFailure? failure)
    {
        SessionOpener.Report(_pooled, failure);
        _engine.Pool.Drop(_pooled);
    }

    public override DiagnosisReport? Explain(StageFailure failure) => _engine.Parts.Explainer.Explain(
        Evidence(_engine, _destination, _pooled.Candidate, failure) with
        {
            Target = _pooled.Target,
            LocalAddress = Session.Local?.Address.ToString(),
            SessionReused = IsReused,
            MessagesBefore = _sentBefore,
            Tls = Session.Tls,
        }, _pooled.Candidate, _destination).Diagnosis;

    internal static AttemptEvidence Evidence(DeliveryEngine engine, Destination destination, Candidate candidate, StageFailure failure) => new()
    {
        At = engine.Time.GetUtcNow(),
        Destination = destination.ToString(),
        Upstream = candidate.Upstream.Name,
        Target = string.Create(CultureInfo.InvariantCulture, $"{candidate.Host}:{candidate.Port}"),
        Egress = candidate.Egress.Name.Length == 0 ? null : candidate.Egress.Name,
        HelloName = candidate.Settings.HelloName,
        StageReached = failure.Stage,
        Failure = failure,
        Concurrency = candidate.Upstream.OpenSessions,
    };
}
