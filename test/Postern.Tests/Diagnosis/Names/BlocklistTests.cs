using System.Net;
using Microsoft.Extensions.Time.Testing;
using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.Probes;
using Postern.Diagnosis.Probes.Blocklists;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Diagnosis.Names;

public sealed class BlocklistTests
{
    /// <summary>A list that is well and lists 192.0.2.10.</summary>
    private const string Well = """
        2.0.0.127.bl.test A 127.0.0.2
        10.2.0.192.bl.test A 127.0.0.3
        10.2.0.192.bl.test TXT see https://bl.test/?ip=192.0.2.10
        """;

    private static readonly BlocklistOverride List = new("bl.test", "Test list", BlocklistWeight.High, "https://bl.test", new Dictionary<string, string> { ["127.0.0.3"] = "sent spam" });

    private static BlocklistProbe Probe(TimeProvider time, params BlocklistOverride[] lists) => new(BlocklistCatalogue.Of(new BlocklistSettings { Builtin = false, Lists = lists }), time);

    private static async Task<BlocklistFact> Ask(string zone, BlocklistOverride? list = null, string egress = "192.0.2.10")
    {
        var context = NameCases.Context(new TextZone(zone), egress: egress);
        return (BlocklistFact)(await Probe(context.Time, list ?? List).RunAsync(context, TestContext.Current.CancellationToken)).Single();
    }

    [Theory]
    [InlineData("192.0.2.10", "10.2.0.192.bl.test")]
    [InlineData("2001:db8::12:ab", "b.a.0.0.2.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.test")]
    public void Addresses_are_asked_in_reverse(string address, string name) => Assert.Equal(name, BlocklistName.Of(IPAddress.Parse(address), "bl.test"));

    [Fact]
    public async Task A_listing_has_its_code_its_meaning_and_the_lists_own_words()
    {
        var fact = await Ask(Well);
        Assert.Equal(BlocklistResult.Listed, fact.Result);
        Assert.Equal(["127.0.0.3"], fact.Codes);
        Assert.Equal("sent spam; \"see https://bl.test/?ip=192.0.2.10\"", fact.Reason);
        Assert.Equal(("bl.test", "Test list", "192.0.2.10", BlocklistWeight.High, "https://bl.test", Speaker.Dns), (fact.Zone, fact.Name, fact.Address, fact.Weight, fact.Delisting, fact.SaidBy));
    }

    [Fact]
    public async Task Ipv6_is_asked_by_nibbles_and_the_ipv6_test_entries_count()
    {
        string zone = $"{BlocklistName.Of(IPAddress.Parse("::FFFF:7F00:2"), "bl.test")} A 127.0.0.2\n{BlocklistName.Of(IPAddress.Parse("2001:db8::10"), "bl.test")} A 127.0.0.2";
        Assert.Equal(BlocklistResult.Listed, (await Ask(zone, egress: "2001:db8::10")).Result);
        Assert.Equal(BlocklistResult.NotListed, (await Ask(zone, egress: "2001:db8::11")).Result);
        // Only the IPv4 test entry: the list is alive, and says nothing of this address.
        Assert.Equal(BlocklistResult.NotListed, (await Ask(Well, egress: "2001:db8::11")).Result);
    }

