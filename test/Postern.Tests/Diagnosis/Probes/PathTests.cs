using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.Probes;

namespace Postern.Tests.Diagnosis.Probes;

/// <summary>Walks through three routers to a host at a distance of 4, with faults on the way.</summary>
[Collection(RoutedNet.Collection)]
public sealed class PathTests(RoutedNet net)
{
    private const string Host = "198.51.100.25", Host6 = "2001:db8:4::25";
    private static readonly string[] Routers = ["192.0.2.1", "203.0.113.2", "203.0.113.6"], Routers6 = ["2001:db8:1::1", "2001:db8:12::2", "2001:db8:23::2"];

    [Theory]
    [InlineData(Host)]
    [InlineData(Host6)]
    public async Task Whole_path_is_seen_on_both_ports(string address)
    {
        net.SkipWhenMissing();
        var (mail, web, milliseconds) = await WalkAsync(address);
        foreach (var path in (PathFact[])[mail, web])
        {
            Assert.Equal((true, 4, 4), (path.Reached, path.LastAnswered, path.HostDistance));
            Assert.Equal([.. address == Host ? Routers : Routers6, address], path.Hops.Select(h => h.Address));
            Assert.All(path.Hops.Take(3), h => Assert.True(IcmpTable.IsTimeExceeded(h.Icmp!)));
            Assert.Null(path.Hops[3].Icmp);
        }

        Assert.Equal((PointRole.Target, 25, PointRole.OtherPort, 443), (mail.Point.Role, mail.Point.Port, web.Point.Role, web.Point.Port));
        Assert.True(milliseconds < 2500, $"took {milliseconds} ms");
    }

    [Theory]
    [InlineData("m", "input", 3, "203.0.113.6")]
    [InlineData("2", "forward", 2, "203.0.113.2")]
    [InlineData("1", "forward", 1, "192.0.2.1")]
    public async Task Dropped_port_ends_before_the_place_that_drops_while_the_other_port_goes_on(string place, string hook, int last, string router)
    {
        net.SkipWhenMissing();
        await using var _ = await net.RuleAsync(place, hook, "tcp dport 25 drop");
        var (mail, web, milliseconds) = await WalkAsync(Host);
        Assert.Equal((false, last, 4), (mail.Reached, mail.LastAnswered, mail.HostDistance));
        Assert.Equal($"the way to port 25 of mx.test[198.51.100.25] ends after {(last == 1 ? "1 hop" : last + " hops")}, at {router}, then silence", mail.Observed);
        Assert.Equal((true, 4), (web.Reached, web.LastAnswered));
        Assert.True(milliseconds < 4000, $"took {milliseconds} ms");
    }

    [Fact]
    public async Task Host_that_drops_everything_ends_all_ports_at_its_router()
    {
        net.SkipWhenMissing();
        await using var _ = await net.RuleAsync("m", "input", "meta l4proto tcp drop");
        var (mail, other, milliseconds) = await WalkAsync(Host);
        Assert.Equal((false, 3, false, 3, null), (mail.Reached, mail.LastAnswered, other.Reached, other.LastAnswered, mail.HostDistance));
        Assert.True(milliseconds < 4000, $"took {milliseconds} ms");
    }

    [Fact]
    public async Task Machine_that_sends_nothing_out_sees_no_hop()
    {
        net.SkipWhenMissing();
        await using var _ = await net.RuleAsync("c", "output", "tcp dport 25 drop");
        var (mail, web, _) = await WalkAsync(Host);
        Assert.Equal((false, 0, true), (mail.Reached, mail.LastAnswered, web.Reached));
        Assert.Contains("not even the first router answers", mail.Observed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Local_firewall_ends_the_path_on_this_machine()
    {
        net.SkipWhenMissing();
        await using var _ = await net.RuleAsync("c", "output", "tcp dport 25 reject with icmp type admin-prohibited");
        var (mail, _, _) = await WalkAsync(Host);
        Assert.Equal((false, 0, true), (mail.Reached, mail.LastAnswered, mail.Hops[^1].Icmp!.FromUs));
        Assert.Contains("ends on this machine: communication administratively prohibited (ICMP 3/13)", mail.Observed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Router_that_prohibits_is_placed_where_it_stands()
    {
        net.SkipWhenMissing();
        await using var _ = await net.RuleAsync("2", "forward", "tcp dport 25 reject with icmp type admin-prohibited");
        var (mail, _, _) = await WalkAsync(Host);
        Assert.Equal((false, 2, 4), (mail.Reached, mail.LastAnswered, mail.HostDistance));
        Assert.Equal(new IcmpError(3, 13, "203.0.113.2", false, false), mail.Hops[^1].Icmp);
        Assert.EndsWith("ends after 2 hops, at 203.0.113.2, which says: communication administratively prohibited (ICMP 3/13)", mail.Observed, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("redirect", 1, "is 1 hop long, and it accepts, but the host is 4 hops away; the answer was made 1 hop away")]
    [InlineData("dnat ip to 203.0.113.66", 2, "is 2 hops long, and it accepts, but the host is 4 hops away; the answer was made 2 hops away")]
    public async Task Port_answered_by_somebody_on_the_way_is_found_out(string rule, int distance, string words)
    {
        net.SkipWhenMissing();
        // As a provider does that takes all mail for itself: what goes to port 25 anywhere ends at a machine nearer to us.
        await using var _ = await net.RuleAsync("1", "prerouting", "meta nfproto ipv4 tcp dport 25 " + rule);
        var (mail, web, _) = await WalkAsync(Host);
        Assert.Equal((true, distance, 4, distance), (mail.Reached, mail.LastAnswered, mail.HostDistance, mail.AnswerDistance));
        Assert.True(web.Reached);
        Assert.EndsWith(words, mail.Observed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Machine_without_a_route_says_so_instead_of_walking()
    {
        net.SkipWhenMissing();
        await net.ExecuteAsync("c", "ip", "-6", "route", "del", "default");
        try
        {
            var limit = Assert.IsType<LimitFact>(Assert.Single((await net.AskAsync("path", [$"mx.test={Host6}"])).Facts));
            Assert.Equal(("path", "the path cannot be walked: this machine has no route to mx.test[2001:db8:4::25]:25"), (limit.What, limit.Observed));
        }
        finally
        {
            await net.ExecuteAsync("c", "ip", "-6", "route", "add", "default", "via", "2001:db8:1::1");
        }
    }

    [Fact]
    public async Task Routers_that_answer_only_so_often_leave_no_holes()
    {
        net.SkipWhenMissing();
        await using var _ = await net.RuleAsync("2", "output", "icmp type time-exceeded limit rate over 2/second burst 1 packets drop");
        var (mail, _, milliseconds) = await WalkAsync(Host);
        Assert.Equal((true, 4), (mail.Reached, mail.LastAnswered));
        Assert.Equal(Routers, mail.Hops.Take(3).Select(h => h.Address));
        Assert.True(milliseconds < 4000, $"took {milliseconds} ms");
    }

    private async Task<(PathFact Mail, PathFact Other, double Milliseconds)> WalkAsync(string address)
    {
        var report = await net.AskAsync("path", [$"mx.test={address}"]);
        Assert.Equal(2, report.Facts.Count);
        return (Assert.IsType<PathFact>(report.Facts[0]), Assert.IsType<PathFact>(report.Facts[1]), report.Milliseconds);
    }
}
