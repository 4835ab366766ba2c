using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.Probes;
using Postern.Protocols.Dns;

namespace Postern.Tests.Diagnosis.Names;

/// <summary>Past our resolver: what a domain's own name servers say. The zone above is served at 127.0.0.1, the domain's own at 127.0.0.2.</summary>
public sealed class AuthorityTests
{
    private const string Above = "test NS ns.test\nns.test A 127.0.0.1\n";

    private static async Task<MxFindings> Examine(string zone, int port) => await MxProbe.ExamineAsync(
        NameCases.Context(new TextZone(Above + zone), "example.test", "example.test") with { NameServerPort = port, Time = TimeProvider.System }, TestContext.Current.CancellationToken);

    private static DnsFact Authority(MxFindings found) => Assert.Single(found.Facts.OfType<DnsFact>(), f => f.Role == DnsRole.Authority);

    private static DiagnosisReport Diagnose(MxFindings found, params Fact[] more) =>
        new Diagnostician(SignalTable.Default, new Calibration([(0, 0), (1, 1)]), ReplyReader.Read).Diagnose(new EvidenceSet("example.test", "example.test", DateTimeOffset.UnixEpoch, [.. found.Facts, .. more]));

    /// <summary>Our resolver answers for another name.</summary>
    private static DnsFact ControlOk => new()
    {
        SaidBy = Postern.Protocols.Smtp.Speaker.Dns, Observed = "MX example.com: answered", Role = DnsRole.Control,
        Seen = new DnsObservation("MX example.com", DnsStatus.Ok, "192.0.2.53:53", false, ["10 mx.example.com."], TimeSpan.Zero, TimeSpan.Zero),
    };

    [Fact]
    public async Task Servers_that_answer_where_our_resolver_fails_make_it_our_resolvers_fault()
    {
        using var above = new NameServer("127.0.0.1", 0, q => NameServer.Referral(q, "example.test", "ns.example.test", "127.0.0.2"));
        using var own = new NameServer("127.0.0.2", above.Port, q => NameServer.Mx(q, 10, "mx.example.test"));
        var found = await Examine("example.test * !servfail", above.Port);
        Assert.Equal((DnsStatus.Ok, $"127.0.0.2:{own.Port}"), (Authority(found).Seen.Status, Authority(found).Seen.Server));
        Assert.Contains("of example.test, asked directly for MX example.test: MX 10 mx.example.test.", Authority(found).Observed, StringComparison.Ordinal);
        // Recursion is not asked for: these servers do not offer it.
        Assert.All(above.Queries.Concat(own.Queries), q => Assert.Equal(0, q[2] & 1));
        var report = Diagnose(found, ControlOk);
        Assert.Equal("local-dns", report.Verdict.Cause);
        Assert.Contains("although the domain's own name servers answer for it", report.Verdict.Summary, StringComparison.Ordinal);
        Assert.Contains(report.Evidence, e => e.Id == SignalId.DnsAuthorityAnswers);
    }

    [Fact]
    public async Task A_domain_that_only_our_resolver_denies_is_not_called_inexistent()
    {
        using var above = new NameServer("127.0.0.1", 0, q => NameServer.Mx(q, 10, "mx.example.test"));
        var found = await Examine("other.test A 192.0.2.1", above.Port);
        Assert.Equal(MxProblem.LookupFailed, found.Facts.OfType<MxFact>().Single().Problem);
        Assert.Equal("local-dns", Diagnose(found, ControlOk).Verdict.Cause);
    }

    [Fact]
    public async Task Servers_that_agree_that_there_is_no_such_domain_settle_it()
    {
        using var above = new NameServer("127.0.0.1", 0, q => NameServer.Code(q, 3));
        var found = await Examine("other.test A 192.0.2.1", above.Port);
        Assert.Equal(MxProblem.NoSuchDomain, found.Facts.OfType<MxFact>().Single().Problem);
        var report = Diagnose(found);
        Assert.Equal("mx-misconfigured", report.Verdict.Cause);
        Assert.Contains(report.Evidence, e => e.Id == SignalId.DnsAuthorityAgrees);
    }

    [Theory]
    [InlineData(-1, DnsStatus.TimedOut)]
    [InlineData(5, DnsStatus.Refused)]
    [InlineData(2, DnsStatus.ServFail)]
    public async Task Servers_that_fail_too_make_it_the_domains_fault(int code, DnsStatus status)
    {
        using var above = new NameServer("127.0.0.1", 0, q => NameServer.Referral(q, "example.test", "ns.example.test", "127.0.0.2"));
        using var own = new NameServer("127.0.0.2", above.Port, q => code < 0 ? null : NameServer.Code(q, code, isAuthority: false));
        var found = await Examine("example.test * !servfail", above.Port);
        Assert.Equal(status, Authority(found).Seen.Status);
        var report = Diagnose(found);
        Assert.Equal("mx-misconfigured", report.Verdict.Cause);
        Assert.Contains(report.Evidence, e => e.Id == SignalId.DnsAuthorityFails);
        // Without it, one vantage point cannot tell the two apart.
        var without = Diagnose(found with { Facts = [.. found.Facts.Where(f => f is not DnsFact { Role: DnsRole.Authority })] });
        Assert.True(without.Verdict.Confidence < report.Verdict.Confidence - 0.2);
    }

    [Fact]
    public async Task A_delegation_to_servers_without_an_address_is_named()
    {
        using var above = new NameServer("127.0.0.1", 0, q => NameServer.Referral(q, "example.test", "ns.gone.test", null));
        var found = await Examine("example.test * !servfail", above.Port);
        Assert.Equal("the name servers of example.test cannot be asked: example.test is delegated to ns.gone.test, and no address of these can be found", Authority(found).Observed);
    }

    [Fact]
    public async Task Where_no_name_server_can_be_asked_directly_nothing_is_concluded()
    {
        using var above = new NameServer("127.0.0.1", 0, _ => null);
        Assert.DoesNotContain((await Examine("example.test * !servfail", above.Port)).Facts, f => f is DnsFact { Role: DnsRole.Authority });
        Assert.NotEmpty(above.Queries);
    }

    [Fact]
    public async Task A_referral_that_leads_up_or_round_ends_the_walk()
    {
        using var above = new NameServer("127.0.0.1", 0, q => NameServer.Referral(q, "test", "ns.test", "127.0.0.1"));
        var found = await Examine("example.test * !servfail", above.Port);
        Assert.Equal((DnsStatus.ServFail, "it is not authoritative for the name (lame delegation)"), (Authority(found).Seen.Status, Authority(found).Seen.Note));
        Assert.Single(above.Queries);
    }

    [Fact]
    public async Task A_domain_that_our_resolver_knows_is_not_asked_about_again()
    {
        using var above = new NameServer("127.0.0.1", 0, q => NameServer.Code(q, 3));
        await Examine("example.test MX 10 mx.example.test\nmx.example.test A 198.51.100.4", above.Port);
        Assert.Empty(above.Queries);
    }
}
