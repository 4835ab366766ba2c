using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Postern.Core.Scheduling;
using Postern.Core.Shaping;
using Postern.Core.Telemetry;
using Postern.Core.Trends;
using Postern.Core.Upstreams;
using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.History;
using Postern.Protocols.Dns;
using Postern.Protocols.Smtp;

namespace Postern.Core.Delivery;

/// <summary>
/// Tells everybody who learns from an attempt at one candidate: the upstream's gate, its history, the message's evidence, metrics, the log line.
/// They all learn from the same record. One per session loop.
/// </summary>
internal sealed class AttemptReporter(DeliveryEngine engine)
{
    /// <summary>After a refusal by a limit, until the lane is asked again: it knows better when.</summary>
    private static readonly TimeSpan LimitWait = TimeSpan.FromMilliseconds(250);

    private static readonly string[] OutcomeWords = [OutcomeWord.Delivered, OutcomeWord.NextHost, OutcomeWord.Deferred, OutcomeWord.Bounced];

    /// <summary>
    /// A session that ends so soon after its last message was not ended for being idle: 5 minutes are asked for (RFC 5321 section 4.5.3.2.7), and no less than 10 s given under
    /// stress (https://www.postfix.org/STRESS_README.html).
    /// </summary>
    private static readonly TimeSpan NeverSoIdle = TimeSpan.FromSeconds(2);

    /// <summary>Peers do not fall silent to a session that idles; something on the way may have forgotten it after so long.</summary>
    private static readonly TimeSpan ForgottenAfter = TimeSpan.FromMinutes(1);

    private Candidate _candidate = null!;
    private IReadOnlyList<DnsObservation> _dns = [];
    private DateTimeOffset _at;
    private long _begun;

    /// <summary>Records the dialogue of the present candidate.</summary>
    public SessionRecorder Recorder { get; } = new(engine.Time);

    public void Begin(Candidate candidate)
    {
        _candidate = candidate;
        _dns = [];
        _at = engine.Time.GetUtcNow();
        _begun = engine.Time.GetTimestamp();
        Recorder.Restart();
    }

    /// <summary>A destination without a candidate. Where that may heal, its gate is closed for a while.</summary>
    public void PlanFailed(Attempt attempt, DestinationQueue queue, DeliveryPlan plan, StageFailure failure)
    {
        _at = attempt.StartedAt;
        _begun = engine.Time.GetTimestamp();
        if (!failure.IsPermanent) attempt.NoteGate(engine.Registry.Domain(queue.Destination.Name).Failed(failure).Until);
        attempt.SetOpen(failure, null);
        string domain = queue.Destination.Name;
        var evidence = new AttemptEvidence
        {
            At = _at,
            MessageId = attempt.Lease.Id.ToString(),
            Destination = queue.Name,
            Upstream = domain,
            Target = domain,
            StageReached = ClientStage.Resolve,
            Failure = failure,
            Deferred = attempt.Outcomes.Length,
            Dns = plan.Dns,
        };
        evidence = engine.Parts.Explainer.Explain(evidence, domain, engine.Model.Config.Delivery.MxPort, engine.Model.Config.Server.Hostname);
        Decided(attempt, evidence);
        // No host will be tried, so this is the last word, and it is the one that is told.
        attempt.Close(allTried: true, engine.Abort.IsCancellationRequested);
        var (delivered, deferred, refused) = Count(attempt);
        evidence = evidence with { Delivered = delivered, Deferred = deferred, Refused = refused };
        attempt.Note(evidence);
        Publish(attempt, domain, domain, ClientStage.Resolve, OutcomeWord.Of(delivered, deferred, refused), evidence, failure.Detail, ms: 0, session: null, isReused: false);
    }

