using System.Diagnostics;
using System.Text.Json;
using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Dns;
using Postern.Protocols.Smtp;
using static Postern.Tests.Diagnosis.Causes.Case;

namespace Postern.Tests.Diagnosis.Causes;

public sealed class DiagnosticianTests
{
    [Fact]
    public void No_evidence_is_unknown()
    {
        var report = Diagnostician.Default.Diagnose(new EvidenceSet("mx1.example.org:25", null, Now, []));
        Assert.Equal("unknown", report.Verdict.Cause);
        Assert.Equal("resolve", report.Stage);
        Assert.InRange(report.Verdict.Confidence, 0.4, 0.9);
    }

    [Fact]
    public void Facts_that_say_nothing_leave_it_unknown()
    {
        var report = new Case().Listed(BlocklistResult.NoAnswer).Dns(DnsStatus.Ok, DnsRole.Ptr, "PTR 192.0.2.10", "a.example").MxIs(MxProblem.None, 2).Diagnose();
        Assert.Equal("unknown", report.Verdict.Cause);
    }

    [Fact]
    public void The_same_evidence_gives_the_same_report()
    {
        var one = new Case().Target(TcpOutcome.TimedOut).Controls(TcpOutcome.Connected).Path(4).Diagnose();
        var other = new Case().Target(TcpOutcome.TimedOut).Controls(TcpOutcome.Connected).Path(4).Diagnose();
        Assert.Equal(JsonSerializer.Serialize(one), JsonSerializer.Serialize(other));
    }

    [Fact]
    public void A_second_cause_that_is_also_true_is_named_beside_the_first()
    {
        var report = new Case().Healthy().Reply(ClientStage.Rcpt, "554 5.7.1 blocked using zen.spamhaus.org").Reply(ClientStage.Rcpt, "550 5.7.25 cannot find your reverse hostname").Listed(BlocklistResult.Listed).Identity(IdentityAspect.ReverseName, false).Diagnose();
        Assert.Equal("ip-reputation", report.Verdict.Cause);
        Assert.Contains(report.Alternatives, a => a.Cause == "sender-identity");
    }

    [Fact]
    public void A_trouble_in_itself_is_named_however_small_its_share()
    {
        var listed = new Case().Target(TcpOutcome.Prohibited, Icmp(13, Mx)).OtherEgress(TcpOutcome.Connected).Controls(TcpOutcome.Connected).Listed(BlocklistResult.Listed).Diagnose();
        Assert.Equal("upstream-firewall", listed.Verdict.Cause);
        Assert.Contains(listed.Alternatives, a => a.Cause == "ip-reputation");
        var dangling = new Case().Healthy().MxIs(MxProblem.HostDoesNotExist, 1, "gone.example.org").Diagnose();
        Assert.Equal("none", dangling.Verdict.Cause);
        Assert.Contains(dangling.Alternatives, a => a is { Cause: "mx-misconfigured", WouldSettle: not null });
        var stranded = new Case().MxIs(MxProblem.HostDoesNotExist, 1, "gone.example.org").Target(TcpOutcome.TimedOut).OtherEgress(TcpOutcome.Connected).Controls(TcpOutcome.Connected).Diagnose();
        Assert.Equal("upstream-firewall", stranded.Verdict.Cause);
        Assert.Contains(stranded.Alternatives, a => a.Cause == "mx-misconfigured");
    }

    [Fact]
    public void The_other_family_may_say_in_clearer_words_who_refuses()
    {
        var report = new Case().Target6(TcpOutcome.TimedOut).Tcp(TcpOutcome.Prohibited, PointRole.OtherFamily, address: Mx, icmp: Icmp(13, Mx)).Controls(TcpOutcome.Connected).Diagnose();
        Assert.Equal("upstream-firewall", report.Verdict.Cause);
    }

