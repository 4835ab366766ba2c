using Postern.Core.Submission;
using Postern.Core.Upstreams;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Dns;
using Postern.Protocols.Smtp;

namespace Postern.Core.Delivery;

/// <summary>
/// The record that an inline attempt leaves: the same as a queued one's, in the upstream's history and the metrics. There is no queued message to keep
/// it with.
/// </summary>
/// <param name="Destination">The scheduling key.</param>
/// <param name="Dns">Empty where a pooled session was used.</param>
internal sealed record InlineRecord(DeliveryEngine Engine, Candidate Candidate, string Destination, IReadOnlyList<DnsObservation> Dns, SessionRecorder Recorder, bool IsReused)
{
    private readonly DateTimeOffset _at = Engine.Time.GetUtcNow();

    /// <param name="session">Null when none could be opened.</param>
    public void Write(LiveTally tally, PooledSession? session)
    {
        string target = session?.Target ?? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Candidate.Host}:{Candidate.Port}");
        var stage = tally.Failure is { } f && f.Stage > Recorder.StageReached && f.Stage < ClientStage.Rset ? f.Stage : Recorder.StageReached;
        double ms = Recorder.ElapsedMilliseconds;
        var evidence = tally.Failure is null ? null : Evidence(tally, session, target, stage, ms);
        Candidate.Upstream.History.Add(new AttemptSummary(_at, tally.Id ?? default, target, stage, tally.Delivered, tally.Deferred, tally.Refused, (float)ms, IsReused), evidence);
        string word = (tally.Delivered, tally.Deferred, tally.Refused) switch
        {
            (_, 0, 0) => "delivered",
            (0, _, 0) => "deferred",
            (0, 0, _) => "bounced",
            _ => "partial",
        };
        Engine.Parts.Metrics.Attempts.Add(1, new("outcome", word), new("stage", stage.Word()));
        Engine.Parts.Metrics.AttemptDuration.Record(ms / 1000, new KeyValuePair<string, object?>("outcome", word));
    }

    private AttemptEvidence Evidence(LiveTally tally, PooledSession? session, string target, ClientStage stage, double ms) => AttemptReporter.WithRecord(Recorder, new AttemptEvidence
    {
        At = _at,
        MessageId = tally.Id?.ToString(),
        Destination = Destination,
        Upstream = Candidate.Upstream.Name,
        Target = target,
        Egress = Candidate.Egress.Name.Length == 0 ? null : Candidate.Egress.Name,
        LocalAddress = session?.Session.Local.Address.ToString(),
        HelloName = Candidate.Settings.HelloName,
        StageReached = stage,
        Failure = tally.Failure,
        SessionReused = IsReused,
        Concurrency = Candidate.Upstream.OpenSessions,
        MessagesBefore = session?.Session.MessagesSent ?? 0,
        Delivered = tally.Delivered,
        Deferred = tally.Deferred,
        Refused = tally.Refused,
        Bytes = tally.Bytes,
        TotalMilliseconds = ms,
        Dns = Dns,
        Tls = session?.Session.Tls ?? Recorder.Tls,
    });
}
