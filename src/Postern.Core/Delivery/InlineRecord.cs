using System.Globalization;
using Postern.Core.Routing;
using Postern.Core.Submission;
using Postern.Core.Telemetry;
using Postern.Core.Upstreams;
using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.History;
using Postern.Protocols.Dns;
using Postern.Protocols.Smtp;

namespace Postern.Core.Delivery;

/// <summary>
/// The record that an inline attempt leaves: the same as a queued one's, explained, in the upstream's history and the metrics. There is no queued message to
/// keep it with.
/// </summary>
/// <param name="Dns">Empty where a pooled session was used.</param>
internal sealed record InlineRecord(DeliveryEngine Engine, Candidate Candidate, Destination Destination, IReadOnlyList<DnsObservation> Dns, SessionRecorder Recorder, bool IsReused)
{
    private readonly DateTimeOffset _at = Engine.Time.GetUtcNow();
    private DiagnosisReport? _diagnosis;

    /// <summary>What the failure means; files it. Before the record is written, so that it can stand in it.</summary>
    public DiagnosisReport? Explain(StageFailure failure, LiveTally tally, PooledSession? session) =>
        _diagnosis = Engine.Parts.Explainer.Explain(Evidence(failure, tally, session), Candidate, Destination).Diagnosis;

    /// <param name="session">Null when none could be opened.</param>
    public void Write(LiveTally tally, PooledSession? session)
    {
        double ms = Recorder.ElapsedMilliseconds;
        var evidence = tally.Failure is { } failure ? Evidence(failure, tally, session) with { Diagnosis = _diagnosis } : null;
        Candidate.Upstream.History.Add(
            new AttemptSummary(_at, tally.Id ?? default, Target(session), Stage(tally.Failure), tally.Delivered, tally.Deferred, tally.Refused, (float)ms, IsReused), evidence);
        string word = OutcomeWord.Of(tally.Delivered, tally.Deferred, tally.Refused);
        Engine.Parts.Trends?.Attempted(Candidate.Upstream.Name, OutcomeWord.ForTrends(word), _diagnosis?.Verdict.Id ?? CauseId.None);
        Engine.Parts.Metrics.Attempts.Add(1, new("outcome", word), new("stage", Stage(tally.Failure).Word()));
        Engine.Parts.Metrics.AttemptDuration.Record(ms / 1000, new KeyValuePair<string, object?>("outcome", word));
        if (tally.Traceparent is { } parent) Trace(parent, tally, session, word);
        if (tally.Delivered == 0) return;
        AttemptExplainer.RecordServed(Candidate, _at, session);
        Engine.Parts.Explainer.Accepted(Candidate);
    }

    private void Trace(string parent, LiveTally tally, PooledSession? session, string outcome)
    {
        var now = Engine.Time.GetUtcNow();
        var trace = new AttemptTrace(parent, tally.Id?.ToString() ?? "", Destination.ToString(), Candidate.Upstream.Name, Target(session), _at, now, outcome, Stage(tally.Failure))
        {
            Delivered = tally.Delivered,
            Deferred = tally.Deferred,
            Refused = tally.Refused,
            IsReused = IsReused,
            Tls = session?.Session.Tls?.Protocol,
            Failure = tally.Failure,
            Diagnosis = _diagnosis,
        };
        if (trace.Begin() is { } span) PosternTraces.End(span, now);
    }

    private string Target(PooledSession? session) => session?.Target ?? string.Create(CultureInfo.InvariantCulture, $"{Candidate.Host}:{Candidate.Port}");

    private ClientStage Stage(StageFailure? failure) =>
        failure is not null && failure.Stage > Recorder.StageReached && failure.Stage < ClientStage.Rset ? failure.Stage : Recorder.StageReached;

    private AttemptEvidence Evidence(StageFailure failure, LiveTally tally, PooledSession? session) => new AttemptEvidence
    {
        At = _at,
        MessageId = tally.Id?.ToString(),
        Destination = Destination.ToString(),
        Upstream = Candidate.Upstream.Name,
        Target = Target(session),
        Egress = Candidate.Egress.Name.Length == 0 ? null : Candidate.Egress.Name,
        LocalAddress = session?.Session.Local.Address.ToString(),
        HelloName = Candidate.Settings.HelloName,
        StageReached = Stage(failure),
        Failure = failure,
        SessionReused = IsReused,
        Concurrency = AttemptExplainer.Concurrency(Candidate, session),
        MessagesBefore = session?.Session.MessagesSent ?? 0,
        Delivered = tally.Delivered,
        Deferred = tally.Deferred,
        Refused = tally.Refused,
        Bytes = tally.Bytes,
        TotalMilliseconds = Recorder.ElapsedMilliseconds,
        Dns = Dns,
        Tls = session?.Session.Tls ?? Recorder.Tls,
    }.With(Recorder);
}
