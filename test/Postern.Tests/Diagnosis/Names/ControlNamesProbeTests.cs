using System.Text.Json;
using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.Probes;
using Postern.Protocols.Dns;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Diagnosis.Names;

public sealed class ControlNamesProbeTests
{
    private static async Task<string> Ask(string zone, params string[] controls)
    {
        var facts = await ControlNamesProbe.RunAsync(NameCases.Context(new TextZone(zone)) with { Controls = controls }, TestContext.Current.CancellationToken);
        Assert.All(facts, f => Assert.Equal(DnsRole.Control, Assert.IsType<DnsFact>(f).Role));
        return string.Join(", ", facts.Cast<DnsFact>().Select(f => $"{f.Seen.Question} {f.Seen.Status}"));
    }

    [Fact]
    public async Task Names_that_are_answered_need_no_root() =>
        Assert.Equal("MX good.test Ok, A host.test Ok", await Ask("good.test MX 10 mx.good.test\nhost.test A 192.0.2.1\n. * !refused", "good.test", "host.test:25", "192.0.2.9:25", "[2001:db8::1]:25"));

    [Fact]
    public async Task When_no_name_is_answered_the_root_tells_whose_fault_it_is()
    {
        Assert.Equal("MX good.test ServFail, NS . Ok", await Ask("good.test * !servfail\n. NS a.root-servers.test", "good.test"));
        Assert.Equal("MX good.test TimedOut, NS . TimedOut", await Ask("good.test * !timedout\n. * !timedout", "good.test"));
        Assert.Equal("NS . Ok", await Ask(". NS a.root-servers.test"));
    }

    [Fact]
    public async Task A_resolver_that_answers_for_names_that_cannot_exist_is_shown()
    {
        var zone = new RewritingResolver(new TextZone("good.test MX 10 mx.good.test"));
        var facts = await ControlNamesProbe.RunAsync(NameCases.Context(zone) with { Controls = ["good.test"] }, TestContext.Current.CancellationToken);
        Assert.Contains("it rewrites NXDOMAIN", facts[^1].Observed, StringComparison.Ordinal);
    }

    [Fact]
    public void Facts_survive_being_written_and_read()
    {
        Fact[] facts =
        [
            DnsWords.Fact(DnsRole.Control, new DnsObservation("MX a.test", DnsStatus.Bogus, "192.0.2.53:53", false, [], TimeSpan.Zero, TimeSpan.FromMilliseconds(3), "EDE 7")),
            new IdentityFact { SaidBy = Speaker.Dns, Observed = "x", Aspect = IdentityAspect.SenderDomain, Subject = "a.test", Passed = null, LooksGenerated = true },
            new MxFact { SaidBy = Speaker.Dns, Observed = "x", Domain = "a.test", Problem = MxProblem.NullMx, IsImplicit = true, UsableHosts = 2 },
        ];
        string written = JsonSerializer.Serialize(facts);
        Assert.Equal(written, JsonSerializer.Serialize(JsonSerializer.Deserialize<Fact[]>(written)));
        Assert.Equal("MX a.test: the answer's DNSSEC signatures do not hold (bogus), says 192.0.2.53:53 (EDE 7)", facts[0].Observed);
    }

    private sealed class RewritingResolver(TextZone inner) : IResolver
    {
        public ValueTask<DnsAnswer<MxRecord>> MxAsync(string domain, CancellationToken cancel) => inner.MxAsync(domain, cancel);

        public ValueTask<DnsAnswer<System.Net.IPAddress>> AddressesAsync(string host, System.Net.Sockets.AddressFamily family, CancellationToken cancel) =>
            new TextZone($"{host} A 203.0.113.80").AddressesAsync(host, family, cancel);

        public ValueTask<DnsAnswer<string>> TxtAsync(string name, CancellationToken cancel) => inner.TxtAsync(name, cancel);
        public ValueTask<DnsAnswer<string>> PtrAsync(System.Net.IPAddress address, CancellationToken cancel) => inner.PtrAsync(address, cancel);
        public ValueTask<DnsAnswer<string>> NsAsync(string zone, CancellationToken cancel) => inner.NsAsync(zone, cancel);
    }
}
