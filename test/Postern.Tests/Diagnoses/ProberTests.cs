using Microsoft.Extensions.Logging.Abstractions;
using Postern.Core.Diagnoses;
using Postern.Core.Telemetry;
using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.Probes;
using Postern.Tests.Delivery;
using Postern.Tests.Diagnosis.Checks;

namespace Postern.Tests.Diagnoses;

public sealed class ProberTests : IDisposable
{
    private readonly PosternMetrics _metrics = new();
    private readonly ProbeWish _wish = new(new ProbeTarget("up", null, [], 25), [], "relay.test");

    public void Dispose() => _metrics.Dispose();

    private static LiveIncident Incident(string upstream = "up") => new("i1", upstream, FakeProbes.Report(), DeliveryRig.Start);

    private Core.Diagnoses.Prober Start(Func<ProbeWish, CancellationToken, Task<IReadOnlyList<Fact>>> probe, IReadOnlyList<Fact>? glance = null) => new((_, _) => new(glance ?? []), probe, _metrics, NullLogger.Instance);

    private static bool Count(ref int counter)
    {
        Interlocked.Increment(ref counter);
        return false;
    }

    [Fact]
    public async Task An_incident_is_looked_into_once_however_often_it_is_asked_for()
    {
        int probes = 0, done = 0;
        await using var prober = Start((_, _) =>
        {
            Interlocked.Increment(ref probes);
            return Task.FromResult<IReadOnlyList<Fact>>([]);
        });
        var incident = Incident();
        for (int i = 0; i < 100; i++) prober.Ask(incident, _wish, _ => Count(ref done));
        await DeliveryRig.Until(() => Volatile.Read(ref done) > 0, "the look");
        prober.Ask(incident, _wish, _ => Count(ref done));
        Assert.Equal((1, 1), (probes, done));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Our_other_addresses_are_asked_first_and_everything_else_only_when_that_does_not_settle_it(bool isSettled)
    {
        int probes = 0;
        var seen = new List<int>();
        await using var prober = Start((_, _) =>
        {
            Interlocked.Increment(ref probes);
            return Task.FromResult<IReadOnlyList<Fact>>([]);
        }, [FakeProbes.Tcp(TcpOutcome.Connected, PointRole.OtherEgress)]);
        prober.Ask(Incident("first"), _wish with { Unconnected = _wish.Target }, found =>
        {
            seen.Add(found.Count);
            return isSettled;
        });
        int next = 0;
        prober.Ask(Incident("next"), _wish, _ => Count(ref next));
        await DeliveryRig.Until(() => Volatile.Read(ref next) == 1, "the next look");
        Assert.Equal(isSettled ? [1] : [1, 0], seen);
        Assert.Equal(isSettled ? 1 : 2, probes);
    }

    [Fact]
    public async Task One_at_a_time_and_no_more_wait_than_there_is_room_for()
    {
        int atOnce = 0, most = 0, done = 0;
        var gate = new TaskCompletionSource();
        await using var prober = Start(async (_, _) =>
        {
            most = Math.Max(most, Interlocked.Increment(ref atOnce));
            await gate.Task;
            Interlocked.Decrement(ref atOnce);
            return [];
        });
        var first = Incident("first");
        prober.Ask(first, _wish, _ => Count(ref done));
        await DeliveryRig.Until(() => Volatile.Read(ref atOnce) == 1, "the first look");
        var others = Enumerable.Range(0, 100).Select(i => Incident($"up{i}")).ToList();
        foreach (var incident in others) prober.Ask(incident, _wish, _ => Count(ref done));
        // The rest is left to the next failure.
        Assert.Equal(Core.Diagnoses.Prober.MaxWaiting, others.Count(i => i.IsProbeAsked));
        gate.SetResult();
        await DeliveryRig.Until(() => Volatile.Read(ref done) == Core.Diagnoses.Prober.MaxWaiting + 1, "all looks");
        Assert.Equal(1, most);
    }

    [Fact]
    public async Task What_healed_while_it_waited_is_not_looked_into()
    {
        int probes = 0;
        var gate = new TaskCompletionSource();
        await using var prober = Start(async (_, _) =>
        {
            Interlocked.Increment(ref probes);
            await gate.Task;
            return [];
        });
        int done = 0;
        prober.Ask(Incident("a"), _wish, _ => Count(ref done));
        var healed = Incident("b");
        healed.ClosedAt = DeliveryRig.Start;
        prober.Ask(healed, _wish, _ => Count(ref done));
        prober.Ask(Incident("c"), _wish, _ => Count(ref done));
        gate.SetResult();
        await DeliveryRig.Until(() => Volatile.Read(ref done) == 2, "the others");
        Assert.Equal(2, probes);
    }

    [Fact]
    public async Task A_probe_that_breaks_does_not_end_the_others()
    {
        int done = 0;
        await using var prober = Start((wish, _) => wish.Hello == "bad" ? throw new InvalidOperationException("a bug") : Task.FromResult<IReadOnlyList<Fact>>([]));
        prober.Ask(Incident("a"), _wish with { Hello = "bad" }, _ => Count(ref done));
        prober.Ask(Incident("b"), _wish, _ => Count(ref done));
        await DeliveryRig.Until(() => Volatile.Read(ref done) == 1, "the second look");
    }

    [Fact]
    public async Task A_stop_cuts_a_look_off_and_takes_no_more()
    {
        var begun = new TaskCompletionSource();
        var prober = Start(async (_, cancel) =>
        {
            begun.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancel);
            return [];
        });
        prober.Ask(Incident("a"), _wish, _ => throw new InvalidOperationException("it was cut off"));
        await begun.Task;
        await prober.DisposeAsync();
        var late = Incident("b");
        prober.Ask(late, _wish, _ => throw new InvalidOperationException("it is over"));
        Assert.False(late.IsProbeAsked);
    }
}
