using System.Net;
using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.Probes;

namespace Postern.Tests.Diagnosis.Names;

public sealed class IdentityProbeTests
{
    private const string Good = """
        192.0.2.10 PTR relay.example.net
        relay.example.net A 192.0.2.10
        example.test MX 10 mx.example.test
        example.test TXT v=spf1 ip4:192.0.2.10 -all
        """;

    private static async Task<List<IdentityFact>> Ask(string zone, string egress = "192.0.2.10", string hello = "relay.example.net", params string[] domains)
    {
        var context = NameCases.Context(new TextZone(zone), egress: egress) with { HelloName = hello, SenderDomains = domains };
        return [.. (await IdentityProbe.RunAsync(context, TestContext.Current.CancellationToken)).OfType<IdentityFact>()];
    }

    private static string Results(IEnumerable<IdentityFact> facts) => string.Join(' ', facts.Select(f => $"{f.Aspect}={(f.Passed switch { true => "yes", false => "no", null => "?" })}"));

    [Fact]
    public async Task All_is_well_when_names_lead_back_and_the_policy_allows_us() =>
        Assert.Equal("ReverseName=yes ForwardConfirmed=yes HelloName=yes SenderDomain=yes SenderPolicy=yes", Results(await Ask(Good, domains: "Example.test")));

    [Theory]
    [InlineData("relay.example.net A 192.0.2.10", "ReverseName=no HelloName=yes")]
    [InlineData("192.0.2.10 * !servfail\nrelay.example.net A 192.0.2.10", "ReverseName=? HelloName=yes")]
    [InlineData("192.0.2.10 PTR other.example.net\nother.example.net A 192.0.2.99\nrelay.example.net A 192.0.2.10", "ReverseName=yes ForwardConfirmed=no HelloName=yes")]
    [InlineData("192.0.2.10 PTR other.example.net\nrelay.example.net A 192.0.2.10", "ReverseName=yes ForwardConfirmed=no HelloName=yes")]
    [InlineData("192.0.2.10 PTR other.example.net\nother.example.net * !timedout\nrelay.example.net A 192.0.2.10", "ReverseName=yes ForwardConfirmed=? HelloName=yes")]
    [InlineData("192.0.2.10 PTR a.example.net\n192.0.2.10 PTR b.example.net\nb.example.net A 192.0.2.10", "ReverseName=yes ForwardConfirmed=yes HelloName=no")]
    [InlineData("relay.example.net A 192.0.2.99", "ReverseName=no HelloName=no")]
    [InlineData("relay.example.net * !servfail", "ReverseName=no HelloName=?")]
    public async Task Each_check_tells_no_from_not_known(string zone, string results) => Assert.Equal(results, Results(await Ask(zone)));

    [Fact]
    public async Task Behind_nat_receivers_see_another_address_so_nothing_is_held_against_this_one()
    {
        var facts = await Ask("relay.example.net A 192.0.2.10\nexample.test MX 10 mx\nexample.test TXT v=spf1 ip4:192.0.2.10 -all", egress: "10.0.0.5", domains: "example.test");
        Assert.Equal("ReverseName=? HelloName=? SenderDomain=yes SenderPolicy=?", Results(facts));
        Assert.Contains("receivers see another one", facts[0].Observed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_single_label_is_no_name_to_say_in_helo() => Assert.Equal("ReverseName=no HelloName=no", Results(await Ask("x.test A 192.0.2.1", hello: "localhost")));

    [Theory]
    [InlineData("example.test TXT v=spf1 -all", "SenderPolicy=no", "forbids 192.0.2.10 by \"-all\"")]
    [InlineData("example.test TXT v=spf1 ~all", "SenderPolicy=no", "probably not allowed by \"~all\"")]
    [InlineData("example.test TXT v=spf1 ?all", "SenderPolicy=?", "says nothing of 192.0.2.10")]
    [InlineData("example.test TXT hello", "SenderPolicy=?", "has no SPF record")]
    [InlineData("example.test TXT v=spf1 ipv4:192.0.2.10 -all", "SenderPolicy=no", "'ipv4:192.0.2.10' is not a valid mechanism")]
    [InlineData("example.test TXT v=spf1 include:gone.test -all", "SenderPolicy=no", "leads to gone.test, which has no SPF record")]
    [InlineData("example.test TXT v=spf1 a:slow.test -all\nslow.test * !timedout", "SenderPolicy=?", "could not be evaluated")]
    public async Task A_policy_that_does_not_allow_us_says_by_which_term(string zone, string result, string words)
    {
        var fact = (await Ask(zone, domains: "example.test")).Single(f => f.Aspect == IdentityAspect.SenderPolicy);
        Assert.Equal(result, Results([fact]));
        Assert.Equal(("example.test", "192.0.2.10"), (fact.Subject, fact.Address));
        Assert.Contains(words, fact.Observed, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("example.test MX 0 .", false)]
    [InlineData("example.test TXT x", false)]
    [InlineData("x.test A 192.0.2.1", false)]
    [InlineData("example.test A 192.0.2.1", true)]
    [InlineData("example.test * !servfail", null)]
    public async Task A_sender_domain_must_be_able_to_take_answers(string zone, bool? passed) =>
        Assert.Equal(passed, (await Ask(zone, domains: "example.test")).Single(f => f.Aspect == IdentityAspect.SenderDomain).Passed);

    [Theory]
    [InlineData("203-0-113-7.dsl.example.net", true)]
    [InlineData("host-7.113.0.203.example.net", true)]
    [InlineData("ip113-7.example.net", true)]
    [InlineData("cb007107.example.net", true)]
    [InlineData("203000113007.example.net", true)]
    [InlineData("dyn42.example.net", true)]
    [InlineData("x.pool.provider.example.net", true)]
    [InlineData("mail.example.net", false)]
    [InlineData("mx1.dc2.example.net", false)]
    [InlineData("smtp7.example.net", false)]
    [InlineData("mail.cable.net", false)]
    public void Names_made_by_programs_are_recognised(string name, bool generated) => Assert.Equal(generated, GenericName.LooksGenerated(name, IPAddress.Parse("203.0.113.7")));

    [Fact]
    public void An_ipv6_address_in_its_name_is_recognised() =>
        Assert.True(GenericName.LooksGenerated("2001-db8-0-0-0123-4567-89ab-cdef.example.net", IPAddress.Parse("2001:db8::123:4567:89ab:cdef")));
}