    /// <summary>A session was asked for.</summary>
    public void Opened(Attempt attempt, DestinationQueue queue, Candidate candidate, in SessionOffer offer, DeliveryPlan plan)
    {
        _dns = plan.Dns.Count == 0 ? offer.Dns : [.. plan.Dns, .. offer.Dns];
        attempt.Blame = offer.Blame;
        if (offer.Session is not null)
        {
            engine.Parts.Metrics.UpstreamSessionsOpened.Add(1, new KeyValuePair<string, object?>("result", "open"));
            return;
        }
        if (offer.NotBefore is { } notBefore)
        {
            attempt.WasSkipped = true;
            attempt.IsFull = offer.IsFull;
            if (offer.IsShaped) attempt.NoteShaped(notBefore);
            else attempt.NoteGate(notBefore, offer.ClosedBy);
            return;
        }
        var failure = offer.Failure!;
        if (failure.Kind == FailureKind.Cancelled)
        {
            attempt.WasSkipped = true;
            return;
        }
        attempt.HasLoop = failure.Kind == FailureKind.LoopsToUs;
        // After a host that failed, ourselves in the list means only that no further host is left.
        if (!attempt.HasLoop || attempt.NothingTried) attempt.SetOpen(failure, null);
        engine.Parts.Metrics.UpstreamSessionsOpened.Add(1, new KeyValuePair<string, object?>("result", "failed"));
        if (offer.Until is { } until) Gated(attempt, candidate, failure, until, offer.IsRest);
        if (offer.IsLimit) Limited(attempt, offer.Lesson);
        Learned(candidate, offer.Lesson);
        string target = string.Create(CultureInfo.InvariantCulture, $"{candidate.Host}:{candidate.Port}");
        Record(attempt, queue, candidate, null, target, failure.Stage, failure, isReused: false);
    }

    /// <summary>A message was handed to a session, whatever came of it.</summary>
    /// <param name="messagesBefore">That the session had carried.</param>
    /// <param name="began">When the message was granted.</param>
    public void Ran(Attempt attempt, DestinationQueue queue, PooledSession session, bool isReused, in TransactionRunner.Result result, int messagesBefore, DateTimeOffset began)
    {
        var candidate = session.Candidate;
        // A session that broke or was ended with 421 says nothing for the host; any other answer is the host's own.
        if (result.SessionFailure is null)
        {
            attempt.WasReached = true;
            engine.Scheduler.Proven(queue);
        }
        var lesson = Tell(attempt, session, result.SessionFailure, messagesBefore, began);
        bool owed = session.OwesReport;
        var failure = result.SessionFailure ?? AboutOurAddress(attempt, candidate);
        // A session that a limit ended says nothing against the host.
        var report = engine.Opener.Report(session, lesson is null ? failure : null);
        attempt.Blame = report.Blame;
        if (report.IsLimit || (lesson is not null && result.SessionFailure is { MayDuplicate: false })) Limited(attempt, lesson);
        Learned(candidate, lesson);
        if (report.ClosedUntil is { } closed) Gated(attempt, candidate, failure!, closed, report.IsRest);
        if (report.Opened) PosternLog.UpstreamOpened(engine.Parts.Logger, candidate.Upstream.Name);
        if (report.Opened) engine.Parts.News.Opened(candidate.Upstream);
        if (report.Opened) engine.Parts.Metrics.GateChanges.Add(1, new KeyValuePair<string, object?>("state", "open"));
        if (report.Opened && candidate.Upstream.IsPool) engine.Scheduler.Reopen(static q => q.Destination.Kind == Routing.DestinationKind.Pool);
        if (owed && failure is null) engine.Scheduler.Open(queue);
        Record(attempt, queue, candidate, session, session.Target, result.Stage, result.SessionFailure, isReused);
    }

    /// <summary>Tells the lane what became of the message; returns what a refusal taught.</summary>
    private LaneLesson? Tell(Attempt attempt, PooledSession session, StageFailure? sessionFailure, int messagesBefore, DateTimeOffset began)
    {
        var candidate = session.Candidate;
        var now = engine.Time.GetUtcNow();
        int open = candidate.Upstream.OpenSessions;
        candidate.Lane.Settled(session.Session.MessagesSent - messagesBefore);
        if (session.Session.MessagesSent > messagesBefore) candidate.Lane.Accepted(LaneSamples.Taken(now, open, messagesBefore, began));
        var failure = sessionFailure ?? (session.Session.MessagesSent > messagesBefore ? null : FirstFailure(attempt));
        if (failure is null or { Kind: FailureKind.Cancelled }) return null;
        return LaneSamples.Refused(now, failure, candidate.Host, open, messagesBefore, began) is { } sample ? candidate.Lane.Refused(sample) : null;
    }

