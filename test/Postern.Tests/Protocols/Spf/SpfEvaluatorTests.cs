using System.Net;
using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Postern.Protocols.Spf;
using Postern.Tests.Diagnosis.Names;

namespace Postern.Tests.Protocols.Spf;

public sealed class SpfEvaluatorTests
{
    /// <summary>The zone of RFC 7208 appendix A.</summary>
    private const string AppendixA = """
        example.com A 192.0.2.10
        example.com A 192.0.2.11
        example.com MX 10 mail-a.example.com
        example.com MX 20 mail-b.example.com
        amy.example.com A 192.0.2.65
        bob.example.com A 192.0.2.66
        mail-a.example.com A 192.0.2.129
        mail-b.example.com A 192.0.2.130
        www.example.com CNAME example.com
        example.org MX 10 mail-c.example.org
        mail-c.example.org A 192.0.2.140
        192.0.2.10 PTR example.com
        192.0.2.11 PTR example.com
        192.0.2.65 PTR amy.example.com
        192.0.2.66 PTR bob.example.com
        192.0.2.129 PTR mail-a.example.com
        192.0.2.130 PTR mail-b.example.com
        192.0.2.140 PTR mail-c.example.org
        10.0.0.4 PTR bob.example.com
        """;

    private static ValueTask<SpfOutcome> Check(string zone, string address, string domain = "example.com", string sender = "strong-bad@email.example.com", string hello = "mx.example.org") =>
        new SpfEvaluator(new TextZone(zone), new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(1_000_000_000)))
            .CheckHostAsync(new SpfQuestion(IPAddress.Parse(address), domain, sender, hello, "receiver.example.net"), TestContext.Current.CancellationToken);

    private static async Task<SpfResult> Result(string record, string address, string more = "") => (await Check($"example.com TXT v=spf1 {record}\n{more}", address)).Result;

    [Theory]
    [InlineData("+all", "192.0.2.1", SpfResult.Pass)]
    [InlineData("a -all", "192.0.2.10", SpfResult.Pass)]
    [InlineData("a -all", "192.0.2.11", SpfResult.Pass)]
    [InlineData("a -all", "192.0.2.12", SpfResult.Fail)]
    [InlineData("a:example.org -all", "192.0.2.10", SpfResult.Fail)]
    [InlineData("mx -all", "192.0.2.129", SpfResult.Pass)]
    [InlineData("mx -all", "192.0.2.130", SpfResult.Pass)]
    [InlineData("mx -all", "192.0.2.10", SpfResult.Fail)]
    [InlineData("mx:example.org -all", "192.0.2.140", SpfResult.Pass)]
    [InlineData("mx mx:example.org -all", "192.0.2.140", SpfResult.Pass)]
    [InlineData("mx/30 mx:example.org/30 -all", "192.0.2.131", SpfResult.Pass)]
    [InlineData("mx/30 mx:example.org/30 -all", "192.0.2.143", SpfResult.Pass)]
    [InlineData("mx/30 mx:example.org/30 -all", "192.0.2.144", SpfResult.Fail)]
    [InlineData("ptr -all", "192.0.2.65", SpfResult.Pass)]
    [InlineData("ptr -all", "192.0.2.140", SpfResult.Fail)]
    [InlineData("ptr -all", "10.0.0.4", SpfResult.Fail)]
    [InlineData("ip4:192.0.2.128/28 -all", "192.0.2.129", SpfResult.Pass)]
    [InlineData("ip4:192.0.2.128/28 -all", "192.0.2.65", SpfResult.Fail)]
    public async Task Appendix_A_1_simple_examples(string record, string address, SpfResult result) => Assert.Equal(result, await Result(record, address, AppendixA));

    [Theory]
    [InlineData("192.0.2.129", SpfResult.Pass)]
    [InlineData("192.0.2.140", SpfResult.Pass)]
    [InlineData("192.0.2.65", SpfResult.Fail)]
    public async Task Appendix_A_2_multiple_domains(string address, SpfResult result) =>
        Assert.Equal(result, (await Check("example.org TXT v=spf1 include:example.com include:example.net -all\nexample.com TXT v=spf1 ip4:192.0.2.129 -all\nexample.net TXT v=spf1 ip4:192.0.2.140 ~all", address, "example.org")).Result);

    [Theory]
    [InlineData("192.0.2.129", SpfResult.Pass)]
    [InlineData("192.0.2.65", SpfResult.Fail)]
    public async Task Appendix_A_2_redirect(string address, SpfResult result) =>
        Assert.Equal(result, (await Check("la.example.com TXT v=spf1 redirect=example.com\nexample.com TXT v=spf1 mx -all\n" + AppendixA, address, "la.example.com")).Result);

    [Theory]
    [InlineData("192.168.1.2", SpfResult.Pass)]
    [InlineData("192.168.2.2", SpfResult.Fail)]
    public async Task Appendix_A_3_a_list_of_addresses_in_the_dns(string address, SpfResult result) =>
        Assert.Equal(result, await Result("exists:%{ir}.%{v}._spf.%{d2} -all", address, "2.1.168.192.in-addr._spf.example.com A 127.0.0.2"));

    [Theory]
    [InlineData("mary", "192.0.2.1", SpfResult.Pass)]
    [InlineData("fred", "192.0.2.1", SpfResult.Fail)]
    public async Task Appendix_A_4_a_list_of_users_in_the_dns(string user, string address, SpfResult result) =>
        Assert.Equal(result, (await Check("example.com TXT v=spf1 redirect=_spf.example.com\n_spf.example.com TXT v=spf1 exists:%{l1r+}.%{d} -all\nmary._spf.example.com A 127.0.0.2", address, sender: $"{user}@example.com")).Result);

    /// <summary>The examples of section 7.4, asked for through exists.</summary>
    [Theory]
    [InlineData("%{s}", "strong-bad@email.example.com")]
    [InlineData("%{o}", "email.example.com")]
    [InlineData("%{d}", "email.example.com")]
    [InlineData("%{d4}", "email.example.com")]
    [InlineData("%{d2}", "example.com")]
    [InlineData("%{dr}", "com.example.email")]
    [InlineData("%{d2r}", "example.email")]
    [InlineData("%{l}.x.com", "strong-bad.x.com")]
    [InlineData("%{l-}.x.com", "strong.bad.x.com")]
    [InlineData("%{lr}.x.com", "strong-bad.x.com")]
    [InlineData("%{lr-}.x.com", "bad.strong.x.com")]
    [InlineData("%{l1r-}.x.com", "strong.x.com")]
    [InlineData("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com")]
    [InlineData("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com")]
    [InlineData("%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com")]
    [InlineData("%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com")]
    [InlineData("%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net")]
    [InlineData("%{h}", "mx.example.org")]
    [InlineData("%{p}.x.com", "unknown.x.com")]
    public async Task Section_7_4_macros(string spec, string name)
    {
        var zone = new TextZone($"email.example.com TXT v=spf1 exists:{spec} -all");
        await new SpfEvaluator(zone, TimeProvider.System).CheckHostAsync(new SpfQuestion(IPAddress.Parse("192.0.2.3"), "email.example.com", "strong-bad@email.example.com", "mx.example.org"), TestContext.Current.CancellationToken);
        Assert.Contains($"A {name}", zone.Asked);
    }

    [Fact]
    public async Task Section_7_4_ipv6_is_spelt_by_nibbles()
    {
        var zone = new TextZone("email.example.com TXT v=spf1 exists:%{ir}.%{v}._spf.%{d2} -all");
        await new SpfEvaluator(zone, TimeProvider.System).CheckHostAsync(new SpfQuestion(IPAddress.Parse("2001:db8::cb01"), "email.example.com", "x@email.example.com", "h.example.org"), TestContext.Current.CancellationToken);
        Assert.Contains("A 1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com", zone.Asked);
    }

    [Fact]
    public async Task The_validated_name_prefers_the_domain_itself() =>
        Assert.Equal(SpfResult.Pass, await Result("exists:%{p}.yes.example.com -all", "192.0.2.65", AppendixA + "\namy.example.com.yes.example.com A 127.0.0.2"));

    [Theory]
    [InlineData("a -all", "2001:db8::1", "example.com AAAA 2001:db8::1", SpfResult.Pass)]
    [InlineData("a//64 -all", "2001:db8::ffff", "example.com AAAA 2001:db8::1", SpfResult.Pass)]
    [InlineData("a/8//64 -all", "2001:db8:0:1::1", "example.com AAAA 2001:db8::1", SpfResult.Fail)]
    [InlineData("ip6:2001:db8::/32 -all", "2001:db8::1", "", SpfResult.Pass)]
    [InlineData("ip6:2001:db8::1 -all", "2001:db8::2", "", SpfResult.Fail)]
    [InlineData("ip4:192.0.2.1 -all", "::ffff:192.0.2.1", "", SpfResult.Pass)]
    [InlineData("ip4:0.0.0.0/0 -all", "2001:db8::2", "", SpfResult.Fail)]
    [InlineData("ip4:192.0.2.77/24 -all", "192.0.2.1", "", SpfResult.Pass)]
    [InlineData("?all", "192.0.2.1", "", SpfResult.Neutral)]
    [InlineData("~all", "192.0.2.1", "", SpfResult.SoftFail)]
    [InlineData("", "192.0.2.1", "", SpfResult.Neutral)]
    [InlineData("A:Example.COM -ALL", "192.0.2.1", "example.com A 192.0.2.1", SpfResult.Pass)]
    [InlineData("unknown=%{d} a -all", "192.0.2.1", "example.com A 192.0.2.1", SpfResult.Pass)]
    [InlineData("-all redirect=other.com", "192.0.2.1", "other.com TXT v=spf1 +all", SpfResult.Fail)]
    public async Task Families_lengths_and_qualifiers(string record, string address, string more, SpfResult result) => Assert.Equal(result, await Result(record, address, more));

    [Theory]
    [InlineData("foo -all")]
    [InlineData("all:example.com")]
    [InlineData("include -all")]
    [InlineData("include: -all")]
    [InlineData("exists -all")]
    [InlineData("a: -all")]
    [InlineData("a:localhost -all")]
    [InlineData("a:192.0.2.1 -all")]
    [InlineData("a/33 -all")]
    [InlineData("a/ -all")]
    [InlineData("a/024 -all")]
    [InlineData("a//129 -all")]
    [InlineData("ip4:192.0.2 -all")]
    [InlineData("ip4:192.0.2.1/33 -all")]
    [InlineData("ip4:192.0.2.01 -all")]
    [InlineData("ip4:example.com -all")]
    [InlineData("ip4 -all")]
    [InlineData("ip6:192.0.2.1 -all")]
    [InlineData("ip6:2001:db8::1/129 -all")]
    [InlineData("ptr:a%b.com -all")]
    [InlineData("exists:%{x}.com -all")]
    [InlineData("exists:%{d0}.com -all")]
    [InlineData("exists:%{d}.com%. -all")]
    [InlineData("exists:%{c}.com -all")]
    [InlineData("redirect=a.com redirect=b.com")]
    [InlineData("exp=a.com exp=b.com -all")]
    [InlineData("redirect=")]
    [InlineData("+all foo")]
    [InlineData("=x -all")]
    public async Task A_term_that_is_wrong_breaks_the_whole_record(string record)
    {
        var outcome = await Check($"example.com TXT v=spf1 {record}\nexample.com A 192.0.2.1", "192.0.2.1");
        Assert.Equal(SpfResult.PermError, outcome.Result);
        Assert.NotNull(outcome.Problem);
    }

    [Theory]
    [InlineData("x.test A 192.0.2.1", SpfResult.None)]
    [InlineData("example.com A 192.0.2.1", SpfResult.None)]
    [InlineData("example.com TXT v=spf10 +all", SpfResult.None)]
    [InlineData("example.com TXT v=spf1", SpfResult.Neutral)]
    [InlineData("example.com TXT v=spf1 +all\nexample.com TXT v=spf1 -all", SpfResult.PermError)]
    [InlineData("example.com TXT V=SPF1 +all\nexample.com TXT something else", SpfResult.Pass)]
    [InlineData("example.com * !servfail", SpfResult.TempError)]
    [InlineData("example.com * !timedout", SpfResult.TempError)]
    public async Task Records_are_found_or_not(string zone, SpfResult result) => Assert.Equal(result, (await Check(zone, "192.0.2.1")).Result);

    [Theory]
    [InlineData("v=spf1 +all", SpfResult.Pass)]
    [InlineData("v=spf1 -all", SpfResult.SoftFail)]
    [InlineData("v=spf1 ~all", SpfResult.SoftFail)]
    [InlineData("v=spf1 ?all", SpfResult.SoftFail)]
    [InlineData("v=spf1 foo", SpfResult.PermError)]
    [InlineData("nothing", SpfResult.PermError)]
    public async Task Include_matches_by_the_table_of_section_5_2(string included, SpfResult result) => Assert.Equal(result, await Result("include:other.com ~all", "192.0.2.1", $"other.com TXT {included}"));

    [Theory]
    [InlineData("a:slow.com -all")]
    [InlineData("mx:slow.com -all")]
    [InlineData("exists:slow.com -all")]
    [InlineData("include:slow.com -all")]
    [InlineData("redirect=slow.com")]
    public async Task Dns_trouble_is_temporary(string record) => Assert.Equal(SpfResult.TempError, await Result(record, "192.0.2.1", "slow.com * !servfail"));

    [Fact]
    public async Task Dns_trouble_in_ptr_only_means_no_match() => Assert.Equal(SpfResult.Fail, await Result("ptr -all", "192.0.2.1", "192.0.2.1 * !servfail"));

    [Fact]
    public async Task Ten_look_ups_are_allowed_and_eleven_are_not_over_all_includes()
    {
        string hosts = string.Concat(Enumerable.Range(0, 12).Select(i => $"h{i}.example.com A 192.0.2.{100 + i}\n"));
        string Terms(int n) => string.Join(' ', Enumerable.Range(0, n).Select(i => $"a:h{i}.example.com"));
        Assert.Equal(SpfResult.Fail, await Result(Terms(10) + " -all", "192.0.2.1", hosts));
        Assert.Equal(SpfResult.PermError, await Result(Terms(11) + " -all", "192.0.2.1", hosts));
        // include itself costs one.
        Assert.Equal(SpfResult.Fail, await Result("include:i.example.com -all", "192.0.2.1", $"i.example.com TXT v=spf1 {Terms(9)} -all\n{hosts}"));
        var outcome = await Check($"example.com TXT v=spf1 include:i.example.com -all\ni.example.com TXT v=spf1 {Terms(10)} -all\n{hosts}", "192.0.2.1");
        Assert.Equal((SpfResult.PermError, 11), (outcome.Result, outcome.Lookups));
        Assert.Contains("more than 10 look-ups", outcome.Problem, StringComparison.Ordinal);
        // A match before the limit is a match.
        Assert.Equal(SpfResult.Pass, await Result(Terms(12) + " -all", "192.0.2.100", hosts));
    }

    [Fact]
    public async Task Policies_that_include_each_other_end_at_the_limit() =>
        Assert.Equal(SpfResult.PermError, (await Check("example.com TXT v=spf1 include:other.com -all\nother.com TXT v=spf1 include:example.com -all", "192.0.2.1")).Result);

    [Fact]
    public async Task Two_void_look_ups_are_allowed_and_three_are_not()
    {
        Assert.Equal(SpfResult.Fail, await Result("a:n1.test.com a:n2.test.com -all", "192.0.2.1"));
        Assert.Equal(SpfResult.PermError, await Result("a:n1.test.com exists:n2.test.com mx:n3.test.com -all", "192.0.2.1"));
    }

    [Fact]
    public async Task Eleven_exchangers_are_too_many_for_mx_and_ten_are_not()
    {
        string Zone(int n) => string.Concat(Enumerable.Range(1, n).Select(i => $"example.com MX {i} h{i}.example.com\nh{i}.example.com A 192.0.2.{100 + i}\n"));
        Assert.Equal(SpfResult.Pass, await Result("mx -all", "192.0.2.110", Zone(10)));
        Assert.Equal(SpfResult.PermError, await Result("mx -all", "192.0.2.110", Zone(11)));
    }

    [Fact]
    public async Task Only_ten_reverse_names_are_looked_at()
    {
        string names = string.Concat(Enumerable.Range(0, 10).Select(i => $"192.0.2.1 PTR n{i}.other.com\n"));
        Assert.Equal(SpfResult.Fail, await Result("ptr -all", "192.0.2.1", names + "192.0.2.1 PTR x.example.com\nx.example.com A 192.0.2.1"));
    }

    [Fact]
    public async Task A_fail_brings_the_domains_own_words()
    {
        var outcome = await Check("example.com TXT v=spf1 -all exp=why.%{d}\nwhy.example.com TXT %{i} is not one of %{d}'s, says %{r} at %{t}%_!", "192.0.2.1");
        Assert.Equal("192.0.2.1 is not one of example.com's, says receiver.example.net at 1000000000 !", outcome.Explanation);
        Assert.Equal("-all", outcome.Matched);
        Assert.Null((await Check("example.com TXT v=spf1 +all exp=why.%{d}\nwhy.example.com TXT no", "192.0.2.1")).Explanation);
        Assert.Null((await Check("example.com TXT v=spf1 -all exp=why.%{d}\nwhy.example.com TXT 100% wrong", "192.0.2.1")).Explanation);
    }

    [Fact]
    public async Task A_name_that_grows_too_long_loses_labels_from_the_left()
    {
        string label = new('a', 60);
        var zone = new TextZone($"example.com TXT v=spf1 exists:%{{l}}.{label}.{label}.{label}.example.com -all");
        await new SpfEvaluator(zone, TimeProvider.System).CheckHostAsync(new SpfQuestion(IPAddress.Parse("192.0.2.3"), "example.com", $"{new string('x', 60)}.y@example.com", "h.example.org"), TestContext.Current.CancellationToken);
        Assert.Contains($"A y.{label}.{label}.{label}.example.com", zone.Asked);
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("")]
    [InlineData("a..com")]
    public async Task What_is_no_domain_has_no_policy(string domain) => Assert.Equal(SpfResult.None, (await Check("x.test A 192.0.2.1", "192.0.2.1", domain)).Result);

    [Fact]
    public void Any_text_is_parsed_without_an_exception() =>
        Gen.Char["v=spf1 ae:/%{}dir.-+0123mxlptnoc=\u00e9"].Array[0, 40].Sample(chars =>
        {
            var record = SpfRecord.Parse("v=spf1 " + new string(chars), out string? problem);
            Assert.Equal(record is null, problem is not null);
        });
}
