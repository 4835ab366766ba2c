using Microsoft.Extensions.Time.Testing;
using Postern.Core.Configuration;
using Postern.Core.Delivery;
using Postern.Core.Shaping;
using Postern.Core.Upstreams;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Delivery;

/// <summary>Who is tried after whom. Rows are hosts 1, 2, 3; columns are our addresses a, b.</summary>
public sealed class DeliveryPlanTests
{
    [Theory]
    [InlineData("HHH", "1a 2a 3a")]
    [InlineData("PPPPPP", "1a 2a 3a 1b 2b 3b")]
    [InlineData("EHHH", "1a 1b 2b 3b")]
    [InlineData("EEEEEE", "1a 1b 2b 2a 3a 3b")]
    [InlineData("PEHH", "1a 2a 2b 3b 1b")]
    [InlineData("PHP", "1a 2a 3a 1b 3b")]
    public void A_host_that_failed_is_followed_by_the_next_and_an_address_refused_by_another_one_of_ours(string blames, string order)
    {
        var plan = Plan(3, 2);
        Assert.Equal(order, Walk(plan, i => blames[Math.Min(i, blames.Length - 1)]));
    }

    [Fact]
    public void One_attempt_tries_eight_but_passes_over_any_number()
    {
        var plan = Plan(8, 8);
        Assert.Equal(8, Walk(plan, _ => 'P').Split(' ').Length);
        int seen = 0;
        for (var next = plan.First; next is { } step; next = plan.NextAfter(step, Blame.Path, wasTried: false)) seen++;
        Assert.Equal(64, seen);
    }

    [Fact]
    public void A_host_that_answered_for_itself_is_not_tried_on_another_port()
    {
        var registry = new UpstreamRegistry([TimeSpan.FromMinutes(1)], new LaneBook(new FakeTimeProvider()), new FakeTimeProvider());
        var (a, b) = (registry.Pool("a"), registry.Pool("b"));
        var plan = new DeliveryPlan([Candidate(a, "1", "x"), Candidate(a, "2", "x"), Candidate(b, "3", "x")], 1, null, []);
        Assert.Equal("1x 3x", Walk(plan, _ => 'H'));
        Assert.Equal("1x 2x 3x", Walk(plan, _ => 'P'));
    }

    [Fact]
    public void A_plan_without_candidates_has_no_first() =>
        Assert.Null(DeliveryPlan.Failed(new StageFailure(ClientStage.Resolve, Speaker.Dns, FailureKind.NullMx, "no mail"), []).First);

    private static string Walk(DeliveryPlan plan, Func<int, char> blame)
    {
        var seen = new List<string>();
        for (var next = plan.First; next is { } step;)
        {
            var candidate = plan.At(step);
            seen.Add(candidate.Host + candidate.Egress.Name);
            next = plan.NextAfter(step, blame(seen.Count - 1) switch { 'H' => Blame.Host, 'P' => Blame.Path, _ => Blame.Egress });
        }
        return string.Join(' ', seen);
    }

    private static DeliveryPlan Plan(int hosts, int choices)
    {
        var registry = new UpstreamRegistry([TimeSpan.FromMinutes(1)], new LaneBook(new FakeTimeProvider()), new FakeTimeProvider());
        var all = from host in Enumerable.Range(1, hosts) from choice in Enumerable.Range(0, choices) select Candidate(registry.MxHost($"{host} from {choice}"), $"{host}", $"{(char)('a' + choice)}");
        return new DeliveryPlan([.. all], choices, null, []);
    }

    private static Candidate Candidate(UpstreamState upstream, string host, string egress) => new()
    {
        Upstream = upstream,
        Gate = upstream.Gate(host + egress),
        RestsAt = host,
        Group = "g",
        Lane = new Lane("g", egress, new LaneLimits(20)),
        Host = host,
        Port = 25,
        Egress = new EgressChoice(egress, null, null, "relay.test"),
        Settings = new ClientSettings { HelloName = "relay.test" },
        SessionKey = host + egress,
        Generation = 1,
        MaxSessions = 1,
        MaxMessagesPerSession = 1,
    };
}
