using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Evidence;
using static Postern.Tests.Diagnosis.Causes.Case;

namespace Postern.Tests.Diagnosis.Causes;

/// <summary>What a prober sees in each scenario of a routed lab, and the cause that was set up there.</summary>
public sealed class MatrixTests
{
    private static readonly (string Name, Case Case, CauseId Cause, double Least)[] Rows =
    [
        ("healthy", new Case().Healthy().Controls(TcpOutcome.Connected), CauseId.None, 0.95),
        ("their firewall resets our address", new Case().Target(TcpOutcome.Refused).OtherEgress(TcpOutcome.Connected).Controls(TcpOutcome.Connected).Path(5, reached: true, made: 5).Ports(TcpOutcome.Connected, 443), CauseId.UpstreamFirewall, 0.9),
        ("their firewall prohibits at the host", new Case().Target(TcpOutcome.Prohibited, Icmp(13, Mx)).OtherEgress(TcpOutcome.Connected).Controls(TcpOutcome.Connected).Path(4), CauseId.UpstreamFirewall, 0.95),
        ("their host rejects with ICMP 3/3, one address of ours", new Case().Target(TcpOutcome.Refused, Icmp(3, Mx)).Controls(TcpOutcome.Connected), CauseId.UpstreamFirewall, 0.9),
        ("their edge router prohibits", new Case().Target(TcpOutcome.Prohibited, Icmp(13, Router(4))).Controls(TcpOutcome.Connected).Path(4), CauseId.UpstreamFirewall, 0.9),
        ("their firewall drops us", new Case().Target(TcpOutcome.TimedOut, ms: 10_000).OtherEgress(TcpOutcome.Connected).Controls(TcpOutcome.Connected).Path(4), CauseId.UpstreamFirewall, 0.9),
        ("a router on the way drops 25", new Case().Target(TcpOutcome.TimedOut, ms: 10_000).OtherEgress(TcpOutcome.TimedOut).Controls(TcpOutcome.Connected).Path(2).Path(5, reached: true, port: 443).Ports(TcpOutcome.Connected, 443), CauseId.NetworkPath, 0.7),
        ("a router on the way sends a reset", new Case().Target(TcpOutcome.Refused).OtherEgress(TcpOutcome.Refused).Controls(TcpOutcome.Connected).Path(5, reached: true, made: 3).Path(5, reached: true, port: 443), CauseId.NetworkPath, 0.9),
        ("a router on the way prohibits", new Case().Target(TcpOutcome.Prohibited, Icmp(13, Router(3))).Controls(TcpOutcome.Connected).Path(3), CauseId.NetworkPath, 0.85),
        ("our provider closes 25", new Case().Target(TcpOutcome.TimedOut, ms: 10_000).OtherEgress(TcpOutcome.TimedOut).Controls(TcpOutcome.TimedOut).Path(1).Path(5, reached: true, port: 443).Ports(TcpOutcome.Connected, 443, 587), CauseId.NetworkPath, 0.97),
        ("our provider resets 25", new Case().Target(TcpOutcome.Refused).Controls(TcpOutcome.Refused).Path(5, reached: true, made: 1).Path(5, reached: true, port: 443), CauseId.NetworkPath, 0.97),
        ("our own firewall rejects", new Case().Target(TcpOutcome.Refused, Icmp(3, Us)).Controls(TcpOutcome.Refused), CauseId.NetworkPath, 0.97),
        ("our own firewall drops", new Case().Target(TcpOutcome.TimedOut).Controls(TcpOutcome.TimedOut).Path(0).Path(5, reached: true, port: 443), CauseId.NetworkPath, 0.95),
        ("no route on this machine", new Case().Target(TcpOutcome.NetworkUnreachable, ms: 0, saidBy: Postern.Protocols.Smtp.Speaker.Us).Controls(TcpOutcome.NetworkUnreachable), CauseId.NetworkPath, 0.97),
        ("IPv6 has no way there", new Case().Target6(TcpOutcome.TimedOut).Tcp(TcpOutcome.Connected, PointRole.OtherFamily, address: Mx).Controls(TcpOutcome.Connected), CauseId.NetworkPath, 0.6),
        ("daemon stopped, two addresses", new Case().Target(TcpOutcome.Refused).OtherEgress(TcpOutcome.Refused).Controls(TcpOutcome.Connected).Path(5, reached: true, made: 5).Ports(TcpOutcome.Connected, 443, 587), CauseId.UpstreamDown, 0.8),
        ("daemon stopped, it worked before", new Case().Target(TcpOutcome.Refused).OtherEgress(TcpOutcome.Refused).Controls(TcpOutcome.Connected).Path(5, reached: true, made: 5).Ports(TcpOutcome.Refused, 443, 587).History(40, 30, failingForMinutes: 20), CauseId.UpstreamDown, 0.85),
        ("accepts and closes", new Case().Target(TcpOutcome.Connected).Greeting(GreetingOutcome.Closed).Greeting(GreetingOutcome.Closed, role: PointRole.OtherEgress).OtherEgress(TcpOutcome.Connected).Controls(TcpOutcome.Connected), CauseId.UpstreamDown, 0.7),
        ("accepts and resets", new Case().Target(TcpOutcome.Connected).Greeting(GreetingOutcome.Reset).Controls(TcpOutcome.Connected), CauseId.UpstreamDown, 0.55),
        ("accepts and closes, only for us", new Case().Target(TcpOutcome.Connected).Greeting(GreetingOutcome.Closed).OtherEgress(TcpOutcome.Connected).Greeting(GreetingOutcome.Accepted, role: PointRole.OtherEgress), CauseId.UpstreamFirewall, 0.45),
        ("no greeting", new Case().Target(TcpOutcome.Connected).Greeting(GreetingOutcome.TimedOut, ms: 18_000).Controls(TcpOutcome.Connected), CauseId.UpstreamDown, 0.7),
        ("not SMTP but a web server", new Case().Target(TcpOutcome.Connected).Greeting(GreetingOutcome.NotSmtp, "HTTP/1.1 400 Bad Request").Controls(TcpOutcome.Connected), CauseId.UpstreamDown, 0.5),
        ("not SMTP but noise", new Case().Target(TcpOutcome.Connected).Greeting(GreetingOutcome.NotSmtp, "hello there").Controls(TcpOutcome.Connected), CauseId.UpstreamDown, 0.6),
        ("421 above some connections at once", new Case().Target(TcpOutcome.Connected).Greeting(GreetingOutcome.Refused, "421 4.7.0 too many connections").History(60, 50, before: 12, accepted: 4, refused: 5), CauseId.RateLimited, 0.97),
        ("421 above some connections at once, one alone is welcome", new Case().Healthy().History(60, 50, accepted: 4, refused: 5, failingForMinutes: null), CauseId.RateLimited, 0.55),
        ("listed, 554 with the list", new Case().Target(TcpOutcome.Connected).Greeting(GreetingOutcome.Refused, "554 5.7.1 blocked using zen.spamhaus.org").Listed(BlocklistResult.Listed), CauseId.IpReputation, 0.97),
        ("listed, 554 at RCPT", new Case().Healthy().Reply(Postern.Protocols.Smtp.ClientStage.Rcpt, "554 5.7.1 blocked using zen.spamhaus.org").Listed(BlocklistResult.Listed), CauseId.IpReputation, 0.97),
        ("a firewall's meter, silent", new Case().Target(TcpOutcome.TimedOut).OtherEgress(TcpOutcome.Connected).Controls(TcpOutcome.Connected).History(40, 30, before: 10, alternates: true), CauseId.RateLimited, 0.9),
        ("a firewall's meter, resets", new Case().Target(TcpOutcome.Refused).OtherEgress(TcpOutcome.Connected).Controls(TcpOutcome.Connected).History(40, 30, before: 10, alternates: true), CauseId.RateLimited, 0.9),
        ("a firewall's limit of connections at once", new Case().Target(TcpOutcome.TimedOut).Controls(TcpOutcome.Connected).History(40, 30, before: 4, accepted: 4, refused: 5, lastSuccessMinutes: 0.5), CauseId.RateLimited, 0.85),
        ("a firewall's meter resets the fifth connection within a minute, our other address is let in", new Case().Target(TcpOutcome.Refused).OtherEgress(TcpOutcome.Connected).History(5, 4, before: 4, failingForMinutes: 0.05), CauseId.RateLimited, 0.9),
        ("a firewall's meter drops the fifth connection within a minute, our other address is let in", new Case().Target(TcpOutcome.TimedOut).OtherEgress(TcpOutcome.Connected).History(5, 4, before: 4, failingForMinutes: 0.05), CauseId.RateLimited, 0.9),
        ("IPv6 has no route in the middle, their host prohibits IPv4", new Case().Tcp(TcpOutcome.NetworkUnreachable, address: Mx6, local: "2001:db8:1::10", icmp: new IcmpError(1, 0, "2001:db8:f::3", true, false), ms: 2).Tcp(TcpOutcome.Prohibited, PointRole.OtherFamily, address: Mx, icmp: Icmp(13, Mx)).Controls(TcpOutcome.Connected), CauseId.UpstreamFirewall, 0.7),
        ("554 no SMTP service here, to both of our addresses", new Case().Target(TcpOutcome.Connected).Greeting(GreetingOutcome.Refused, "554 No SMTP service here").OtherEgress(TcpOutcome.Connected).Greeting(GreetingOutcome.Refused, "554 No SMTP service here", PointRole.OtherEgress).Controls(TcpOutcome.Connected), CauseId.UpstreamDown, 0.6),
        ("the MX is a web server", new Case().Target(TcpOutcome.Refused).OtherEgress(TcpOutcome.Refused).Controls(TcpOutcome.Connected).Ports(TcpOutcome.Connected, 443, 80).Ports(TcpOutcome.Refused, 587, 465).Path(5, reached: true, made: 5), CauseId.MxMisconfigured, 0.5),
        ("the MX's address where nobody lives", new Case().Target(TcpOutcome.HostUnreachable, Icmp(1, Router(4)), ms: 3100).OtherEgress(TcpOutcome.HostUnreachable).Controls(TcpOutcome.Connected).Ports(TcpOutcome.HostUnreachable, 443, 587, 465).Path(4, host: null).History(4, 0), CauseId.MxMisconfigured, 0.5),
        ("a router on the way has no route", new Case().Target(TcpOutcome.HostUnreachable, Icmp(1, Router(3)), ms: 2).OtherEgress(TcpOutcome.HostUnreachable).Controls(TcpOutcome.Connected).Ports(TcpOutcome.HostUnreachable, 443, 587).Path(3, host: null), CauseId.NetworkPath, 0.8),
        ("a router on the way lost its route", new Case().Target(TcpOutcome.NetworkUnreachable, Icmp(0, Router(3)), ms: 2).Controls(TcpOutcome.Connected), CauseId.NetworkPath, 0.6),
        ("two routers send packets back and forth", new Case().Target(TcpOutcome.HostUnreachable, Icmp(0, Router(2), type: 11), ms: 2).Controls(TcpOutcome.Connected), CauseId.NetworkPath, 0.9),
        ("a router on the way drops everything", new Case().Target(TcpOutcome.TimedOut).OtherEgress(TcpOutcome.TimedOut).Controls(TcpOutcome.Connected).Ports(TcpOutcome.TimedOut, 443, 587).Path(3, host: null).Path(3, port: 443, host: null), CauseId.NetworkPath, 0.45),
        ("half of the packets are lost", new Case().Tcp(TcpOutcome.Connected, lost: 1).Tcp(TcpOutcome.Connected, PointRole.OtherEgress, lost: 2).Ports(TcpOutcome.Refused, 443, 80).Greeting(GreetingOutcome.Accepted).Ehlo().Controls(TcpOutcome.Connected), CauseId.NetworkPath, 0.55),
        ("a tenth of the packets is lost", new Case().Tcp(TcpOutcome.Connected, lost: 1).Tcp(TcpOutcome.Connected, PointRole.OtherEgress).Ports(TcpOutcome.Refused, 443, 80, 587).Greeting(GreetingOutcome.Accepted).Ehlo().Controls(TcpOutcome.Connected), CauseId.None, 0.9),
        ("large packets vanish", new Case().Target(TcpOutcome.Connected).Greeting(GreetingOutcome.Accepted).Ehlo("STARTTLS").Tls(failure: "no TLS handshake within 10 s").Controls(TcpOutcome.Connected), CauseId.NetworkPath, 0.5),
        ("the best MX is down, the second greets", new Case().Target(TcpOutcome.Refused).OtherEgress(TcpOutcome.Refused).Controls(TcpOutcome.Connected).Tcp(TcpOutcome.Connected, PointRole.Sibling).Greeting(GreetingOutcome.Accepted, role: PointRole.Sibling), CauseId.None, 0.6),
        ("IPv6 is refused, IPv4 greets", new Case().Target6(TcpOutcome.Refused).Tcp(TcpOutcome.Connected, PointRole.OtherFamily, address: Mx).Greeting(GreetingOutcome.Accepted, role: PointRole.OtherFamily).Controls(TcpOutcome.Connected), CauseId.None, 0.6),
        ("the destination is fine, the control is not", new Case().Healthy().Tcp(TcpOutcome.Refused, PointRole.Control), CauseId.None, 0.95),
        ("a meter that resets lets single connections in", new Case().Target(TcpOutcome.Refused).History(12, 6, before: 4, recoveries: 2), CauseId.RateLimited, 0.8),
        ("accept queue full", new Case().Target(TcpOutcome.TimedOut).OtherEgress(TcpOutcome.TimedOut).Controls(TcpOutcome.Connected).Path(4).Path(5, reached: true, port: 443).Ports(TcpOutcome.Connected, 443, 587), CauseId.UpstreamDown, 0.4),
        ("a lossy line", new Case().Target(TcpOutcome.Connected).Target(TcpOutcome.TimedOut).Tcp(TcpOutcome.Connected, lost: 2).Tcp(TcpOutcome.Connected, PointRole.Control, lost: 2).Tcp(TcpOutcome.Connected, PointRole.Control, address: "203.0.113.70"), CauseId.NetworkPath, 0.4),
        ("somebody answers in its place", new Case().Target(TcpOutcome.Connected).Greeting(GreetingOutcome.Accepted).Ehlo().Path(1, reached: true).Path(5, reached: true, port: 443), CauseId.NetworkPath, 0.6),
    ];

