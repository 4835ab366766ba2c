using Microsoft.Extensions.Time.Testing;
using Postern.Core.Configuration;
using Postern.Core.Delivery;
using Postern.Core.Shaping;
using Postern.Core.Upstreams;
using Postern.Protocols.Smtp;
using Postern.Protocols.Tls;

namespace Postern.Tests.Upstreams;

public sealed class UpstreamPoolTests
{
    private static readonly StageFailure Refused = new(ClientStage.Connect, Speaker.Network, FailureKind.ConnectionRefused, "refused");

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly UpstreamRegistry _registry;
    private readonly List<Ejection> _ejected = [];

    public UpstreamPoolTests()
    {
        _registry = new UpstreamRegistry([TimeSpan.FromMinutes(1)], new LaneBook(_time), _time);
        _registry.Ejected += (_, ejection) => _ejected.Add(ejection);
    }

    private static UpstreamConfig Member(string name, int weight = 10, int order = 0) => new() { Name = name, Address = $"{name}.test:587", Weight = weight, Order = order };

    private DeliveryModel Model(params UpstreamConfig[] members) => new(new PosternConfig
    {
        Server = new() { Hostname = "relay.test" },
        Upstream = members,
        Egress = [new() { Name = "x", Address = "192.0.2.1" }, new() { Name = "y", Address = "192.0.2.2" }],
    }, _registry, 1, _time);

    private static DeliveryPlan Next(DeliveryModel model, string egress = "") => model.Pool(string.Join(',', model.Config.Upstream.Select(u => u.Name)))!.Next(model.Egress, model.Egress.Next(egress)!);

    private static string Names(DeliveryPlan plan) => string.Join(' ', plan.Candidates.Select(c => c.Upstream.Name));

    private static string Firsts(DeliveryModel model, int count) => string.Concat(Enumerable.Range(0, count).Select(_ => Next(model).Candidates[0].Upstream.Name));

    private DateTimeOffset Close(DeliveryPlan plan, string name) => plan.Candidates.First(c => c.Upstream.Name == name).Gate.Failed(Refused).Until;

    [Fact]
    public void While_all_is_well_plans_are_made_once_and_turns_go_by_weight()
    {
        var model = Model(Member("a", 20), Member("b"), Member("c", 0), Member("d", order: 1));
        var plans = Enumerable.Range(0, 6).Select(_ => Next(model)).ToList();
        Assert.Equal(["a b c d", "b a c d", "a b c d"], plans.Take(3).Select(Names));
        Assert.Same(plans[0], plans[2]);
        Assert.Equal(4, plans.Count(p => Names(p)[0] == 'a'));
    }

    [Fact]
    public void A_member_that_is_down_leaves_its_share_to_all_others_by_weight()
    {
        var model = Model(Member("a"), Member("b"), Member("c", 20), Member("d", order: 1));
        Close(Next(model), "a");
        string firsts = Firsts(model, 30);
        Assert.Equal((0, 10, 20), (firsts.Count(f => f == 'a'), firsts.Count(f => f == 'b'), firsts.Count(f => f == 'c')));
        Assert.EndsWith("d a", Names(Next(model)), StringComparison.Ordinal);
    }

    [Fact]
    public void When_a_lower_order_comes_back_new_mail_goes_there_again()
    {
        var model = Model(Member("a"), Member("b", order: 1));
        var gate = Next(model).Candidates[0].Gate;
        _time.SetUtcNow(gate.Failed(Refused).Until.AddMilliseconds(-1));
        Assert.Equal("bbb", Firsts(model, 3));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal("a", Firsts(model, 1));
        Assert.True(gate.TryEnter(false, out _));
        Assert.Equal("bb", Firsts(model, 2));
        gate.Succeeded();
        Assert.Equal("aaa", Firsts(model, 3));
    }

    [Fact]
    public void A_member_whose_next_try_is_due_is_tried_by_the_next_message_whatever_its_weight()
    {
        var model = Model(Member("a", 1000), Member("b", 1));
        _time.SetUtcNow(Close(Next(model), "b"));
        Assert.Equal("b", Firsts(model, 1));
        Next(model).Candidates[0].Gate.TryEnter(false, out _);
        Assert.Equal("aaa", Firsts(model, 3));
    }

