using System.Net;
using Microsoft.Extensions.Time.Testing;
using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.Probes;
using Postern.Protocols.Dns;

namespace Postern.Tests.Diagnosis.Names;

public sealed class MxProbeTests
{
    private static async Task<MxFindings> Examine(string zone, string egress = "192.0.2.10", params string[] listening) =>
        await MxProbe.ExamineAsync(NameCases.Context(new TextZone(zone), "example.test", "example.test", egress) with { Listening = [.. listening.Select(IPEndPoint.Parse)] }, TestContext.Current.CancellationToken);

    private static string Problems(MxFindings found) => string.Join(' ', found.Facts.OfType<MxFact>().Select(f => f.Host is null ? $"{f.Problem}" : $"{f.Problem}({f.Host})"));
    private static string Hosts(MxFindings found) => string.Join(' ', found.Hosts.Select(h => $"{h.Preference}:{h.Name}={string.Join(',', h.Addresses)}"));
    private static int Usable(MxFindings found) => found.Facts.OfType<MxFact>().Select(f => f.UsableHosts).Distinct().Single();

    [Fact]
    public async Task Good_records_have_no_problem_and_give_hosts_by_preference_with_both_families_in_turn()
    {
        var found = await Examine("""
            example.test MX 20 b.example.test
            example.test MX 10 a.example.test
            a.example.test A 198.51.100.4
            a.example.test A 198.51.100.5
            a.example.test AAAA 2001:db8::1
            b.example.test A 198.51.100.6
            """);
        Assert.Equal("None", Problems(found));
        Assert.Equal("10:a.example.test=2001:db8::1,198.51.100.4,198.51.100.5 20:b.example.test=198.51.100.6", Hosts(found));
        Assert.Equal(2, Usable(found));
        Assert.Equal(5, found.Facts.OfType<DnsFact>().Count());
        Assert.Equal("example.test has 2 mail exchangers, 2 of them with a usable address", found.Facts.OfType<MxFact>().Single().Observed);
    }

    [Fact]
    public async Task Without_mx_the_address_of_the_domain_stands_in()
    {
        var found = await Examine("example.test A 198.51.100.4");
        Assert.Equal("None", Problems(found));
        Assert.True(found.Facts.OfType<MxFact>().Single().IsImplicit);
        Assert.Equal("0:example.test=198.51.100.4", Hosts(found));
    }

    [Theory]
    [InlineData("other.test A 198.51.100.4", "NoSuchDomain")]
    [InlineData("example.test TXT x", "NoMxNoAddress")]
    [InlineData("example.test MX 0 .", "NullMx")]
    [InlineData("example.test * !servfail", "LookupFailed")]
    [InlineData("example.test * !refused", "LookupFailed")]
    [InlineData("example.test * !timedout", "LookupFailed")]
    [InlineData("example.test * !bogus", "Bogus")]
    [InlineData("example.test MX 10 192.0.2.7", "NamesAddressLiteral(192.0.2.7)")]
    [InlineData("example.test MX 10 192.0.2.7.example.test", "NamesAddressLiteral(192.0.2.7.example.test)")]
    [InlineData("example.test MX 10 mx.example.test", "HostDoesNotExist(mx.example.test)")]
    [InlineData("example.test MX 10 mx.example.test\nmx.example.test TXT x", "HostHasNoAddress(mx.example.test)")]
    [InlineData("example.test MX 10 mx.example.test\nmx.example.test * !servfail", "HostLookupFailed(mx.example.test)")]
    [InlineData("example.test MX 10 mx.example.test\nmx.example.test * !bogus", "Bogus(mx.example.test)")]
    [InlineData("example.test MX 10 mx.example.test\nmx.example.test CNAME gone.example.test", "NamesAlias(mx.example.test) HostDoesNotExist(mx.example.test)")]
    public async Task What_leads_nowhere_is_named_and_gives_no_host(string zone, string problems)
    {
        var found = await Examine(zone);
        Assert.Equal(problems, Problems(found));
        Assert.Empty(found.Hosts);
        Assert.Equal(0, Usable(found));
    }

