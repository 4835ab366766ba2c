using System.Net;
using System.Net.Sockets;
using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.Probes;
using Postern.Diagnosis.Probes.Blocklists;
using Postern.Lab.Daemons;
using Postern.Protocols.Dns;

namespace Postern.EndToEndTests.Names;

/// <summary>A world of names: an authoritative server, blocklists, and a resolver that validates.</summary>
public sealed class NameHouse : IAsyncLifetime
{
    private const string Domain = "@ MX 10 mx\nmx A 198.51.100.25\n";
    private readonly List<IAsyncDisposable> _parts = [];

    public string? Missing { get; } = NsdZone.Missing ?? NsdZone.MissingForSigning ?? UnboundResolver.Missing ?? RblServer.Missing;
    internal Resolver Resolver { get; private set; } = null!;
    internal UnboundResolver Unbound { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        if (Missing is not null) return;
        var zones = new Dictionary<string, string>
        {
            ["plain.test"] = Domain + "alias MX 10 www\nwww CNAME mx\nmixed MX 10 gone\nmixed MX 20 mx\nnull MX 0 .\npoints MX 10 192.0.2.7.\nrelative MX 10 192.0.2.7\n",
            ["signed.test"] = Domain, ["broken.test"] = Domain, ["expired.test"] = Domain,
            ["example.test"] = Domain + "@ TXT \"v=spf1 include:spf.example.test -all\"\nspf TXT \"v=spf1 ip4:192.0.2.0/28 \" \"ip6:2001:db8:1::/64 ?all\"\nrelay A 192.0.2.10\n",
            ["2.0.192.in-addr.arpa"] = "10 PTR relay.example.test.\n11 PTR dyn-11.example.test.\n",
        };
        var nsd = Keep(new NsdZone(zones, new Dictionary<string, SigningFault> { ["signed.test"] = SigningFault.None, ["broken.test"] = SigningFault.BadSignature, ["expired.test"] = SigningFault.Expired }));
        var lists = new Dictionary<string, IReadOnlyList<string>>
        {
            ["well.bl.test"] = ["127.0.0.2", "::FFFF:7F00:2", "192.0.2.10 :127.0.0.3:sent spam, see https://well.bl.test/?ip=$", "2001:db8:1::10"],
            ["empty.bl.test"] = [],
            ["world.bl.test"] = ["0.0.0.0/1", "128.0.0.0/1"],
            ["parked.bl.test"] = ["0.0.0.0/1 :203.0.113.80:", "128.0.0.0/1 :203.0.113.80:"],
            ["refusing.bl.test"] = ["0.0.0.0/1 :127.255.255.254:Error: open resolver", "128.0.0.0/1 :127.255.255.254:Error: open resolver"],
        };
        var rbl = Keep(new RblServer(lists));
        await Task.WhenAll(nsd.StartAsync(), rbl.StartAsync());
        var servers = zones.Keys.ToDictionary(z => z, _ => nsd.Port);
        foreach (string zone in lists.Keys) servers[zone] = rbl.Port;
        servers["lame.test"] = nsd.Port;
        Unbound = Keep(new UnboundResolver(servers, nsd.Anchors));
        await Unbound.StartAsync();
        Resolver = Resolver.Of([$"{Unbound.EndPoint}"], TimeSpan.FromSeconds(8), TimeProvider.System);
    }

    private T Keep<T>(T part) where T : IAsyncDisposable
    {
        _parts.Add(part);
        return part;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var part in Enumerable.Reverse(_parts)) await part.DisposeAsync();
    }
}

/// <summary>The probes of names with nsd, rbldnsd and a validating unbound.</summary>
public sealed class NameProbeTests(NameHouse house) : IClassFixture<NameHouse>
{
    private ProbeContext Context(string domain, params string[] egress)
    {
        Skip.When(house.Missing);
        return new ProbeContext
        {
            Target = new ProbeTarget(domain, domain, [], 25), Resolver = house.Resolver, Time = TimeProvider.System, HelloName = "relay.example.test",
            Egress = [.. (egress.Length > 0 ? egress : ["192.0.2.10"]).Select(IPAddress.Parse)], SenderDomains = ["example.test"], Controls = ["plain.test"],
        };
    }

    private async Task<MxFindings> Mx(string domain) => await MxProbe.ExamineAsync(Context(domain), TestContext.Current.CancellationToken);

    [Theory]
    [InlineData("plain.test", "None", 1)]
    [InlineData("signed.test", "None", 1)]
    [InlineData("broken.test", "Bogus", 0)]
    [InlineData("expired.test", "Bogus", 0)]
    [InlineData("lame.test", "LookupFailed", 0)]
    [InlineData("nothere.plain.test", "NoSuchDomain", 0)]
    [InlineData("null.plain.test", "NullMx", 0)]
    [InlineData("alias.plain.test", "NamesAlias", 1)]
    [InlineData("mixed.plain.test", "HostDoesNotExist", 1)]
    [InlineData("points.plain.test", "NamesAddressLiteral", 0)]
    [InlineData("relative.plain.test", "NamesAddressLiteral", 0)]
    public async Task Every_sort_of_domain_is_read_as_it_is(string domain, string problem, int usable)
    {
        var found = await Mx(domain);
        var fact = found.Facts.OfType<MxFact>().Single();
        Assert.True(problem == fact.Problem.ToString() && usable == fact.UsableHosts, string.Join("\n", found.Facts.Select(f => f.Observed)));
        Assert.Equal(usable, found.Hosts.Count);
    }

