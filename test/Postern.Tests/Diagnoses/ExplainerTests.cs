using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Postern.Core.Configuration;
using Postern.Core.Diagnoses;
using Postern.Core.Telemetry;
using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Checks;
using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.Probes;
using Postern.Protocols.Smtp;
using Postern.Tests.Delivery;
using Postern.Tests.Diagnosis.Checks;

namespace Postern.Tests.Diagnoses;

public sealed class ExplainerTests : IAsyncDisposable
{
    private readonly FakeTimeProvider _time = new(DeliveryRig.Start);
    private readonly PosternMetrics _metrics = new();
    private readonly IncidentBook _book;
    private readonly Core.Diagnoses.Prober _prober;
    private readonly Explainer _explainer;
    private readonly ProbeWish _wish = new(new ProbeTarget("up", null, [], 25), [], "relay.test");
    private int _diagnoses, _probes;
    private string _cause = "upstream-down";

    public ExplainerTests()
    {
        _book = new IncidentBook(_ => 0, NullLogger.Instance, _time);
        _prober = new Core.Diagnoses.Prober((_, _) => new([]), (_, _) =>
        {
            Interlocked.Increment(ref _probes);
            return Task.FromResult<IReadOnlyList<Fact>>([FakeProbes.Tcp(TcpOutcome.Refused)]);
        }, _metrics, NullLogger.Instance);
        var parts = new DiagnosisParts(e => new EvidenceSet(e.Target, null, e.At, []), set =>
        {
            Interlocked.Increment(ref _diagnoses);
            return FakeProbes.Report(set.Facts.OfType<TcpFact>().Any() ? "upstream-firewall" : _cause);
        });
        _explainer = new Explainer(parts, _book, _prober, _metrics, _time);
    }

    public async ValueTask DisposeAsync()
    {
        await _prober.DisposeAsync();
        _metrics.Dispose();
    }

    private AttemptEvidence Evidence(ClientStage stage = ClientStage.Connect, FailureKind kind = FailureKind.ConnectionRefused, string upstream = "up") => new()
    {
        At = _time.GetUtcNow(),
        Destination = "pool:up",
        Upstream = upstream,
        Target = $"{upstream}[192.0.2.1]:25",
        Failure = new StageFailure(stage, Speaker.Network, kind, "refused"),
    };

    private DiagnosisReport? Fail(AttemptEvidence evidence, string? recipient = null) => _explainer.Failed(evidence, recipient, () => [], () => _wish);

    [Fact]
    public void A_storm_of_one_failure_is_diagnosed_once()
    {
        _explainer.Apply(new DiagnosisConfig { Probe = false });
        for (int i = 0; i < 10_000; i++) Assert.NotNull(Fail(Evidence()));
        Assert.Equal(1, _diagnoses);
        Assert.Equal(10_000, Assert.Single(_book.Snapshot(false)).Failures);
        _time.Advance(TimeSpan.FromSeconds(30));
        Fail(Evidence());
        Assert.Equal(2, _diagnoses);
    }

    [Fact]
    public void The_same_failure_is_explained_anew_soon_at_first_and_seldom_later()
    {
        _explainer.Apply(new DiagnosisConfig { Probe = false });
        var at = new List<int>();
        for (int second = 0; second < 130; second++)
        {
            int before = _diagnoses;
            Fail(Evidence());
            if (_diagnoses > before) at.Add(second);
            _time.Advance(TimeSpan.FromSeconds(1));
        }
        Assert.Equal([0, 1, 3, 7, 15, 31, 61, 91, 121], at);
    }

    [Fact]
    public void What_is_kept_is_bounded()
    {
        _explainer.Apply(new DiagnosisConfig { Probe = false });
        _cause = "recipient-unknown";
        for (int i = 0; i <= Explainer.MaxKept; i++) Fail(Evidence(ClientStage.Rcpt, FailureKind.Refused), $"you{i}@example.org");
        Assert.Equal(Explainer.MaxKept + 1, _diagnoses);
        Fail(Evidence(ClientStage.Rcpt, FailureKind.Refused), "you0@example.org");
        Assert.Equal(Explainer.MaxKept + 2, _diagnoses);
    }

    [Fact]
    public async Task A_closer_look_is_taken_once_and_its_findings_explain_what_follows()
    {
        for (int i = 0; i < 100; i++) Fail(Evidence());
        await DeliveryRig.Until(() => _book.Snapshot(false) is [{ Cause: "upstream-firewall" }], "the look");
        Assert.Equal("upstream-firewall", Fail(Evidence())!.Verdict.Cause);
        Assert.Equal(1, _probes);
        Assert.Equal(1, _book.Open);
    }

    [Fact]
    public void When_it_is_off_nothing_is_explained()
    {
        _explainer.Apply(new DiagnosisConfig { Enabled = false });
        Assert.Null(Fail(Evidence()));
        Assert.Null(_explainer.Explain(Evidence(), Evidence().Failure!, null));
        Assert.Equal((0, 0), (_diagnoses, _book.Open));
    }

    [Fact]
    public void Our_own_stop_is_no_failure() => Assert.Null(Fail(Evidence(kind: FailureKind.Cancelled)));

    [Fact]
    public void What_concerns_a_recipient_is_no_incident_but_can_be_asked_for()
    {
        _cause = "recipient-unknown";
        Assert.Equal("recipient-unknown", Fail(Evidence(ClientStage.Rcpt, FailureKind.Refused), "you@example.org")!.Verdict.Cause);
        Assert.Equal(0, _book.Open);
        Assert.Single(_book.Latest("up"));
    }
}