    [Theory]
    [InlineData("10.0.0.1", "PrivateAddress", 1)]
    [InlineData("192.168.1.1", "PrivateAddress", 1)]
    [InlineData("100.64.0.1", "PrivateAddress", 1)]
    [InlineData("169.254.1.1", "PrivateAddress", 1)]
    [InlineData("192.0.2.1", "PrivateAddress", 1)]
    [InlineData("127.0.0.1", "LoopbackAddress", 1)]
    [InlineData("0.0.0.0", "LoopbackAddress", 0)]
    [InlineData("224.0.0.1", "PrivateAddress", 0)]
    [InlineData("fd00::1", "PrivateAddress", 1)]
    [InlineData("fe80::1", "PrivateAddress", 1)]
    [InlineData("2001:db8::1", "PrivateAddress", 1)]
    [InlineData("::1", "LoopbackAddress", 1)]
    [InlineData("::", "LoopbackAddress", 0)]
    public async Task Addresses_that_lead_nobody_there_are_no_use_but_tried_where_they_can_be(string address, string problem, int hosts)
    {
        var found = await Examine($"example.test MX 10 mx.example.test\nmx.example.test {(address.Contains(':') ? "AAAA" : "A")} {address}", egress: "198.18.0.1");
        Assert.Equal($"{problem}(mx.example.test)", Problems(found));
        Assert.Equal((0, hosts), (Usable(found), found.Hosts.Count));
    }

    [Fact]
    public async Task Who_sends_from_a_private_network_may_reach_its_hosts_and_documentation_addresses_are_real_in_their_own_world()
    {
        var within = await Examine("example.test MX 10 mx.example.test\nmx.example.test A 10.0.0.1", egress: "10.0.0.2");
        Assert.Equal(("PrivateAddress(mx.example.test)", 1), (Problems(within), Usable(within)));
        var documented = await Examine("example.test MX 10 mx.example.test\nmx.example.test A 198.51.100.25", egress: "192.0.2.10");
        Assert.Equal(("None", 1), (Problems(documented), Usable(documented)));
    }

    [Fact]
    public async Task One_dangling_host_among_good_ones_is_named_and_the_good_ones_stay()
    {
        var found = await Examine("example.test MX 10 gone.example.test\nexample.test MX 20 mx.example.test\nmx.example.test A 198.51.100.4");
        Assert.Equal("HostDoesNotExist(gone.example.test)", Problems(found));
        Assert.Equal(("20:mx.example.test=198.51.100.4", 1), (Hosts(found), Usable(found)));
    }

    [Fact]
    public async Task A_null_mx_beside_others_is_named_and_the_others_are_used()
    {
        var found = await Examine("example.test MX 0 .\nexample.test MX 20 mx.example.test\nmx.example.test A 198.51.100.4");
        Assert.Equal("NullMxBesideOthers", Problems(found));
        Assert.Equal("20:mx.example.test=198.51.100.4", Hosts(found));
    }