    /// <summary>The message waits for its turn. Where it is sessions that are too many, those that are served go on.</summary>
    private void Limited(Attempt attempt, LaneLesson? lesson)
    {
        attempt.IsFull = lesson is null or { Kind: LimitKind.Concurrency or LimitKind.ConnectionRate };
        attempt.NoteShaped(engine.Time.GetUtcNow() + LimitWait);
    }

    /// <summary>A limit was met: said once in the log, on the incident and to whoever listens to events.</summary>
    private void Learned(Candidate candidate, LaneLesson? lesson)
    {
        if (lesson is null || !candidate.Lane.IsNews(lesson)) return;
        PosternLog.LimitLearned(engine.Parts.Logger, candidate.Lane.Name, lesson.Words);
        engine.Parts.News.Learned(candidate.Lane, lesson);
    }

    /// <summary>
    /// A session in use was ended before the next message, which goes to another session and loses nothing. Where that comes after the same number of messages again, it is a
    /// limit of theirs that an operator wants to know: explained like a failure, though none of a message.
    /// </summary>
    /// <param name="idle">How long it had nothing to do before the message.</param>
    public void Ended(Attempt attempt, DestinationQueue queue, PooledSession session, in TransactionRunner.Result result, int messagesBefore, DateTimeOffset began, TimeSpan idle)
    {
        var candidate = session.Candidate;
        if (idle > (result.SessionFailure is { Kind: FailureKind.TimedOut } ? ForgottenAfter : NeverSoIdle))
        {
            candidate.Lane.Untake(began);
            return;
        }
        var lesson = Tell(attempt, session, result.SessionFailure, messagesBefore, began);
        Learned(candidate, lesson);
        double ms = engine.Time.GetElapsedTime(_begun).TotalMilliseconds;
        var evidence = Evidence(attempt, queue, candidate, session, session.Target, result.Stage, result.SessionFailure, isReused: true, ms);
        AttemptExplainer.Record(candidate, AttemptSample.Of(evidence));
        // Nothing is lost by it, but it is a refusal all the same, and shows what a limit costs.
        if (lesson is not null) engine.Parts.Trends?.Attempted(candidate.Upstream.Name, AttemptWord.Deferred, CauseId.RateLimited);
        if (lesson is not null || candidate.Upstream.Record.MessagesPerSession == evidence.MessagesBefore) engine.Parts.Explainer.Explain(evidence, candidate, attempt, queue.Destination);
    }

    private void Gated(Attempt attempt, Candidate candidate, StageFailure failure, DateTimeOffset until, bool isRest)
    {
        attempt.NoteGate(until, isRest ? null : candidate.Gate);
        // Our address rests, which is told once where it begins; the upstream is well.
        if (isRest) return;
        PosternLog.UpstreamGated(engine.Parts.Logger, candidate.Upstream.Name, failure.Stage.Word(), until, failure.Detail);
        engine.Parts.News.Gated(candidate.Upstream, failure, until);
        engine.Parts.Metrics.GateChanges.Add(1, new KeyValuePair<string, object?>("state", "closed"));
    }

