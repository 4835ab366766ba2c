using Microsoft.Extensions.Time.Testing;
using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Checks;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;
using Postern.Tests.Delivery;

namespace Postern.Tests.Diagnosis.Checks;

public sealed class CheckerTests
{
    private readonly FakeTimeProvider _time = new(DeliveryRig.Start);
    private readonly FakeProbes _probes = new();
    private readonly List<CheckEvent> _news = [];
    private EvidenceSet? _evidence;

    private Checker Checker() => new(_probes.Set(), evidence =>
    {
        _evidence = evidence;
        return FakeProbes.Report();
    });

    private Task<CheckResult> Run(CancellationToken cancel = default) => Checker().RunAsync(FakeProbes.Context(_time), new Noted(_news), cancel);

    private sealed class Noted(List<CheckEvent> news) : IProgress<CheckEvent>
    {
        public void Report(CheckEvent value)
        {
            lock (news) news.Add(value);
        }
    }

    private CheckProgress Last(CheckStage stage)
    {
        lock (_news) return _news.FindLast(n => n.Stage == stage).Progress;
    }

    [Fact]
    public async Task A_healthy_destination_needs_no_walk()
    {
        await Run();
        Assert.DoesNotContain("Path", _probes.Asked);
        Assert.Equal(CheckProgress.Skipped, Last(CheckStage.Path));
        Assert.Equal(["Names", "Resolver"], _probes.Asked.Take(2).Order());
        Assert.Equal("Greeting", _probes.Asked[^1]);
        Assert.Equal("mx.example.org[198.51.100.25]:25", _evidence!.Target);
        Assert.Equal("example.org", _evidence.Domain);
        Assert.Equal(3, _evidence.Facts.Count);
    }

    [Fact]
    public async Task A_healthy_verdict_does_not_wait_for_silent_blocklists()
    {
        _probes.Hanging.Add(CheckStage.Blocklists);
        var run = Run();
        await DeliveryRig.Until(() => Last(CheckStage.Path) == CheckProgress.Skipped, "the verdict's facts");
        Assert.False(run.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(4));
        var result = await run;
        Assert.Equal(TimeSpan.FromSeconds(4), result.Elapsed);
        Assert.Equal(CheckProgress.TimedOut, Last(CheckStage.Blocklists));
    }

    [Theory]
    [InlineData(TcpOutcome.TimedOut)]
    [InlineData(TcpOutcome.Refused)]
    [InlineData(TcpOutcome.Prohibited)]
    public async Task What_does_not_connect_is_walked_to_and_not_spoken_with(TcpOutcome outcome)
    {
        _probes.Connect = [FakeProbes.Tcp(outcome)];
        await Run();
        Assert.Contains("Path", _probes.Asked);
        Assert.DoesNotContain("Greeting", _probes.Asked);
    }

    [Fact]
    public async Task A_sibling_that_connects_is_heard_although_the_first_host_is_silent()
    {
        _probes.Connect = [FakeProbes.Tcp(TcpOutcome.TimedOut), FakeProbes.Tcp(TcpOutcome.Connected, PointRole.Sibling)];
        await Run();
        Assert.Contains("Greeting", _probes.Asked);
        Assert.Contains("Path", _probes.Asked);
    }

    [Fact]
    public async Task A_refusal_in_the_greeting_may_be_somebody_elses_and_is_walked_to()
    {
        _probes.Greeting = [new GreetingFact { SaidBy = Speaker.Peer, Observed = "554 no", Point = FakeProbes.Target, Outcome = GreetingOutcome.Refused, Text = "554 no" }];
        await Run();
        Assert.Contains("Path", _probes.Asked);
    }

    [Fact]
    public async Task A_connection_that_closes_without_a_greeting_is_walked_to()
    {
        _probes.Greeting = [new GreetingFact { SaidBy = Speaker.Peer, Observed = "closed", Point = FakeProbes.Target, Outcome = GreetingOutcome.Closed }];
        await Run();
        Assert.Contains("Path", _probes.Asked);
    }

    [Fact]
    public async Task Without_an_address_nothing_is_dialled()
    {
        _probes.Hosts = [];
        _probes.Names = [new MxFact { SaidBy = Speaker.Dns, Observed = "no such domain", Domain = "example.org", Problem = MxProblem.NoSuchDomain }];
        await Run();
        Assert.Equal(["Names", "Resolver"], _probes.Asked.Order());
        Assert.Equal("example.org", _evidence!.Target);
        Assert.Single(_evidence.Facts);
    }

    [Fact]
    public async Task What_hangs_is_left_out_at_the_deadline_and_the_rest_is_diagnosed()
    {
        _probes.Hanging.UnionWith([CheckStage.Connect, CheckStage.Controls]);
        var run = Run();
        await DeliveryRig.Until(() => _probes.Asked.Contains("Connect"), "the connect");
        _time.Advance(TimeSpan.FromSeconds(19));
        var result = await run;
        Assert.Equal(TimeSpan.FromSeconds(19), result.Elapsed);
        Assert.Equal(CheckProgress.TimedOut, Last(CheckStage.Connect));
        Assert.Equal(CheckProgress.TimedOut, Last(CheckStage.Controls));
        Assert.Equal(CauseId.UpstreamDown, result.Report.Verdict.Id);
    }

    [Fact]
    public async Task A_greeting_is_waited_for_as_long_as_the_deadline_allows()
    {
        await new Checker(_probes.Set(), _ => FakeProbes.Report()) { Deadline = TimeSpan.FromSeconds(6) }.RunAsync(FakeProbes.Context(_time), null, CancellationToken.None);
        Assert.Equal(TimeSpan.FromSeconds(5.5), _probes.GreetingTimeout);
    }

    [Fact]
    public async Task Cancelling_ends_it_at_once()
    {
        _probes.Hanging.Add(CheckStage.Connect);
        using var cancel = new CancellationTokenSource();
        var run = Run(cancel.Token);
        await DeliveryRig.Until(() => _probes.Asked.Contains("Connect"), "the connect");
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
    }

    [Fact]
    public async Task The_host_in_question_comes_first()
    {
        _probes.Hosts = [new("mx1.example.org", 10, [FakeProbes.Address]), new("mx2.example.org", 20, [FakeProbes.Address])];
        var context = FakeProbes.Context(_time);
        await Checker().RunAsync(context with { Target = context.Target with { Hosts = [new("MX2.example.org", 0, [])] } }, null, CancellationToken.None);
        Assert.Equal(["mx2.example.org", "mx1.example.org"], _probes.Seen!.Target.Hosts.Select(h => h.Name));
    }
}
