using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Dns;
using Postern.Protocols.Smtp;
using static Postern.Tests.Diagnosis.Causes.Case;

namespace Postern.Tests.Diagnosis.Causes;

/// <summary>Failures that look like another cause and must not be mistaken for it.</summary>
public sealed class LookAlikeTests
{
    private static readonly (string Name, Case Case, CauseId Cause, double Least)[] Rows =
    [
        // Greylisting against a limit of rate.
        ("greylisting by its words", new Case().Healthy().Reply(ClientStage.Rcpt, "450 4.2.0 Greylisted, see later"), CauseId.Greylisted, 0.9),
        ("an unclear 451 on first contact", new Case().Healthy().Reply(ClientStage.Rcpt, "451 4.7.1 try again later").History(1, 0), CauseId.Greylisted, 0.7),
        ("an unclear 451 after a burst", new Case().Healthy().Reply(ClientStage.Rcpt, "451 4.7.1 not now").History(30, 28, before: 25), CauseId.RateLimited, 0.7),
        ("every session ends after so many", new Case().Healthy().Stage(ClientStage.Mail, FailureKind.ConnectionClosed).History(30, 28, before: 5, perSession: 5), CauseId.RateLimited, 0.8),

        // A limit of connections against a server that stops, a ban and a host without a service.
        ("a server that stops while many sessions are open", new Case().Target(TcpOutcome.Refused).Controls(TcpOutcome.Connected).History(40, 30, accepted: 5, refused: 6, failingForMinutes: 0.1, lastSuccessMinutes: 0.2), CauseId.UpstreamDown, 0.5),
        ("sessions that break while many are open", new Case().Healthy().Stage(ClientStage.Mail, FailureKind.ConnectionReset).History(40, 30, accepted: 5, refused: 6, failingForMinutes: 0.1, lastSuccessMinutes: 0.2), CauseId.UpstreamDown, 0.4),
        ("banned for twenty minutes, our other address is let in", new Case().Target(TcpOutcome.TimedOut).OtherEgress(TcpOutcome.Connected).Controls(TcpOutcome.Connected).History(9, 4, before: 4, failingForMinutes: 20), CauseId.UpstreamFirewall, 0.9),
        ("refused from one address alone, without a success before", new Case().Target(TcpOutcome.Refused).OtherEgress(TcpOutcome.Connected).History(5, 0, failingForMinutes: 1), CauseId.UpstreamFirewall, 0.8),
        ("stopped after a burst, from every address", new Case().Target(TcpOutcome.Refused).OtherEgress(TcpOutcome.Refused).Controls(TcpOutcome.Connected).History(5, 4, before: 4, failingForMinutes: 0.05), CauseId.UpstreamDown, 0.6),
        ("no SMTP service here, but for our other address", new Case().Target(TcpOutcome.Connected).Greeting(GreetingOutcome.Refused, "554 No SMTP service here").OtherEgress(TcpOutcome.Connected).Greeting(GreetingOutcome.Accepted, role: PointRole.OtherEgress), CauseId.UpstreamFirewall, 0.6),
        ("an unknown user where every session is ended after so many", new Case().Healthy().Reply(ClientStage.Rcpt, "550 5.1.1 user unknown").History(30, 28, perSession: 3, failingForMinutes: null), CauseId.RecipientUnknown, 0.9),

        // Their firewall against ours.
        ("our own REJECT for this destination alone", new Case().Target(TcpOutcome.Prohibited, Icmp(13, Us)).Controls(TcpOutcome.Connected), CauseId.NetworkPath, 0.9),
        ("a router next to us prohibits", new Case().Target(TcpOutcome.Prohibited, Icmp(13, Router(1))).Controls(TcpOutcome.Prohibited).Path(1), CauseId.NetworkPath, 0.97),

        // Our resolver against their records.
        ("our resolver is dead", new Case().MxIs(MxProblem.LookupFailed).Dns(DnsStatus.TimedOut).Dns(DnsStatus.TimedOut, question: "NS ."), CauseId.LocalDns, 0.95),
        ("our resolver refuses us", new Case().Dns(DnsStatus.Refused, DnsRole.Mx, "MX example.org").Dns(DnsStatus.Refused), CauseId.LocalDns, 0.95),
        ("their name servers fail", new Case().MxIs(MxProblem.LookupFailed).Dns(DnsStatus.Ok, answers: "203.0.113.66"), CauseId.MxMisconfigured, 0.75),
        ("their own name servers fail too", new Case().MxIs(MxProblem.LookupFailed).Dns(DnsStatus.TimedOut, DnsRole.Authority, "MX example.org").Dns(DnsStatus.Ok, answers: "203.0.113.66"), CauseId.MxMisconfigured, 0.95),
        ("their own name servers answer", new Case().MxIs(MxProblem.LookupFailed).Dns(DnsStatus.Ok, DnsRole.Authority, "MX example.org", "10 mx1.example.org.").Dns(DnsStatus.Ok, answers: "203.0.113.66"), CauseId.LocalDns, 0.75),
        ("their zone is bogus", new Case().MxIs(MxProblem.Bogus).Dns(DnsStatus.Ok, answers: "203.0.113.66"), CauseId.MxMisconfigured, 0.95),
        ("our resolver invents answers", new Case().Dns(DnsStatus.Ok, question: "A nothing.invalid", answers: "203.0.113.99").Dns(DnsStatus.Ok, answers: "203.0.113.99").MxIs(MxProblem.None, 1), CauseId.LocalDns, 0.9),

        // A list that refuses their resolver against a listing.
        ("open resolver", new Case().Target(TcpOutcome.Connected).Greeting(GreetingOutcome.Refused, "554 5.7.1 blocked using zen.spamhaus.org; Error: open resolver; https://check.spamhaus.org/returnc/pub/192.0.2.53").Listed(BlocklistResult.NotListed), CauseId.UpstreamDown, 0.9),
        ("open resolver, and no list asked", new Case().Healthy().Reply(ClientStage.Rcpt, "554 5.7.1 blocked using zen.spamhaus.org; Error: open resolver"), CauseId.UpstreamDown, 0.9),
        ("open resolver said, and yet we are listed", new Case().Healthy().Reply(ClientStage.Rcpt, "554 5.7.1 blocked using zen.spamhaus.org; open resolver").Listed(BlocklistResult.Listed), CauseId.IpReputation, 0.9),
        ("lists that are dead or refuse us are no listing", new Case().Target(TcpOutcome.Connected).Greeting(GreetingOutcome.Closed).Listed(BlocklistResult.Dead, zone: "dnsbl.sorbs.net", name: "SORBS").Listed(BlocklistResult.Refused).Listed(BlocklistResult.Unhealthy, zone: "bl.example"), CauseId.UpstreamDown, 0.45),
        ("listed at a list that nobody asks", new Case().Healthy().Listed(BlocklistResult.Listed, BlocklistWeight.VeryLow, "dnsbl-3.uceprotect.net", "UCEPROTECT 3"), CauseId.None, 0.9),
        ("turned away without a reason, and listed", new Case().Target(TcpOutcome.Connected).Greeting(GreetingOutcome.Refused, "554 mx1.example.org").Listed(BlocklistResult.Listed), CauseId.IpReputation, 0.75),

        // Slow is not down.
        ("greet delay", new Case().Target(TcpOutcome.Connected).Greeting(GreetingOutcome.Accepted, ms: 15_000).Ehlo(), CauseId.None, 0.95),
        ("distant", new Case().Tcp(TcpOutcome.Connected, ms: 700).Greeting(GreetingOutcome.Accepted, ms: 900).Ehlo(), CauseId.None, 0.95),
        ("a certificate that nobody verifies", new Case().Healthy().Tls(problem: "self-signed"), CauseId.None, 0.9),
        ("IPv6 alone works, there is no IPv4", new Case().Target6(TcpOutcome.Connected).Greeting(GreetingOutcome.Accepted).Ehlo(), CauseId.None, 0.95),
        ("another MX is down, ours is not", new Case().Healthy().Tcp(TcpOutcome.TimedOut, PointRole.Sibling), CauseId.None, 0.9),
        ("our address is listed, but not minded here", new Case().Healthy().Listed(BlocklistResult.Listed), CauseId.None, 0.85),
        ("an odd greeting and an empty EHLO", new Case().Target(TcpOutcome.Connected).Greeting(GreetingOutcome.Accepted, "220-***\n220 =^..^= no spam please").Ehlo(), CauseId.None, 0.95),
        ("the MX names an alias, and mail passes", new Case().Healthy().MxIs(MxProblem.NamesAlias, 1, "mx1.example.org"), CauseId.None, 0.9),

        // What is said of the mail is not about the network.
        ("unknown user", new Case().Healthy().Reply(ClientStage.Rcpt, "550 5.1.1 user unknown"), CauseId.RecipientUnknown, 0.9),
        ("mailbox unavailable before anything was said is a block", new Case().Target(TcpOutcome.Connected).Greeting(GreetingOutcome.Refused, "550 mailbox unavailable").Listed(BlocklistResult.NotListed), CauseId.UpstreamFirewall, 0.4),
        ("relay denied", new Case().Healthy().Reply(ClientStage.Rcpt, "554 5.7.1 Relaying denied"), CauseId.RelayDenied, 0.9),
        ("mailbox full", new Case().Healthy().Reply(ClientStage.Rcpt, "452 4.2.2 mailbox full"), CauseId.MailboxFull, 0.9),
        ("no reverse name", new Case().Healthy().Reply(ClientStage.Rcpt, "550 5.7.25 cannot find your reverse hostname").Identity(IdentityAspect.ReverseName, false), CauseId.SenderIdentity, 0.95),
        ("bad password", new Case().Named().Healthy().Reply(ClientStage.Auth, "535 5.7.8 authentication failed"), CauseId.AuthFailed, 0.9),
        ("no mechanism in common", new Case().Named().Healthy().Stage(ClientStage.Auth, FailureKind.AuthUnavailable), CauseId.AuthFailed, 0.9),
        ("spam", new Case().Healthy().Reply(ClientStage.EndOfData, "550 5.7.1 looks like spam"), CauseId.ContentRejected, 0.9),
        ("too large", new Case().Healthy().Stage(ClientStage.Mail, FailureKind.TooLarge), CauseId.MessageTooLarge, 0.9),
        ("TLS breaks", new Case().Target(TcpOutcome.Connected).Greeting(GreetingOutcome.Accepted).Ehlo("STARTTLS").Tls(failure: "handshake failure"), CauseId.TlsFailed, 0.9),
        ("STARTTLS refused", new Case().Healthy().Reply(ClientStage.StartTls, "454 4.7.0 TLS not available"), CauseId.TlsFailed, 0.9),
        ("expired certificate of an MX, which nobody verifies", new Case().Healthy().Tls(problem: "expired 2025-12-01"), CauseId.None, 0.8),
        ("expired certificate of a smart host", new Case().Named().Tcp(TcpOutcome.Connected, port: 587).Greeting(GreetingOutcome.Accepted).Ehlo("STARTTLS").Tls(problem: "expired 2025-12-01"), CauseId.TlsFailed, 0.6),
        ("no STARTTLS at a submission port", new Case().Named().Tcp(TcpOutcome.Connected, port: 587).Greeting(GreetingOutcome.Accepted).Ehlo("PIPELINING"), CauseId.TlsFailed, 0.55),
        ("EHLO and HELO are not known", new Case().Target(TcpOutcome.Connected).Greeting(GreetingOutcome.Accepted).Reply(ClientStage.Ehlo, "502 5.5.2 Error: command not recognized"), CauseId.UpstreamDown, 0.4),
        ("too much load", new Case().Target(TcpOutcome.Connected).Greeting(GreetingOutcome.Refused, "421 mx1: too much load; please try again later"), CauseId.UpstreamDown, 0.9),
        ("shutting down", new Case().Target(TcpOutcome.Connected).Greeting(GreetingOutcome.Refused, "421 4.3.2 mx1.example.org shutting down"), CauseId.UpstreamDown, 0.9),
        ("access denied by rule at RCPT", new Case().Healthy().Reply(ClientStage.Rcpt, "554 5.7.1 Client host rejected: access denied"), CauseId.UpstreamFirewall, 0.75),

        // Names.
        ("no such domain", new Case().MxIs(MxProblem.NoSuchDomain), CauseId.MxMisconfigured, 0.95),
        ("null MX", new Case().MxIs(MxProblem.NullMx), CauseId.MxMisconfigured, 0.95),
        ("no MX and no address", new Case().MxIs(MxProblem.NoMxNoAddress), CauseId.MxMisconfigured, 0.95),
        ("an address for a name", new Case().MxIs(MxProblem.NamesAddressLiteral, host: "192.0.2.1"), CauseId.MxMisconfigured, 0.95),
        ("loopback", new Case().MxIs(MxProblem.LoopbackAddress, host: "mx1.example.org"), CauseId.MxMisconfigured, 0.95),
        ("one of several does not exist", new Case().Healthy().MxIs(MxProblem.HostDoesNotExist, 2, "gone.example.org"), CauseId.None, 0.8),

        // Who else fails.
        ("one upstream fails, refused, others work", new Case().Target(TcpOutcome.Refused).Others(8, 0).History(50, 40, failingForMinutes: 10), CauseId.UpstreamDown, 0.6),
        ("everybody on port 25 fails", new Case().Target(TcpOutcome.TimedOut).Others(6, 6), CauseId.NetworkPath, 0.9),
        ("all of one provider refuse us", new Case().Healthy().Reply(ClientStage.Mail, "550 5.7.1 no").Others(8, 0, 4, 4), CauseId.IpReputation, 0.45),
    ];

    public static TheoryData<string> Names => [.. Rows.Select(r => r.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Is_not_mistaken(string name)
    {
        var row = Array.Find(Rows, r => r.Name == name);
        var report = row.Case.Diagnose();
        Assert.True(report.Verdict.Id == row.Cause && report.Verdict.Confidence >= row.Least, $"{name}: {MatrixTests.Words(report)}");
    }
}
