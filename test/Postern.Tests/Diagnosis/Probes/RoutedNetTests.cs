using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.Probes;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Diagnosis.Probes;

/// <summary>What an unprivileged prober sees of faults at each place of a real network: the client itself, the routers 1 to 3, the host m.</summary>
[Collection(RoutedNet.Collection)]
public sealed class RoutedNetTests(RoutedNet net)
{
    private const string Host = "198.51.100.25", Host6 = "2001:db8:4::25";
    private const string Mail4 = "ip daddr 198.51.100.25 tcp dport 25 ", Mail6 = "ip6 daddr 2001:db8:4::25 tcp dport 25 ";

    [Fact]
    public async Task Prober_has_no_privilege()
    {
        net.SkipWhenMissing();
        string user = (await net.AskAsync("control")).User;
        Assert.Equal("Uid:\t65534\t65534\t65534\t65534 CapEff:\t0000000000000000", user);
    }

    [Fact]
    public async Task Healthy_host_is_seen_in_a_few_round_trips_although_its_other_ports_are_dropped()
    {
        net.SkipWhenMissing();
        await using var _ = await net.RuleAsync("m", "input", "tcp dport { 80, 443, 465, 587 } drop");
        var report = await net.AskAsync("tcp", [$"mx.test={Host},{Host6}"], egress: ["192.0.2.10", "2001:db8:1::10", "192.0.2.11", "2001:db8:1::11"], connectSeconds: 10);
        Assert.All((PointRole[])[PointRole.Target, PointRole.OtherFamily, PointRole.OtherEgress], r => Assert.Equal(TcpOutcome.Connected, report.Facts.Tcp(r).Outcome));
        Assert.Equal("192.0.2.11", report.Facts.Tcp(PointRole.OtherEgress).Point.LocalAddress);
        Assert.Equal(TcpOutcome.TimedOut, report.Facts.Tcp(PointRole.OtherPort, 443).Outcome);
        Assert.True(report.Milliseconds < 2500, $"took {report.Milliseconds} ms");
        var greeting = await net.AskAsync("greeting");
        Assert.Equal(GreetingOutcome.Accepted, greeting.Facts.Only<GreetingFact>().Outcome);
        Assert.True(greeting.Milliseconds < 2500, $"took {greeting.Milliseconds} ms");
    }

    [Theory]
    [InlineData("m", "input", "icmp type admin-prohibited", TcpOutcome.Prohibited, 13, Host, "the host itself")]
    [InlineData("m", "input", "icmp type host-prohibited", TcpOutcome.Prohibited, 10, Host, "the host itself")]
    [InlineData("m", "input", "icmp type port-unreachable", TcpOutcome.Refused, 3, Host, "the host itself")]
    [InlineData("3", "forward", "icmp type net-prohibited", TcpOutcome.Prohibited, 9, "203.0.113.6", "203.0.113.6 answered: network administratively prohibited (ICMP 3/9)")]
    [InlineData("2", "forward", "icmp type admin-prohibited", TcpOutcome.Prohibited, 13, "203.0.113.2", "203.0.113.2 answered: communication administratively prohibited (ICMP 3/13)")]
    [InlineData("2", "forward", "icmp type host-unreachable", TcpOutcome.HostUnreachable, 1, "203.0.113.2", "host unreachable (ICMP 3/1)")]
    [InlineData("1", "forward", "icmp type net-unreachable", TcpOutcome.NetworkUnreachable, 0, "192.0.2.1", "network unreachable (ICMP 3/0)")]
    [InlineData("2", "forward", "icmp type port-unreachable", TcpOutcome.Refused, 3, "203.0.113.2", "port unreachable (ICMP 3/3)")]
    [InlineData("c", "output", "icmp type admin-prohibited", TcpOutcome.Prohibited, 13, "192.0.2.10", "our own machine (192.0.2.10) answered")]
    public async Task Icmp_error_is_told_with_code_and_sender(string place, string hook, string with, TcpOutcome outcome, int code, string from, string words)
    {
        net.SkipWhenMissing();
        await using var _ = await net.RuleAsync(place, hook, Mail4 + "reject with " + with);
        var fact = (await net.AskAsync("tcp")).Facts.Tcp(PointRole.Target);
        Assert.Equal((outcome, new IcmpError(3, code, from, false, place == "c")), (fact.Outcome, fact.Icmp));
        Assert.Contains(words, fact.Observed, StringComparison.Ordinal);
        Assert.Equal(place switch { "c" => Speaker.Us, "m" => Speaker.Peer, _ => Speaker.Network }, fact.SaidBy);
    }