    private void Record(Attempt attempt, DestinationQueue queue, Candidate candidate, PooledSession? session, string target, ClientStage stage, StageFailure? sessionFailure, bool isReused)
    {
        var (delivered, deferred, refused) = Count(attempt);
        double ms = engine.Time.GetElapsedTime(_begun).TotalMilliseconds;
        var failure = sessionFailure ?? FirstFailure(attempt);
        AttemptEvidence? evidence = null;
        if (delivered < attempt.Outcomes.Length)
        {
            evidence = Evidence(attempt, queue, candidate, session, target, stage, failure, isReused, ms) with { Delivered = delivered, Deferred = deferred, Refused = refused };
            AttemptExplainer.Record(candidate, AttemptSample.Of(evidence));
            evidence = engine.Parts.Explainer.Explain(evidence, candidate, attempt, queue.Destination);
            Decided(attempt, evidence);
            (delivered, deferred, refused) = Count(attempt);
            evidence = evidence with { Deferred = deferred, Refused = refused };
            AttemptActions.WentOn(attempt, engine.Parts.Explainer);
            attempt.Note(evidence);
        }
        else
        {
            AttemptExplainer.RecordServed(candidate, _at, session);
        }
        if (delivered > 0) engine.Parts.Explainer.Accepted(candidate);
        candidate.Upstream.History.Add(new AttemptSummary(_at, attempt.Lease.Id, target, stage, delivered, deferred, refused, (float)ms, isReused), evidence);

        string outcome = OutcomeWord.Of(delivered, deferred, refused, goesOn: attempt.Open > 0);
        var metrics = engine.Parts.Metrics;
        metrics.AttemptDuration.Record(ms / 1000, new KeyValuePair<string, object?>("outcome", outcome));
        if (delivered > 0) metrics.RecipientsSettled.Add(delivered, new KeyValuePair<string, object?>("status", "delivered"));
        if (refused > 0) metrics.RecipientsSettled.Add(refused, new KeyValuePair<string, object?>("status", "bounced"));
        if (evidence is null) metrics.QueueTime.Record(Math.Max(0, (_at - attempt.Lease.Envelope.AcceptedAt).TotalSeconds + ms / 1000));
        // Commands are pipelined, so the last stage is often past the one where somebody said no.
        Publish(attempt, candidate.Upstream.Name, target, failure?.Stage ?? stage, outcome, evidence, failure?.Reply?.ToString() ?? failure?.Detail, ms, session, isReused);
    }

    /// <summary>Trends, count, span, and the log line with the span's ids: of one attempt, in the same words.</summary>
    /// <param name="words">The peer's, or what was seen; null where the first recipient's reply says it.</param>
    private void Publish(Attempt attempt, string upstream, string target, ClientStage stage, string outcome, AttemptEvidence? evidence, string? words, double ms, PooledSession? session, bool isReused)
    {
        engine.Parts.Trends?.Attempted(upstream, OutcomeWord.ForTrends(outcome), evidence?.Diagnosis?.Verdict.Id ?? CauseId.None);
        engine.Parts.Metrics.Attempts.Add(1, new("outcome", outcome), new("stage", stage.Word()));
        var span = Trace(attempt, upstream, target, stage, evidence, outcome, session, isReused);
        using (PosternTraces.As(span)) Log(attempt, upstream, target, stage, outcome, words, evidence?.Diagnosis, ms, session?.Session.Tls?.Protocol ?? "none", isReused);
        if (span is not null) PosternTraces.End(span, engine.Time.GetUtcNow());
    }

    /// <summary>Null where the message is not traced.</summary>
    private Activity? Trace(Attempt attempt, string upstream, string target, ClientStage stage, AttemptEvidence? evidence, string outcome, PooledSession? session, bool isReused)
    {
        if (attempt.Lease.Envelope.Traceparent is not { } parent || !PosternTraces.IsOn) return null;
        var (delivered, deferred, refused) = Count(attempt);
        return new AttemptTrace(parent, attempt.Lease.Id.ToString(), attempt.Lease.Destination, upstream, target, _at, engine.Time.GetUtcNow(), outcome, stage)
        {
            Delivered = delivered,
            Deferred = deferred,
            Refused = refused,
            IsReused = isReused,
            Tls = session?.Session.Tls?.Protocol,
            Failure = evidence?.Failure,
            Diagnosis = evidence?.Diagnosis,
        }.Begin();
    }