    [Fact]
    public async Task Broken_dnssec_is_told_from_a_broken_server_with_the_resolvers_own_words()
    {
        var bogus = (await Mx("broken.test")).Facts.OfType<DnsFact>().First().Seen;
        Assert.Equal(DnsStatus.Bogus, bogus.Status);
        Assert.Contains("it answers when DNSSEC checking is off; EDE 6 DNSSEC bogus", bogus.Note, StringComparison.Ordinal);
        var expired = (await Mx("expired.test")).Facts.OfType<DnsFact>().First().Seen;
        // Unbound has one code, and no words, for whatever is wrong with a signature.
        Assert.Equal(bogus.Note, expired.Note);
        Assert.Equal(DnsStatus.ServFail, (await Mx("lame.test")).Facts.OfType<DnsFact>().First().Seen.Status);
    }

    [Fact]
    public async Task A_validated_answer_says_so_and_who_gave_it_and_how_long_it_holds()
    {
        var seen = (await Mx("signed.test")).Facts.OfType<DnsFact>().First().Seen;
        Assert.True(seen.Authenticated);
        Assert.Equal($"{house.Unbound.EndPoint}", seen.Server);
        Assert.InRange(seen.Ttl, TimeSpan.FromSeconds(0), TimeSpan.FromSeconds(5));
        Assert.Single(seen.Answers);
        Assert.False((await Mx("plain.test")).Facts.OfType<DnsFact>().First().Seen.Authenticated);
    }

    [Fact]
    public async Task The_chain_of_an_alias_is_visible()
    {
        Skip.When(house.Missing);
        var answer = await house.Resolver.AddressesAsync("www.plain.test", AddressFamily.InterNetwork, TestContext.Current.CancellationToken);
        Assert.Equal(["mx.plain.test"], answer.Aliases);
        Assert.Equal(2, answer.Observation.Answers.Count);
    }

    [Fact]
    public async Task Blocklists_that_are_well_are_believed_and_no_others()
    {
        var context = Context("plain.test", "192.0.2.10", "192.0.2.11", "2001:db8:1::10", "2001:db8:1::11");
        string[] zones = ["well", "empty", "world", "parked", "refusing"];
        var catalogue = BlocklistCatalogue.Of(new BlocklistSettings { Builtin = false, Lists = [.. zones.Select(z => new BlocklistOverride($"{z}.bl.test", Ipv6: z == "well"))] });
        var facts = (await new BlocklistProbe(catalogue, TimeProvider.System).RunAsync(context, TestContext.Current.CancellationToken)).Cast<BlocklistFact>().ToList();
        string Of(string zone) => string.Join(' ', facts.Where(f => f.Zone == $"{zone}.bl.test").Select(f => f.Result));
        Assert.Equal("Listed NotListed Listed NotListed", Of("well"));
        Assert.Equal("Unhealthy Unhealthy", Of("empty"));
        Assert.Equal("Unhealthy Unhealthy", Of("world"));
        Assert.Equal("Unhealthy Unhealthy", Of("parked"));
        Assert.Equal("Refused Refused", Of("refusing"));
        var listed = facts.First(f => f.Result == BlocklistResult.Listed);
        Assert.Equal(["127.0.0.3"], listed.Codes);
        Assert.Equal("sent spam, see https://well.bl.test/?ip=192.0.2.10", listed.Reason);
    }

    [Fact]
    public async Task Our_own_names_and_the_senders_policy_are_checked()
    {
        var facts = (await IdentityProbe.RunAsync(Context("plain.test", "192.0.2.10", "192.0.2.200"), TestContext.Current.CancellationToken)).OfType<IdentityFact>().Select(f => $"{f.Address} {f.Aspect} {f.Passed}").ToList();
        Assert.Equal(
        [
            "192.0.2.10 ReverseName True", "192.0.2.10 ForwardConfirmed True", "192.0.2.10 HelloName True",
            "192.0.2.200 ReverseName False", "192.0.2.200 HelloName False",
            " SenderDomain True", "192.0.2.10 SenderPolicy True", "192.0.2.200 SenderPolicy False",
        ], facts);
    }

    [Fact]
    public async Task A_resolver_that_is_well_answers_for_the_controls_and_a_stopped_one_does_not()
    {
        var context = Context("plain.test");
        Assert.Equal(["MX plain.test Ok"], await Controls(context));
        // Nobody listens there.
        int closed = LoopbackPorts.Take();
        var stopped = Resolver.Of([$"127.0.0.1:{closed}"], TimeSpan.FromSeconds(2), TimeProvider.System);
        var seen = await Controls(context with { Resolver = stopped });
        Assert.Equal(2, seen.Count);
        Assert.All(seen, s => Assert.False(s.EndsWith("Ok", StringComparison.Ordinal), s));
    }

    private static async Task<List<string>> Controls(ProbeContext context) =>
        [.. (await ControlNamesProbe.RunAsync(context, TestContext.Current.CancellationToken)).Cast<DnsFact>().Select(f => $"{f.Seen.Question} {f.Seen.Status}")];
}
