using System.Net;
using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.Probes;
using Postern.Lab.Peers;
using Postern.Protocols.Dns;
using Postern.Protocols.Smtp;
using Postern.Tests.Delivery;

namespace Postern.Tests.Diagnosis.Probes;

public sealed class TcpProbeTests
{
    [Fact]
    public async Task Port_that_accepts_is_said_to_and_closed_in_order()
    {
        await using var peer = new ScriptedPeer("hold");
        var facts = await TcpProbe.RunAsync(Contexts.Of(peer.Port, "127.0.0.1"), default);
        var target = Assert.IsType<TcpFact>(facts[0]);
        Assert.Equal((TcpOutcome.Connected, PointRole.Target, "127.0.0.1", Speaker.Peer), (target.Outcome, target.Point.Role, target.Point.LocalAddress, target.SaidBy));
        Assert.StartsWith($"mx.test[127.0.0.1]:{peer.Port} accepted the connection in ", target.Observed, StringComparison.Ordinal);
        Assert.Null((await peer.SessionAsync()).Problem);
        Assert.Equal(1, peer.Connections);
    }

    [Fact]
    public async Task Closed_port_is_refused_by_the_peer_without_icmp()
    {
        await using var peer = new ScriptedPeer("hold");
        await peer.GoDownAsync();
        var target = Assert.IsType<TcpFact>((await TcpProbe.RunAsync(Contexts.Of(peer.Port, "127.0.0.1"), default))[0]);
        Assert.Equal((TcpOutcome.Refused, null, Speaker.Peer), (target.Outcome, target.Icmp, target.SaidBy));
        Assert.Contains("refused the connection: TCP reset after", target.Observed, StringComparison.Ordinal);
        if (Postern.Diagnosis.Probes.Native.LinuxSocket.IsSupported) Assert.Equal(64, target.AnswerTtl);
    }

    [Fact]
    public async Task Address_that_is_not_ours_cannot_be_sent_from()
    {
        var context = Contexts.Of(25, "127.0.0.1") with { Egress = [IPAddress.Parse("198.51.100.99")] };
        var target = Assert.IsType<TcpFact>((await TcpProbe.RunAsync(context, default))[0]);
        Assert.Equal((TcpOutcome.LocalError, Speaker.Us), (target.Outcome, target.SaidBy));
        Assert.StartsWith("198.51.100.99 cannot be sent from: it is not an address of this machine", target.Observed, StringComparison.Ordinal);
    }

    [Fact]
    public void Points_are_the_target_first_then_all_that_compares_with_it_and_none_twice()
    {
        var context = Contexts.Of(25, new TargetHost("a.test", 10, [IPAddress.Parse("127.0.0.1"), IPAddress.IPv6Loopback, IPAddress.Parse("127.0.0.3")]), new TargetHost("b.test", 20, [IPAddress.Parse("127.0.0.2"), IPAddress.Parse("127.0.0.1")]))
            with { Egress = [IPAddress.Loopback, IPAddress.Parse("127.0.0.9")] };
        var target = NetTarget.Find(context)!;
        var points = ConnectPlan.Of(context, target);
        Assert.Equal(
            [
                "Target a.test[127.0.0.1]:25 127.0.0.1", "OtherFamily a.test[::1]:25 ::1", "OtherEgress a.test[127.0.0.1]:25 127.0.0.9", "Sibling a.test[127.0.0.3]:25 127.0.0.1", "Sibling b.test[127.0.0.2]:25 127.0.0.1",
            ],
            ConnectPlan.OwnPort(context, target).Select(p => $"{p.Point.Role} {p.Point} {p.Point.LocalAddress}"));
        Assert.Equal([587, 465, 443, 80], points.Where(p => p.Point.Role == PointRole.OtherPort && !p.Point.IsIpv6).Select(p => p.Point.Port));
        Assert.Contains(points, p => p.Point is { Role: PointRole.SiblingVariant, Host: "b.test", Port: 587 });
        Assert.Equal(points.Count, points.DistinctBy(p => (p.Remote, p.Local)).Count());
    }

    [Fact]
    public async Task Controls_are_dialled_by_mx_or_by_name_on_the_same_port_only()
    {
        await using var peer = new ScriptedPeer("hold");
        var named = await ControlProbe.RunAsync(Contexts.Of(peer.Port, "127.0.0.1").With(new ZoneResolver().Address("good.test", "127.0.0.1"), $"good.test:{peer.Port}", $"127.0.0.1:{peer.Port + 1}", "elsewhere.test"), default);
        var control = named.Only<TcpFact>();
        Assert.Equal((TcpOutcome.Connected, PointRole.Control, "good.test"), (control.Outcome, control.Point.Role, control.Point.Host));
        var zone = new ZoneResolver().Mx("big.test", (10, "mx1.big.test"), (20, "mx2.big.test"), (30, "mx3.big.test")).Address("mx1.big.test", "127.0.0.1").Address("mx2.big.test", "127.0.0.2").Trouble("bad.test", DnsStatus.ServFail);
        var facts = await ControlProbe.RunAsync(Contexts.Of(25, "127.0.0.1").With(zone, "big.test", "bad.test"), default);
        Assert.Equal(["mx1.big.test", "mx2.big.test"], facts.OfType<TcpFact>().Select(f => f.Point.Host));
        Assert.All(facts.OfType<DnsFact>(), f => Assert.Equal((DnsRole.Control, Speaker.Dns), (f.Role, f.SaidBy)));
        Assert.Contains(facts.OfType<DnsFact>(), f => f is { Seen: { Question: "MX bad.test", Status: DnsStatus.ServFail } });
    }

    [Theory]
    [InlineData("mx.test:25", "mx.test", 25)]
    [InlineData("[2001:db8::1]:587", "2001:db8::1", 587)]
    [InlineData("192.0.2.1:25", "192.0.2.1", 25)]
    [InlineData("example.org", null, 0)]
    [InlineData("[2001:db8::1]", null, 0)]
    public void Control_is_a_domain_unless_it_names_a_port(string control, string? host, int port) =>
        Assert.Equal(host is null ? null : (host, port), ControlProbe.Split(control));

    [Fact]
    public async Task Target_without_an_address_gives_no_facts()
    {
        var context = Contexts.Of(25, new TargetHost("none.test", 10, []));
        Assert.Empty(await TcpProbe.RunAsync(context, default));
        Assert.Empty(await PathProbe.RunAsync(context, default));
        Assert.Empty(await GreetingProbe.RunAsync(context, default));
        Assert.Empty(await ControlProbe.RunAsync(context, default));
    }
}
