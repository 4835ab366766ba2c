using System.Text.Json;
using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Dns;
using Postern.Protocols.Smtp;
using Postern.Protocols.Tls;

namespace Postern.Tests.Diagnosis.Evidence;

/// <summary>A failed attempt is explained from what it left behind, without any probe.</summary>
public sealed class AttemptFactsTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private static AttemptEvidence Attempt(StageFailure? failure, ClientStage reached = ClientStage.Connect) => new()
    {
        At = Now,
        Destination = "mx:example.org",
        Upstream = "mx1.example.org",
        Target = "mx1.example.org[198.51.100.25]:25",
        LocalAddress = "192.0.2.10",
        StageReached = reached,
        Failure = failure,
    };

    private static DiagnosisReport Diagnose(AttemptEvidence attempt, HistoryFact? record = null, NeighbourFact? neighbours = null) => Diagnostician.Default.Diagnose(AttemptFacts.Of(attempt, record, neighbours));

    private static StageFailure Refused(ClientStage stage, int code, string? enhanced, string text)
    {
        var reply = enhanced is null ? new SmtpReply(code, null, text) : SmtpReply.Of(code, enhanced, text);
        return new StageFailure(stage, Speaker.Peer, FailureKind.Refused, reply.ToString(), reply);
    }

    [Fact]
    public void A_refused_recipient_is_a_reply_at_rcpt()
    {
        var attempt = Attempt(Refused(ClientStage.Rcpt, 550, "5.1.1", "no such user"), ClientStage.Rcpt) with
        {
            Connects = [new ConnectObservation("198.51.100.25", 25, "192.0.2.10", null, 3)],
            Transcript = [new TranscriptLine(true, 5, "220 mx1.example.org ESMTP"), new TranscriptLine(false, 6, "EHLO relay.example.net")],
            Timings = [new StageTiming(ClientStage.Rcpt, 7.5)],
        };
        var evidence = AttemptFacts.Of(attempt);
        Assert.Equal("example.org", evidence.Domain);
        Assert.Collection(evidence.Facts,
            f => Assert.Equal((TcpOutcome.Connected, PointRole.Target, "192.0.2.10"), (((TcpFact)f).Outcome, ((TcpFact)f).Point.Role, ((TcpFact)f).Point.LocalAddress)),
            f => Assert.Equal((GreetingOutcome.Accepted, "220 mx1.example.org ESMTP"), (((GreetingFact)f).Outcome, ((GreetingFact)f).Text)),
            f => Assert.Equal((ClientStage.Rcpt, "550 5.1.1 no such user", 7.5), (((ReplyFact)f).Stage, ((ReplyFact)f).Reply, f.Milliseconds)));
        var report = Diagnose(attempt);
        Assert.Equal(("recipient-unknown", "rcpt"), (report.Verdict.Cause, report.Stage));
    }

    [Theory]
    [InlineData("connection refused", TcpOutcome.Refused)]
    [InlineData("no answer within 30 s", TcpOutcome.TimedOut)]
    [InlineData("the connection timed out", TcpOutcome.TimedOut)]
    [InlineData("no route to host", TcpOutcome.HostUnreachable)]
    [InlineData("prohibited by a firewall (EACCES)", TcpOutcome.Prohibited)]
    [InlineData("network unreachable", TcpOutcome.NetworkUnreachable)]
    [InlineData("connection reset by the peer", TcpOutcome.Reset)]
    [InlineData("the local address to send from is not on this machine", TcpOutcome.LocalError)]
    [InlineData("too many open files in this process (raise the limit, ulimit -n)", TcpOutcome.LocalError)]
    public void The_clients_words_for_an_error_become_its_outcome(string error, TcpOutcome outcome) => Assert.Equal(outcome, ConnectFacts.OutcomeOf(error));

    [Fact]
    public void Every_way_a_connection_fails_has_an_outcome_that_is_not_ours_by_mistake()
    {
        foreach (var error in new[] { System.Net.Sockets.SocketError.ConnectionRefused, System.Net.Sockets.SocketError.HostUnreachable, System.Net.Sockets.SocketError.HostDown, System.Net.Sockets.SocketError.AccessDenied, System.Net.Sockets.SocketError.NetworkUnreachable, System.Net.Sockets.SocketError.NetworkDown, System.Net.Sockets.SocketError.TimedOut, System.Net.Sockets.SocketError.ConnectionReset, System.Net.Sockets.SocketError.ConnectionAborted })
            Assert.NotEqual(TcpOutcome.LocalError, ConnectFacts.OutcomeOf(SocketFailure.Words(new System.Net.Sockets.SocketException((int)error))));
    }

    [Fact]
    public void The_family_that_lost_the_race_is_no_failure_and_one_that_failed_is_the_other_family()
    {
        var attempt = Attempt(Refused(ClientStage.Greeting, 421, null, "busy"), ClientStage.Greeting) with
        {
            Connects =
            [
                new ConnectObservation("2001:db8:9::25", 25, null, "network unreachable", 0.1),
                new ConnectObservation("198.51.100.25", 25, "192.0.2.10", null, 9),
                new ConnectObservation("198.51.100.26", 25, null, "another address was faster", 9),
            ],
        };
        var tcp = AttemptFacts.Of(attempt).Facts.OfType<TcpFact>().ToList();
        Assert.Equal([(PointRole.OtherFamily, TcpOutcome.NetworkUnreachable), (PointRole.Target, TcpOutcome.Connected)], tcp.Select(t => (t.Point.Role, t.Outcome)));
    }

    [Fact]
    public void Two_refused_addresses_are_the_target_and_its_sibling()
    {
        var attempt = Attempt(new StageFailure(ClientStage.Connect, Speaker.Network, FailureKind.ConnectionRefused, "connecting to mx1.example.org[198.51.100.26]:25: connection refused")) with
        {
            Target = "mx1.example.org:25",
            Connects = [new ConnectObservation("198.51.100.25", 25, null, "no answer within 30 s", 30000), new ConnectObservation("198.51.100.26", 25, null, "connection refused", 12)],
        };
        var tcp = AttemptFacts.Of(attempt).Facts.OfType<TcpFact>().ToDictionary(t => t.Point.Address!);
        Assert.Equal(PointRole.Target, tcp["198.51.100.26"].Point.Role);
        Assert.Equal(PointRole.Sibling, tcp["198.51.100.25"].Point.Role);
        var report = Diagnose(attempt);
        Assert.Equal("upstream-down", report.Verdict.Cause);
        Assert.InRange(report.Verdict.Confidence, 0.4, 0.89);
        Assert.NotEmpty(report.Alternatives);
    }

    public static TheoryData<FailureKind, string, string> Unresolved => new()
    {
        { FailureKind.NoSuchDomain, "mx:example.org", "mx-misconfigured" },
        { FailureKind.NullMx, "mx:example.org", "mx-misconfigured" },
        { FailureKind.NoAddress, "mx:example.org", "mx-misconfigured" },
        { FailureKind.LoopsToUs, "mx:example.org", "mx-misconfigured" },
        { FailureKind.NoSuchDomain, "pool:provider", "mx-misconfigured" },
    };

    [Theory]
    [MemberData(nameof(Unresolved))]
    public void A_name_that_leads_nowhere_is_a_fault_of_the_records(FailureKind kind, string destination, string cause)
    {
        var attempt = Attempt(new StageFailure(ClientStage.Resolve, Speaker.Dns, kind, "the name leads nowhere"), ClientStage.Resolve) with { Destination = destination, Target = destination.StartsWith("mx") ? "example.org" : "smtp.example.com:587" };
        var report = Diagnose(attempt);
        Assert.Equal((cause, "resolve"), (report.Verdict.Cause, report.Stage));
    }

    [Fact]
    public void A_look_up_that_failed_leaves_the_resolver_in_doubt()
    {
        var attempt = Attempt(new StageFailure(ClientStage.Resolve, Speaker.Dns, FailureKind.DnsFailure, "MX example.org: SERVFAIL"), ClientStage.Resolve) with
        {
            Target = "example.org",
            Dns = [new DnsObservation("MX example.org", DnsStatus.ServFail, "192.0.2.53", false, [], TimeSpan.Zero, TimeSpan.FromMilliseconds(3))],
        };
        var report = Diagnose(attempt);
        Assert.True(report.Verdict.Confidence < 0.8);
        Assert.Contains(report.Alternatives, a => a is { Cause: "local-dns", WouldSettle: not null });
        // Others that are reached meanwhile were resolved by the same resolver.
        var report2 = Diagnose(attempt, neighbours: new NeighbourFact { SaidBy = Speaker.Us, Observed = "", Others = 5, OthersFailing = 0 });
        Assert.Equal("mx-misconfigured", report2.Verdict.Cause);
    }

    [Fact]
    public void A_stage_that_broke_without_words_keeps_its_kind_and_speaker()
    {
        var attempt = Attempt(new StageFailure(ClientStage.TlsHandshake, Speaker.Peer, FailureKind.TlsFailed, "the certificate expired 2025-12-01"), ClientStage.TlsHandshake) with { Tls = null, Connects = [new ConnectObservation("198.51.100.25", 25, null, null, 3)] };
        var fact = Assert.Single(AttemptFacts.Of(attempt).Facts.OfType<StageFact>());
        Assert.Equal((ClientStage.TlsHandshake, FailureKind.TlsFailed, Speaker.Peer), (fact.Stage, fact.Kind, fact.SaidBy));
        Assert.Equal(("tls-failed", "starttls"), (Diagnose(attempt).Verdict.Cause, Diagnose(attempt).Stage));
    }

    [Fact]
    public void A_session_used_again_was_connected_and_greeted()
    {
        var attempt = Attempt(Refused(ClientStage.Mail, 421, "4.7.0", "enough"), ClientStage.Mail) with { SessionReused = true, MessagesBefore = 10 };
        var facts = AttemptFacts.Of(attempt).Facts;
        Assert.Equal(TcpOutcome.Connected, Assert.Single(facts.OfType<TcpFact>()).Outcome);
        Assert.Equal(GreetingOutcome.Accepted, Assert.Single(facts.OfType<GreetingFact>()).Outcome);
    }

    [Fact]
    public void A_relay_that_is_stopping_says_nothing_of_the_upstream()
    {
        var attempt = Attempt(new StageFailure(ClientStage.Rcpt, Speaker.Us, FailureKind.Cancelled, "given up: the relay is stopping"), ClientStage.Rcpt) with { Connects = [new ConnectObservation("198.51.100.25", 25, null, null, 3)] };
        Assert.DoesNotContain(AttemptFacts.Of(attempt).Facts, f => f is StageFact or ReplyFact);
    }

    [Fact]
    public void Facts_survive_being_written_and_read_again()
    {
        var attempt = Attempt(Refused(ClientStage.Mail, 451, "4.7.1", "later"), ClientStage.Mail) with
        {
            Connects = [new ConnectObservation("198.51.100.25", 25, null, null, 3)],
            Tls = new TlsObservation("TLSv1.3", "TLS_AES_128_GCM_SHA256"),
            Dns = [new DnsObservation("MX example.org", DnsStatus.Ok, null, false, ["10 mx1.example.org."], TimeSpan.FromMinutes(5), TimeSpan.FromMilliseconds(3))],
        };
        var evidence = AttemptFacts.Of(attempt);
        var again = JsonSerializer.Deserialize<EvidenceSet>(JsonSerializer.Serialize(evidence))!;
        Assert.Equal(JsonSerializer.Serialize(Diagnostician.Default.Diagnose(evidence)), JsonSerializer.Serialize(Diagnostician.Default.Diagnose(again)));
    }

    [Theory]
    [InlineData("mx1.example.org[198.51.100.25]:25", "mx1.example.org", "198.51.100.25", 25)]
    [InlineData("mx1.example.org[2001:db8::25]:2525", "mx1.example.org", "2001:db8::25", 2525)]
    [InlineData("[2001:db8::25]:25", "2001:db8::25", "2001:db8::25", 25)]
    [InlineData("smtp.example.com:587", "smtp.example.com", null, 587)]
    [InlineData("example.org", "example.org", null, 25)]
    [InlineData("2001:db8::25", "2001:db8::25", null, 25)]
    public void Targets_are_read_as_they_are_written(string text, string host, string? address, int port) => Assert.Equal(new AttemptTarget(host, address, port), AttemptTarget.Parse(text));
}