    [Fact]
    public async Task An_alias_works_and_is_named_with_where_it_leads()
    {
        var found = await Examine("example.test MX 10 mx.example.test\nmx.example.test CNAME real.example.test\nreal.example.test A 198.51.100.4");
        Assert.Equal(("NamesAlias(mx.example.test)", 1), (Problems(found), Usable(found)));
        Assert.Contains("alias (CNAME) of real.example.test", found.Facts.OfType<MxFact>().Single().Observed, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("relay.example.net", "198.51.100.9", "")]
    [InlineData("mx.example.test", "198.51.100.9", "198.51.100.9:25")]
    [InlineData("mx.example.test", "192.0.2.10", "0.0.0.0:25")]
    [InlineData("mx.example.test", "127.0.0.1", "0.0.0.0:25")]
    public async Task What_leads_to_ourselves_is_dropped_with_all_that_is_not_preferred_to_it(string host, string address, string listening)
    {
        var found = await Examine($"example.test MX 10 first.example.test\nexample.test MX 20 {host}\nexample.test MX 30 last.example.test\nfirst.example.test A 198.51.100.4\nlast.example.test A 198.51.100.5\n{host} A {address}",
            "192.0.2.10", listening.Length > 0 ? [listening] : []);
        Assert.Equal(($"PointsAtUs({host})", "10:first.example.test=198.51.100.4", 1), (Problems(found), Hosts(found), Usable(found)));
    }

    [Fact]
    public async Task A_host_that_listens_on_another_port_than_the_target_is_not_ourselves()
    {
        var found = await Examine("example.test MX 10 mx.example.test\nmx.example.test A 198.51.100.9", "192.0.2.10", "198.51.100.9:2525");
        Assert.Equal("None", Problems(found));
    }

    [Fact]
    public async Task A_resolver_that_is_silent_for_one_host_costs_five_seconds_and_not_the_others()
    {
        var context = NameCases.Context(new TextZone("example.test MX 10 slow.example.test\nexample.test MX 20 mx.example.test\nmx.example.test A 198.51.100.4\nslow.example.test * !hang"), "example.test", "example.test", "192.0.2.10");
        var asking = MxProbe.ExamineAsync(context, TestContext.Current.CancellationToken).AsTask();
        // The two families are asked together, so one time-out ends both.
        ((FakeTimeProvider)context.Time).Advance(TimeSpan.FromSeconds(5));
        var found = await asking.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Equal(("HostLookupFailed(slow.example.test)", "20:mx.example.test=198.51.100.4"), (Problems(found), Hosts(found)));
    }

    [Theory]
    [InlineData("gmal.com", "gmail.com")]
    [InlineData("gmail.con", "gmail.com")]
    [InlineData("hotmial.com", "hotmail.com")]
    [InlineData("outloook.com", "outlook.com")]
    [InlineData("gmail.com", null)]
    [InlineData("example.com", null)]
    [InlineData("me.co", null)]
    public void Slips_of_the_finger_are_hinted_at(string domain, string? meant) => Assert.Equal(meant, Spelling.Like(domain));

    [Fact]
    public async Task The_hint_stands_in_the_words_only()
    {
        var found = await MxProbe.ExamineAsync(NameCases.Context(new TextZone("x.test A 198.51.100.4"), "gmal.com", "gmal.com"), TestContext.Current.CancellationToken);
        Assert.Equal("the domain gmal.com does not exist; did they mean gmail.com?", found.Facts.OfType<MxFact>().Single().Observed);
    }

    [Theory]
    [InlineData("smtp.example.test", "smtp.example.test=198.51.100.4")]
    [InlineData("smtp.example.test:587", "smtp.example.test=198.51.100.4")]
    [InlineData("[2001:db8::1]:25", "2001:db8::1=2001:db8::1")]
    [InlineData("2001:db8::1", "2001:db8::1=2001:db8::1")]
    [InlineData("192.0.2.1", "192.0.2.1=192.0.2.1")]
    [InlineData("192.0.2.1:25", "192.0.2.1=192.0.2.1")]
    public async Task A_named_host_is_only_looked_up(string target, string host)
    {
        var found = await MxProbe.ExamineAsync(NameCases.Context(new TextZone("smtp.example.test A 198.51.100.4"), target), TestContext.Current.CancellationToken);
        Assert.Equal("0:" + host, Hosts(found));
        Assert.Empty(found.Facts.OfType<MxFact>());
    }

    [Theory]
    [InlineData("[192.0.2.1]", "0:192.0.2.1=192.0.2.1")]
    [InlineData("[IPv6:2001:db8::1]", "0:2001:db8::1=2001:db8::1")]
    [InlineData("[nonsense]", "")]
    public async Task An_address_literal_needs_no_look_up(string domain, string hosts) =>
        Assert.Equal(hosts, Hosts(await MxProbe.ExamineAsync(NameCases.Context(new TextZone(""), domain, domain), TestContext.Current.CancellationToken)));
}