    /// <summary>What was decided while the transaction ran rests on the words alone; the explanation may know better.</summary>
    private static void Decided(Attempt attempt, AttemptEvidence evidence)
    {
        if (evidence is { Failure: { } failure, Diagnosis: { } diagnosis }) attempt.Explained(failure, diagnosis);
    }

    private static (int Delivered, int Deferred, int Refused) Count(Attempt attempt)
    {
        int delivered = 0, deferred = 0, refused = 0;
        foreach (ref readonly var outcome in attempt.Outcomes)
        {
            if (outcome.Disposition == Disposition.Delivered) delivered++;
            else if (outcome.Disposition == Disposition.Bounce) refused++;
            else deferred++;
        }
        return (delivered, deferred, refused);
    }

    private AttemptEvidence Evidence(Attempt attempt, DestinationQueue queue, Candidate candidate, PooledSession? session, string target, ClientStage stage, StageFailure? failure, bool isReused, double ms) => new AttemptEvidence
    {
        At = _at,
        MessageId = attempt.Lease.Id.ToString(),
        Destination = queue.Name,
        Upstream = candidate.Upstream.Name,
        Target = target,
        Egress = candidate.Egress.Name.Length == 0 ? null : candidate.Egress.Name,
        LocalAddress = session?.Session.Local?.Address.ToString(),
        HelloName = candidate.Settings.HelloName,
        StageReached = stage,
        Failure = failure,
        SessionReused = isReused,
        Concurrency = AttemptExplainer.Concurrency(candidate, session),
        MessagesBefore = session?.Session.MessagesSent ?? 0,
        Bytes = session is null ? 0 : attempt.Lease.Content.Length,
        TotalMilliseconds = ms,
        Dns = _dns,
        Tls = session?.Session.Tls ?? Recorder.Tls,
    }.With(Recorder);

    /// <summary>A refusal of a recipient or the message that is about our address, where somebody is still to be delivered; null when there is none.</summary>
    private static StageFailure? AboutOurAddress(Attempt attempt, Candidate candidate)
    {
        if (attempt.Open == 0) return null;
        foreach (ref readonly var outcome in attempt.Outcomes)
        {
            if (outcome is { IsAboutUs: true, Failure: { } failure } && BlameReading.Of(failure, candidate).IsRefusedAddress) return failure;
        }
        return null;
    }

    private static StageFailure? FirstFailure(Attempt attempt)
    {
        foreach (ref readonly var outcome in attempt.Outcomes)
        {
            if (outcome.Failure is not null) return outcome.Failure;
        }
        return null;
    }

    private void Log(Attempt attempt, string upstream, string target, ClientStage stage, string outcome, string? words, DiagnosisReport? diagnosis, double ms, string tls, bool isReused)
    {
        var logger = engine.Parts.Logger;
        if (!logger.IsEnabled(LogLevel.Information)) return;
        var lease = attempt.Lease;
        words ??= attempt.Outcomes[0].Reply?.ToString() ?? "";
        PosternLog.Attempted(logger, lease.Id, lease.Destination, upstream, target, outcome, Recipients(attempt), stage.Word(), words, diagnosis?.Verdict.Cause, diagnosis is null ? null : Math.Round(diagnosis.Verdict.Confidence, 2), (long)ms, lease.Content.Length, tls, isReused);
    }

    /// <summary>Each recipient with what became of it; of many, the first three and the number of the rest.</summary>
    private static string Recipients(Attempt attempt)
    {
        var recipients = attempt.Lease.Envelope.Recipients;
        var outcomes = attempt.Outcomes;
        string text = "";
        for (int i = 0; i < outcomes.Length && i < 3; i++)
        {
            if (i > 0) text += ",";
            text += $"{recipients[outcomes[i].Index].Address.Address}:{OutcomeWords[(int)outcomes[i].Disposition]}";
        }
        return outcomes.Length > 3 ? string.Create(CultureInfo.InvariantCulture, $"{text},+{outcomes.Length - 3}") : text;
    }
}
