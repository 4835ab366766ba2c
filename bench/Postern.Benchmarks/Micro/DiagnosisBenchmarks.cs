using BenchmarkDotNet.Attributes;
using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.History;
using Postern.Protocols.Smtp;

namespace Postern.Benchmarks.Micro;

/// <summary>What is paid for every failed attempt: facts from what it left behind, a diagnosis from the facts, and the upstream's record. A thousand a second must cost next to nothing.</summary>
public class DiagnosisBenchmarks
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly AttemptEvidence _refused = Attempt(ClientStage.Rcpt, new SmtpReply(450, null, "4.7.1 try again later"));
    private readonly AttemptEvidence _greeted = Attempt(ClientStage.Greeting, new SmtpReply(554, null, "mx1.example.org"));
    private readonly UpstreamRecord _record = new("mx1.example.org");
    private EvidenceSet _probed = null!;
    private int _second;

    [GlobalSetup]
    public void Setup()
    {
        for (int i = 0; i < 600; i++) _record.Add(new AttemptSample(Now.AddSeconds(i - 600), i % 20 == 19 ? AttemptOutcome.PutOff : AttemptOutcome.Served, i % 5, i % 3));
        var point = new ProbePoint("mx1.example.org", "198.51.100.25", 25, "192.0.2.10", PointRole.Target);
        TcpFact Tcp(ProbePoint at, TcpOutcome outcome) => new() { SaidBy = Speaker.Network, Observed = "as it was", Point = at, Outcome = outcome, Milliseconds = 10 };
        _probed = new EvidenceSet("mx1.example.org:25", "example.org", Now,
        [
            Tcp(point, TcpOutcome.TimedOut),
            Tcp(point with { LocalAddress = "192.0.2.11", Role = PointRole.OtherEgress }, TcpOutcome.Connected),
            Tcp(point with { Port = 587, Role = PointRole.OtherPort }, TcpOutcome.Connected),
            Tcp(point with { Host = "mx.example.net", Address = "203.0.113.66", Role = PointRole.Control }, TcpOutcome.Connected),
            new PathFact { SaidBy = Speaker.Network, Observed = "the way", Point = point, Reached = false, LastAnswered = 4, HostDistance = 5, Hops = [.. Enumerable.Range(1, 4).Select(d => new PathHop(d, $"203.0.113.{d}", null, 1))] },
            .. Enumerable.Range(0, 20).Select(i => new BlocklistFact { SaidBy = Speaker.Dns, Observed = "not listed", Zone = $"list{i}.example", Name = $"List {i}", Address = "192.0.2.10", Result = BlocklistResult.NotListed, Weight = BlocklistWeight.Medium }),
        ]);
    }

    [Benchmark]
    public string ExplainRefusedRecipient() => Explain(_refused);

    [Benchmark]
    public string ExplainRefusedGreeting() => Explain(_greeted);

    [Benchmark]
    public string DiagnoseProbedBlackHole() => Diagnostician.Default.Diagnose(_probed).Verdict.Cause;

    [Benchmark]
    public void RecordAttempt() => _record.Add(new AttemptSample(Now.AddSeconds(_second++ / 100), AttemptOutcome.Served, 2, 1));

    private string Explain(AttemptEvidence attempt) => Diagnostician.Default.Diagnose(AttemptFacts.Of(attempt, _record.Read(Now, TimeSpan.FromHours(1)))).Verdict.Cause;

    private static AttemptEvidence Attempt(ClientStage stage, SmtpReply reply) => new()
    {
        At = Now,
        Destination = "mx:example.org",
        Upstream = "mx1.example.org",
        Target = "mx1.example.org[198.51.100.25]:25",
        StageReached = stage,
        Failure = new StageFailure(stage, Speaker.Peer, FailureKind.Refused, reply.ToString(), reply),
        Connects = [new ConnectObservation("198.51.100.25", 25, "192.0.2.10", null, 3)],
        Transcript = [new TranscriptLine(true, 5, "220 mx1.example.org ESMTP")],
    };
}