    [Theory]
    [InlineData("m", "input", "admin-prohibited", TcpOutcome.Prohibited, 1, Host6)]
    [InlineData("2", "forward", "admin-prohibited", TcpOutcome.Prohibited, 1, "2001:db8:12::2")]
    [InlineData("2", "forward", "addr-unreachable", TcpOutcome.HostUnreachable, 3, "2001:db8:12::2")]
    [InlineData("2", "forward", "no-route", TcpOutcome.NetworkUnreachable, 0, "2001:db8:12::2")]
    [InlineData("3", "forward", "port-unreachable", TcpOutcome.Refused, 4, "2001:db8:23::2")]
    public async Task Icmpv6_error_is_told_with_code_and_sender(string place, string hook, string with, TcpOutcome outcome, int code, string from)
    {
        net.SkipWhenMissing();
        await using var _ = await net.RuleAsync(place, hook, Mail6 + "reject with icmpv6 type " + with);
        var fact = (await net.AskAsync("tcp", [$"mx.test={Host6}"])).Facts.Tcp(PointRole.Target);
        Assert.Equal((outcome, new IcmpError(1, code, from, true, false)), (fact.Outcome, fact.Icmp));
        Assert.Contains($"(ICMPv6 1/{code})", fact.Observed, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("m", "input", Host, 61)]
    [InlineData("3", "forward", Host, 62)]
    [InlineData("1", "forward", Host, 64)]
    [InlineData("m", "input", Host6, 61)]
    [InlineData("2", "forward", Host6, 63)]
    public async Task Reset_is_traced_to_who_made_it(string place, string hook, string address, int ttl)
    {
        net.SkipWhenMissing();
        await using var _ = await net.RuleAsync(place, hook, (address == Host ? Mail4 : Mail6) + "reject with tcp reset");
        var report = await net.AskAsync("tcp", [$"mx.test={address}"]);
        var target = report.Facts.Tcp(PointRole.Target);
        Assert.Equal((TcpOutcome.Refused, null, ttl), (target.Outcome, target.Icmp, target.AnswerTtl));
        var other = Assert.Single(report.Facts.OfType<TcpFact>(), f => f.Point.Role == PointRole.OtherPort && f.AnswerTtl is not null);
        Assert.Equal(61, other.AnswerTtl);
        var path = (await net.AskAsync("path", [$"mx.test={address}"])).Facts.OfType<PathFact>().First();
        Assert.Equal((true, 4, 65 - ttl), (path.Reached, path.HostDistance, path.AnswerDistance));
    }

    [Fact]
    public async Task Reset_is_not_traced_when_answers_stop_in_the_middle()
    {
        net.SkipWhenMissing();
        await using var _ = await net.RuleAsync("m", "input", "tcp dport 26 limit rate over 1/minute burst 5 packets drop");
        var target = (await net.AskAsync("tcp", port: 26)).Facts.Tcp(PointRole.Target);
        Assert.Equal((TcpOutcome.Refused, (int?)null), (target.Outcome, target.AnswerTtl));
    }

    [Fact]
    public async Task Silence_is_told_with_how_long_and_how_often_it_was_asked()
    {
        net.SkipWhenMissing();
        await using var _ = await net.RuleAsync("m", "input", Mail4 + "drop");
        var report = await net.AskAsync("tcp", controls: []);
        var fact = report.Facts.Tcp(PointRole.Target);
        Assert.Equal((TcpOutcome.TimedOut, null, 1, Speaker.Network), (fact.Outcome, fact.Icmp, fact.SynRetransmits, fact.SaidBy));
        Assert.Equal("no answer within 2 s from mx.test[198.51.100.25]:25, asked 2 times", fact.Observed);
        Assert.Equal(TcpOutcome.Connected, report.Facts.Tcp(PointRole.OtherPort, 443).Outcome);
        Assert.InRange(report.Milliseconds, 1950, 3000);
    }

    [Fact]
    public async Task Firewall_against_one_of_our_addresses_lets_the_other_through()
    {
        net.SkipWhenMissing();
        await using var _ = await net.RuleAsync("3", "forward", "ip saddr 192.0.2.10 tcp dport 25 reject with tcp reset");
        var report = await net.AskAsync("tcp", egress: ["192.0.2.10", "192.0.2.11"]);
        Assert.Equal((TcpOutcome.Refused, TcpOutcome.Connected), (report.Facts.Tcp(PointRole.Target).Outcome, report.Facts.Tcp(PointRole.OtherEgress).Outcome));
        Assert.StartsWith("mx.test[198.51.100.25]:25 (asked from 192.0.2.11) accepted the connection", report.Facts.Tcp(PointRole.OtherEgress).Observed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Controls_fail_too_when_our_own_edge_closes_the_port()
    {
        net.SkipWhenMissing();
        string[] controls = ["203.0.113.66:25"];
        Assert.Equal(TcpOutcome.Connected, (await net.AskAsync("control", controls: controls)).Facts.Tcp(PointRole.Control).Outcome);
        await using var _ = await net.RuleAsync("1", "forward", "tcp dport 25 drop");
        Assert.Equal(TcpOutcome.TimedOut, (await net.AskAsync("control", controls: controls, connectSeconds: 1)).Facts.Tcp(PointRole.Control).Outcome);
    }

    [Fact]
    public async Task Host_that_is_not_there_is_said_to_be_missing_by_its_router()
    {
        net.SkipWhenMissing();
        var fact = (await net.AskAsync("tcp", ["mx.test=198.51.100.77"], connectSeconds: 8)).Facts.Tcp(PointRole.Target);
        Assert.Equal((TcpOutcome.HostUnreachable, new IcmpError(3, 1, "203.0.113.6", false, false)), (fact.Outcome, fact.Icmp));
        var near = (await net.AskAsync("tcp", ["mx.test=192.0.2.77"], connectSeconds: 8)).Facts.Tcp(PointRole.Target);
        Assert.Equal((TcpOutcome.HostUnreachable, true, Speaker.Us), (near.Outcome, near.Icmp!.FromUs, near.SaidBy));
        Assert.StartsWith("nobody answers on the local network for mx.test[192.0.2.77]:25: the host does not answer ARP", near.Observed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Machine_without_a_route_blames_itself_and_prefers_the_family_that_it_has()
    {
        net.SkipWhenMissing();
        await net.ExecuteAsync("c", "ip", "-6", "route", "del", "default");
        try
        {
            var alone = (await net.AskAsync("tcp", [$"mx.test={Host6}"])).Facts.Tcp(PointRole.Target);
            Assert.Equal((TcpOutcome.NetworkUnreachable, Speaker.Us, "this machine has no IPv6 route to mx.test[2001:db8:4::25]:25"), (alone.Outcome, alone.SaidBy, alone.Observed));
            var both = (await net.AskAsync("tcp", [$"mx.test={Host6},{Host}"])).Facts;
            Assert.Equal((Host, TcpOutcome.Connected), (both.Tcp(PointRole.Target).Point.Address, both.Tcp(PointRole.Target).Outcome));
            Assert.Equal(TcpOutcome.NetworkUnreachable, both.Tcp(PointRole.OtherFamily).Outcome);
        }
        finally
        {
            await net.ExecuteAsync("c", "ip", "-6", "route", "add", "default", "via", "2001:db8:1::1");
        }
    }
}