    [Fact]
    public void Two_families_with_a_fault_each_are_both_named_and_the_address_is_the_one_that_is_prohibited()
    {
        var report = new Case().Tcp(TcpOutcome.NetworkUnreachable, address: Mx6, local: "2001:db8:1::10", icmp: new IcmpError(1, 0, "2001:db8:f::3", true, false)).Tcp(TcpOutcome.Prohibited, PointRole.OtherFamily, address: Mx, icmp: Icmp(13, Mx)).Diagnose();
        Assert.Equal("upstream-firewall", report.Verdict.Cause);
        Assert.Contains(report.Alternatives, a => a.Cause == "network-path");
        Assert.Contains(Us, report.Verdict.Fix, StringComparison.Ordinal);
        Assert.DoesNotContain("2001:db8:1::10", report.Verdict.Fix, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("554 No SMTP service here", true)]
    [InlineData("521 mx1.example.org No SMTP service here", true)]
    [InlineData("554-gmx.net (mxgmx101) Nemesis ESMTP Service not available\n554-No SMTP service here\n554 IP address is block listed.", false)]
    [InlineData("554 No SMTP service here for you: 192.0.2.10 blocked using zen.spamhaus.org", false)]
    public void A_host_without_a_service_is_told_from_one_that_has_none_for_us(string greeting, bool isNoService)
    {
        var point = new ProbePoint("mx1.example.org", Mx, 25, Us, PointRole.Target);
        var fact = new GreetingFact { SaidBy = Speaker.Peer, Observed = "554", Point = point, Outcome = GreetingOutcome.Refused, Text = greeting };
        var report = Diagnostician.Default.Diagnose(new EvidenceSet("mx1.example.org:25", "example.org", Now, [fact]));
        Assert.Equal(isNoService, report.Evidence.Any(e => e.Id == SignalId.ReplyNoService));
    }

    [Fact]
    public void A_limit_of_rate_because_of_reputation_names_both()
    {
        var report = new Case().Healthy().Reply(ClientStage.Mail, "451 4.7.650 too many connections").Listed(BlocklistResult.Listed).History(100, 90, before: 20).Diagnose();
        Assert.Equal("rate-limited", report.Verdict.Cause);
        Assert.Contains(report.Evidence, e => e.Id == SignalId.ListedHigh && e.Supports.Contains("ip-reputation"));
    }

    [Fact]
    public void Clear_words_about_the_mail_outweigh_all_that_is_known_of_the_network()
    {
        var report = new Case().Target(TcpOutcome.TimedOut).OtherEgress(TcpOutcome.TimedOut).Controls(TcpOutcome.TimedOut).Path(1).Others(6, 6).Reply(ClientStage.Rcpt, "550 5.1.1 user unknown").Diagnose();
        Assert.Equal("recipient-unknown", report.Verdict.Cause);
        Assert.Equal("rcpt", report.Stage);
        Assert.True(report.Verdict.Confidence > 0.8, MatrixTests.Words(report));
    }

    [Fact]
    public void Ten_facts_of_a_kind_do_not_count_ten_times()
    {
        var one = new Case().Healthy().Listed(BlocklistResult.Listed, BlocklistWeight.Low, "a.example", "A list");
        var ten = new Case().Healthy();
        for (int i = 0; i < 10; i++) ten.Listed(BlocklistResult.Listed, BlocklistWeight.Low, $"{(char)('a' + i)}.example", $"List {i}");
        Assert.Equal("none", one.Diagnose().Verdict.Cause);
        Assert.Equal("none", ten.Diagnose().Verdict.Cause);
    }

    [Fact]
    public void What_would_settle_it_is_not_what_has_been_observed()
    {
        var without = new Case().Target(TcpOutcome.Refused).Controls(TcpOutcome.Connected).Diagnose();
        Assert.Contains("from another address", Assert.IsType<string>(without.Alternatives.First(a => a.Cause == "upstream-firewall").WouldSettle));
        var with = new Case().Target(TcpOutcome.Refused).OtherEgress(TcpOutcome.Refused).Controls(TcpOutcome.Connected).Ports(TcpOutcome.Connected, 443).Diagnose();
        Assert.All(with.Alternatives, a => Assert.DoesNotContain("from another address", a.WouldSettle ?? "", StringComparison.Ordinal));
    }

    [Fact]
    public void Evidence_says_who_spoke_and_what_it_supports_with_the_weightiest_first()
    {
        var report = new Case().Target(TcpOutcome.TimedOut, ms: 10_000).OtherEgress(TcpOutcome.Connected).Controls(TcpOutcome.Connected).Path(4).Diagnose();
        var first = report.Evidence[0];
        Assert.Equal(SignalId.EgressOtherWorks, first.Id);
        Assert.Equal("us", first.SaidBy);
        Assert.Equal("upstream-firewall", first.Supports[0]);
        Assert.Contains("upstream-down", first.Against);
        Assert.Equal("mx1.example.org[198.51.100.25]:25 accepts connections from 192.0.2.11, but not from 192.0.2.10", first.Observed);
        var silent = report.Evidence.First(e => e.Id == SignalId.ConnectSilent);
        Assert.Equal(10_000, silent.Ms);
        Assert.Equal("network", silent.SaidBy);
    }

    [Theory]
    [InlineData("resolve")]
    [InlineData("connect")]
    [InlineData("greeting")]
    [InlineData("ehlo")]
    [InlineData("starttls")]
    [InlineData("auth")]
    [InlineData("mail")]
    [InlineData("eod")]
    public void The_stage_is_the_one_that_failed(string stage)
    {
        var report = (stage switch
        {
            "resolve" => new Case().MxIs(MxProblem.NoSuchDomain),
            "connect" => new Case().Target(TcpOutcome.Refused),
            "greeting" => new Case().Target(TcpOutcome.Connected).Greeting(GreetingOutcome.Refused, "554 no"),
            "ehlo" => new Case().Target(TcpOutcome.Connected).Greeting(GreetingOutcome.Accepted).Stage(ClientStage.Ehlo, FailureKind.TimedOut),
            "starttls" => new Case().Target(TcpOutcome.Connected).Greeting(GreetingOutcome.Accepted).Ehlo().Tls("handshake failure"),
            "auth" => new Case().Healthy().Reply(ClientStage.Auth, "535 5.7.8 no"),
            "mail" => new Case().Healthy().Reply(ClientStage.Mail, "451 4.3.0 no"),
            _ => new Case().Healthy().Reply(ClientStage.EndOfData, "550 5.7.1 no"),
        }).Diagnose();
        Assert.Equal(stage, report.Stage);
    }

    [Fact]
    public void A_trouble_of_the_network_near_us_is_ours_to_mend_and_one_far_away_is_not()
    {
        Assert.Equal("us", new Case().Target(TcpOutcome.TimedOut).Controls(TcpOutcome.TimedOut).Diagnose().Verdict.Who);
        Assert.Equal("network", new Case().Target(TcpOutcome.Prohibited, Icmp(13, Router(3))).Controls(TcpOutcome.Connected).Path(3).Diagnose().Verdict.Who);
    }
}

[Collection(Alone.Name)]
public sealed class DiagnosticianTimeTests
{
    [Fact]
    public void A_diagnosis_takes_less_than_a_millisecond()
    {
        var evidence = new Case().Target(TcpOutcome.TimedOut).OtherEgress(TcpOutcome.Connected).Controls(TcpOutcome.Connected).Path(4).Path(5, reached: true, port: 443).Ports(TcpOutcome.Connected, 443, 587)
            .Reply(ClientStage.Rcpt, "450 4.7.1 try again later").Listed(BlocklistResult.Listed).History(40, 30, before: 10).Others(8, 1, 2, 0).Evidence;
        for (int i = 0; i < 2000; i++) Diagnostician.Default.Diagnose(evidence);
        // The median: the machine may be busy with other things.
        var times = new double[201];
        for (int i = 0; i < times.Length; i++)
        {
            long begun = Stopwatch.GetTimestamp();
            Diagnostician.Default.Diagnose(evidence);
            times[i] = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
        }
        Array.Sort(times);
        Assert.True(times[100] < 1, $"median {times[100]:0.000} ms");
    }
}