    [Theory]
    [InlineData("2.0.0.127.bl.test A 127.0.0.2", BlocklistResult.NotListed, null)]
    [InlineData("x.bl.test A 127.0.0.2", BlocklistResult.Unhealthy, "it does not list 127.0.0.2")]
    [InlineData("2.0.0.127.bl.test A 127.0.0.2\n1.0.0.127.bl.test A 127.0.0.2\n10.2.0.192.bl.test A 127.0.0.2", BlocklistResult.Unhealthy, "it lists 127.0.0.1")]
    [InlineData("2.0.0.127.bl.test A 203.0.113.80\n1.0.0.127.bl.test A 203.0.113.80\n10.2.0.192.bl.test A 203.0.113.80", BlocklistResult.Unhealthy, "it answers 203.0.113.80")]
    [InlineData("2.0.0.127.bl.test A 127.255.255.254\n1.0.0.127.bl.test A 127.255.255.254\n10.2.0.192.bl.test A 127.255.255.254", BlocklistResult.Refused, "it answers 127.255.255.254")]
    [InlineData("2.0.0.127.bl.test A 127.0.0.2\n10.2.0.192.bl.test A 127.255.255.255", BlocklistResult.Refused, "it answers 127.255.255.255")]
    [InlineData("2.0.0.127.bl.test A 127.0.0.2\n10.2.0.192.bl.test A 127.0.0.1", BlocklistResult.Refused, "it answers 127.0.0.1")]
    [InlineData("2.0.0.127.bl.test A 127.0.0.2\n10.2.0.192.bl.test A 203.0.113.80", BlocklistResult.Unhealthy, "it answers 203.0.113.80")]
    [InlineData("*.bl.test * !refused", BlocklistResult.Refused, "REFUSED")]
    [InlineData("*.bl.test * !servfail", BlocklistResult.NoAnswer, "SERVFAIL")]
    [InlineData("2.0.0.127.bl.test A 127.0.0.2\n10.2.0.192.bl.test * !timedout", BlocklistResult.NoAnswer, "no answer in time")]
    public async Task What_is_no_listing_is_never_shown_as_one_nor_as_clean(string zone, BlocklistResult result, string? words)
    {
        var fact = await Ask(zone);
        Assert.Equal(result, fact.Result);
        Assert.Empty(fact.Codes);
        if (words is not null) Assert.Contains(words, fact.Observed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dead_list_is_known_as_dead_and_not_asked()
    {
        var zone = new TextZone("10.2.0.192.dnsbl.sorbs.net A 127.0.0.2\n2.0.0.127.dnsbl.sorbs.net A 127.0.0.2");
        var context = NameCases.Context(zone);
        var fact = (BlocklistFact)(await Probe(context.Time, new BlocklistOverride("dnsbl.sorbs.net")).RunAsync(context, TestContext.Current.CancellationToken)).Single();
        Assert.Equal((BlocklistResult.Dead, Speaker.Us), (fact.Result, fact.SaidBy));
        Assert.Contains("closed since 5 June 2024", fact.Observed, StringComparison.Ordinal);
        Assert.Empty(zone.Asked);
    }

    [Fact]
    public async Task Hostkarmas_white_entry_for_127_0_0_1_is_by_design()
    {
        var settings = new BlocklistSettings { Builtin = false, Lists = [new BlocklistOverride("hostkarma.junkemailfilter.com")] };
        var context = NameCases.Context(new TextZone("1.0.0.127.hostkarma.junkemailfilter.com A 127.0.0.1\n10.2.0.192.hostkarma.junkemailfilter.com A 127.0.0.3\n11.2.0.192.hostkarma.junkemailfilter.com A 127.0.0.2"), egress: ["192.0.2.10", "192.0.2.11"]);
        var facts = await new BlocklistProbe(BlocklistCatalogue.Of(settings), context.Time).RunAsync(context, TestContext.Current.CancellationToken);
        Assert.Equal([BlocklistResult.NotListed, BlocklistResult.Listed], facts.Cast<BlocklistFact>().Select(f => f.Result));
    }

    [Fact]
    public async Task Health_is_kept_for_thirty_minutes_and_silence_for_one()
    {
        var zone = new TextZone(Well);
        var context = NameCases.Context(zone);
        var time = (FakeTimeProvider)context.Time;
        var probe = Probe(time, List);
        int Tests() => zone.Asked.Count(a => a == "A 2.0.0.127.bl.test");
        await probe.RunAsync(context, TestContext.Current.CancellationToken);
        time.Advance(TimeSpan.FromMinutes(29));
        await probe.RunAsync(context, TestContext.Current.CancellationToken);
        Assert.Equal(1, Tests());
        time.Advance(TimeSpan.FromMinutes(2));
        await probe.RunAsync(context, TestContext.Current.CancellationToken);
        Assert.Equal(2, Tests());
    }

    [Fact]
    public async Task Silent_lists_end_within_five_seconds_and_no_more_than_sixteen_questions_run_at_once()
    {
        var zone = new TextZone("*.test * !hang");
        var context = NameCases.Context(zone);
        var time = (FakeTimeProvider)context.Time;
        var asking = Probe(time, [.. Enumerable.Range(0, 40).Select(i => new BlocklistOverride($"l{i}.test"))]).RunAsync(context, TestContext.Current.CancellationToken).AsTask();
        // All that starts has started; the rest waits for its turn.
        Assert.Equal(16, zone.MostAtOnce);
        time.Advance(TimeSpan.FromSeconds(5));
        var facts = (await asking.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken)).Cast<BlocklistFact>().ToList();
        Assert.Equal(40, facts.Count);
        Assert.All(facts, f => Assert.Equal(BlocklistResult.NoAnswer, f.Result));
    }

    [Fact]
    public async Task Cancelling_ends_it_with_an_exception_and_not_with_facts()
    {
        using var stop = new CancellationTokenSource();
        var context = NameCases.Context(new TextZone("*.test * !hang"));
        var asking = Probe(context.Time, List).RunAsync(context, stop.Token).AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
    }

    [Fact]
    public async Task A_key_is_asked_with_and_never_shown()
    {
        var settings = new BlocklistSettings { Keys = new Dictionary<string, string> { ["spamhaus-dqs"] = "s3cretkey" } };
        var catalogue = BlocklistCatalogue.Of(settings);
        Assert.Contains(catalogue.Asked, r => r.NeedsKey == "spamhaus-dqs");
        Assert.DoesNotContain(catalogue.Asked, r => r.Zone == "zen.spamhaus.org" || r.NeedsKey == "abusix");
        var zone = new TextZone("2.0.0.127.s3cretkey.zen.dq.spamhaus.net A 127.0.0.2\n10.2.0.192.s3cretkey.zen.dq.spamhaus.net A 127.0.0.4\n10.2.0.192.s3cretkey.zen.dq.spamhaus.net TXT asked for s3cretkey");
        var context = NameCases.Context(zone);
        var facts = (await new BlocklistProbe(catalogue, context.Time).RunAsync(context, TestContext.Current.CancellationToken)).Cast<BlocklistFact>().ToList();
        var dqs = facts.Single(f => f.Zone == "zen.dq.spamhaus.net");
        Assert.Equal(BlocklistResult.Listed, dqs.Result);
        Assert.Contains("XBL (CBL)", dqs.Reason, StringComparison.Ordinal);
        Assert.All(facts, f => Assert.DoesNotContain("s3cretkey", f.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public void The_catalogue_asks_what_explains_most_first_and_only_lists_of_addresses()
    {
        var asked = BlocklistCatalogue.Default.Asked;
        Assert.Equal(["b.barracudacentral.org", "zen.spamhaus.org"], asked.Take(2).Select(r => r.Zone));
        Assert.All(asked, r => Assert.True(r.Kind == BlocklistKind.Block && (r.Ipv4 || r.Ipv6) && r.NeedsKey is null));
        Assert.InRange(asked.Count, 20, 40);
        Assert.Equal("https://surbl.org/surbl-analysis", BlocklistCatalogue.Default.Find("multi.surbl.org.")?.Delisting);
        Assert.Equal("Spamhaus ZEN (DQS)", BlocklistCatalogue.Default.Find("abc123.zen.dq.spamhaus.net")?.Name);
        Assert.Null(BlocklistCatalogue.Default.Find("example.test"));
        Assert.Null(BlocklistCatalogue.Default.FindDead("zen.spamhaus.org"));
    }

    [Fact]
    public void Every_row_is_whole()
    {
        var rows = BlocklistCatalogue.Default.Rows;
        Assert.Equal(rows.Count, rows.Select(r => r.PublicZone).Distinct().Count());
        Assert.All(rows, r =>
        {
            Assert.True(Uri.TryCreate(r.Delisting, UriKind.Absolute, out var page) && page.Scheme is "https" or "http", r.Zone);
            Assert.True(Uri.TryCreate(r.Lookup, UriKind.Absolute, out _), r.Zone);
            Assert.Equal(r.Zone.Contains("{key}", StringComparison.Ordinal), r.NeedsKey is not null);
            Assert.Null(BlocklistCatalogue.Default.FindDead(r.PublicZone));
            Assert.All(r.Codes.Keys.Concat(r.Refused.Keys).Concat(r.Ignored.Keys), c => Assert.True(IPAddress.TryParse(c, out _) && c.StartsWith("127.", StringComparison.Ordinal), $"{r.Zone} {c}"));
        });
        Assert.All(BlocklistCatalogue.Default.Dead, d => Assert.True(d.Since.Length > 0 && d.Now.Length > 0));
    }

    [Fact]
    public void The_operator_adds_changes_and_turns_off()
    {
        var catalogue = BlocklistCatalogue.Of(new BlocklistSettings { Lists = [new("own.example.test", "Own"), new("bl.spamcop.net", Weight: BlocklistWeight.High), new("psbl.surriel.com", Enabled: false)] });
        Assert.Equal("Own", catalogue.Asked.Single(r => r.Zone == "own.example.test").Name);
        var cop = catalogue.Asked.Single(r => r.Zone == "bl.spamcop.net");
        Assert.Equal((BlocklistWeight.High, "SpamCop"), (cop.Weight, cop.Name));
        Assert.DoesNotContain(catalogue.Asked, r => r.Zone == "psbl.surriel.com");
    }

    /// <summary>What a second look at the list says, while our resolver remembers the listing for five minutes.</summary>
    private static async Task<BlocklistFact> LookAgain(Func<byte[], byte[]?> own, string servers = "bl.test NS ns.bl.test\nns.bl.test A 127.0.0.1")
    {
        using var server = new NameServer("127.0.0.1", 0, own);
        var context = NameCases.Context(new TextZone($"{Well}\n{servers}")) with { Lists = ["bl.test"], NameServerPort = server.Port, Time = TimeProvider.System };
        return (BlocklistFact)(await Probe(context.Time, List).RunAsync(context, TestContext.Current.CancellationToken)).Single();
    }

    private static byte[] TestEntry(byte[] query) => NameServer.AsksFor(query, "2.0.0.127.bl.test") ? NameServer.Address(query, "127.0.0.2") : NameServer.Code(query, 3);

    [Fact]
    public async Task An_address_that_the_lists_own_servers_let_go_is_not_listed_whatever_our_resolver_remembers()
    {
        var fact = await LookAgain(TestEntry);
        Assert.Equal((BlocklistResult.NotListed, "Test list (bl.test) does not list 192.0.2.10: its own servers say so; resolvers may remember the listing for up to 5 minutes"), (fact.Result, fact.Observed));
    }

    [Fact]
    public async Task An_address_that_the_lists_own_servers_still_have_is_listed() =>
        Assert.Equal(BlocklistResult.Listed, (await LookAgain(q => NameServer.Address(q, "127.0.0.3"))).Result);

    [Theory]
    [InlineData(5, true)]
    [InlineData(2, true)]
    [InlineData(3, false)]
    public async Task Where_the_lists_own_servers_do_not_say_what_our_resolver_says_stands(int code, bool isAuthority) =>
        Assert.Equal(BlocklistResult.Listed, (await LookAgain(q => NameServer.Code(q, code, isAuthority))).Result);

    [Fact]
    public async Task Where_the_lists_own_servers_are_silent_or_not_known_what_our_resolver_says_stands()
    {
        Assert.Equal(BlocklistResult.Listed, (await LookAgain(_ => null)).Result);
        Assert.Equal(BlocklistResult.Listed, (await LookAgain(TestEntry, servers: "")).Result);
    }

    [Fact]
    public async Task A_first_look_asks_our_resolver_alone()
    {
        using var server = new NameServer("127.0.0.1", 0, TestEntry);
        var context = NameCases.Context(new TextZone($"{Well}\nbl.test NS ns.bl.test\nns.bl.test A 127.0.0.1")) with { NameServerPort = server.Port };
        Assert.Equal(BlocklistResult.Listed, ((BlocklistFact)(await Probe(context.Time, List).RunAsync(context, TestContext.Current.CancellationToken)).Single()).Result);
        Assert.Empty(server.Queries);
    }

    [Theory]
    [InlineData("zone = \"x\"\nname = \"x\"", "families")]
    [InlineData("zone = \"x\"\nname = \"x\"\ncolour = \"red\"", "colour")]
    public void A_row_that_is_not_whole_breaks_the_build(string row, string word) =>
        Assert.Contains(word, Assert.Throws<InvalidDataException>(() => BlocklistFile.Read($"[[list]]\n{row}\n[[dead]]\nzone=\"d\"\nname=\"d\"\nsince=\"d\"\nnow=\"d\"").Rows.Count).Message, StringComparison.Ordinal);
}