    public static TheoryData<string> Names => [.. Rows.Select(r => r.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_cause_that_was_set_up_is_named(string name)
    {
        var row = Array.Find(Rows, r => r.Name == name);
        var report = row.Case.Diagnose();
        Assert.True(report.Verdict.Id == row.Cause && report.Verdict.Confidence >= row.Least, $"{name}: {Words(report)}");
    }

    /// <summary>One vantage point with one address.</summary>
    public static TheoryData<string> Ambiguous => ["refused", "silent", "unreachable", "closed", "web server"];

    [Theory]
    [MemberData(nameof(Ambiguous))]
    public void What_one_address_cannot_tell_apart_is_said_so(string name)
    {
        var report = (name switch
        {
            "refused" => new Case().Target(TcpOutcome.Refused).Controls(TcpOutcome.Connected).Path(5, reached: true, made: 5).Ports(TcpOutcome.Connected, 587).History(40, 30, failingForMinutes: 30),
            "silent" => new Case().Target(TcpOutcome.TimedOut).Controls(TcpOutcome.Connected).Path(4).Ports(TcpOutcome.Connected, 587),
            "unreachable" => new Case().Target(TcpOutcome.HostUnreachable, Icmp(1, Router(4)), ms: 3100).Controls(TcpOutcome.Connected).Ports(TcpOutcome.HostUnreachable, 443),
            "closed" => new Case().Target(TcpOutcome.Connected).Greeting(GreetingOutcome.Closed).Controls(TcpOutcome.Connected),
            _ => new Case().Target(TcpOutcome.Refused).Controls(TcpOutcome.Connected).Ports(TcpOutcome.Connected, 443, 80).Ports(TcpOutcome.Refused, 587, 465),
        }).Diagnose();
        Assert.True(report.Verdict.Confidence < 0.9, Words(report));
        Assert.True(report.Alternatives is [{ WouldSettle.Length: > 10 }, ..], Words(report));
    }

    internal static string Words(DiagnosisReport report) =>
        $"{report.Verdict.Cause} {report.Verdict.Confidence}; {string.Join(", ", report.Alternatives.Select(a => $"{a.Cause} {a.Confidence} ({a.WouldSettle})"))}\n{string.Join('\n', report.Evidence.Select(e => $"  {e.Id}: {e.Observed} +[{string.Join(',', e.Supports)}] -[{string.Join(',', e.Against)}]"))}";
}