    [Fact]
    public void A_rested_address_of_ours_comes_last_for_that_member_and_a_member_where_all_rest_has_no_turn()
    {
        var model = Model(Member("a"), Member("b"));
        _registry.Rests.Refused("a", "x", Refused, null, null, _time.GetTimestamp());
        for (int i = 0; i < 8; i++)
        {
            var plan = Next(model, "x,y");
            if (plan.Candidates[0].Upstream.Name == "a") Assert.Equal("y", plan.Candidates[0].Egress.Name);
        }
        _registry.Rests.Refused("a", "y", Refused, null, null, _time.GetTimestamp());
        Assert.All(Enumerable.Range(0, 6), _ => Assert.Equal("b", Next(model, "x,y").Candidates[0].Upstream.Name));
    }

    [Fact]
    public void Further_ports_stand_after_the_first_with_the_tls_that_fits_them()
    {
        var model = Model(Member("a") with { Ports = [465, 587, 2525], Tls = TlsMode.Required }, Member("b") with { Address = "b.test:465", Ports = [587], Tls = TlsMode.Implicit });
        var rows = Next(model).Candidates.Select(c => $"{c.Upstream.Name}:{c.Port} {c.Settings.Tls} {c.Settings.TlsVerify}");
        Assert.Equal(["a:587 Required True", "a:465 Implicit True", "a:2525 Required True", "b:465 Implicit True", "b:587 Required True"], rows);
        Assert.Equal(5, Next(model).Candidates.Select(c => c.SessionKey).Distinct().Count());
    }

    [Fact]
    public void A_port_that_cannot_be_connected_does_not_close_the_others()
    {
        var model = Model(Member("a") with { Ports = [2525] }, Member("b"));
        var plan = Next(model);
        plan.Candidates[0].Gate.Failed(Refused);
        Assert.Equal(GateState.Open, _registry.Pool("a").Health.State);
        Assert.Contains('a', Firsts(model, 4));
        plan.Candidates[1].Gate.Failed(Refused);
        Assert.Equal(GateState.Closed, _registry.Pool("a").Health.State);
        Assert.Equal("bbbb", Firsts(model, 4));
    }

    [Fact]
    public void A_member_that_fails_much_more_than_the_others_is_out_for_longer_each_time()
    {
        var model = Model(Member("a"), Member("b"), Member("c"));
        for (int times = 1; times <= 25; times++)
        {
            Attempts("a", good: 10, bad: 0);
            Attempts("b", good: 10, bad: 1);
            Attempts("c", good: 3, bad: 7);
            _time.Advance(TimeSpan.FromSeconds(1.5));
            Assert.DoesNotContain('c', Firsts(model, 20));
            var ejection = _registry.Pool("c").Ejection!;
            Assert.Equal((times, Math.Min(30 * times, 600)), (ejection.Times, (ejection.Until - ejection.At).TotalSeconds));
            _time.SetUtcNow(ejection.Until);
            Assert.Contains('c', Firsts(model, 3));
        }
        Assert.Equal(25, _ejected.Count);
        Assert.Equal("7 of 10 attempts failed there in the last minute, and 5 % at the other members of its pool: it gets no mail for 30 s while others can take it", _ejected[0].Words);
        _time.Advance(TimeSpan.FromMinutes(30));
        Attempts("c", good: 0, bad: 9);
        Firsts(model, 1);
        Assert.Equal(1, _registry.Pool("c").Ejection!.Times);
    }

    [Theory]
    [InlineData(2, 2, false)]
    [InlineData(0, 9, true)]
    [InlineData(6, 6, false)]
    public void Few_attempts_or_half_of_them_are_no_reason(int good, int bad, bool expected)
    {
        var model = Model(Member("a"), Member("b"));
        Attempts("a", 9, 0);
        Attempts("b", good, bad);
        Firsts(model, 1);
        Assert.Equal(expected, _registry.Pool("b").Ejection is not null);
    }

    [Fact]
    public void When_all_fail_nobody_is_an_outlier_and_never_more_than_half_are_out()
    {
        var model = Model(Member("a"), Member("b"), Member("c"), Member("d"));
        foreach (string name in new[] { "a", "b", "c", "d" }) Attempts(name, 1, 9);
        Firsts(model, 1);
        Assert.Empty(_ejected);
        _time.Advance(TimeSpan.FromMinutes(2));
        Attempts("a", 20, 0);
        Attempts("b", 20, 0);
        Attempts("c", 0, 9);
        Attempts("d", 0, 9);
        Firsts(model, 1);
        Assert.Equal(2, _ejected.Count);
        _time.Advance(TimeSpan.FromSeconds(2));
        Attempts("b", 0, 90);
        Firsts(model, 1);
        Assert.Equal(2, _ejected.Count);
    }

    private void Attempts(string name, int good, int bad)
    {
        for (int i = 0; i < good + bad; i++) _registry.Pool(name).Recent.Add(failed: i >= good);
    }
}
