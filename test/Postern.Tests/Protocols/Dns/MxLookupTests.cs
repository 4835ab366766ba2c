using System.Net;
using System.Net.Sockets;
using Postern.Protocols.Dns;
using Postern.Protocols.Smtp;
using Xunit;

namespace Postern.Tests.Protocols.Dns;

public sealed class MxLookupTests
{
    private static async Task<MxResolution> Resolve(string domain, DnsStatus status, params MxRecord[] records) =>
        await new MxLookup(new FixedAnswer(status, records), new Random(1), n => n == "us.example.test").ResolveAsync(domain, TestContext.Current.CancellationToken);

    private static string Names(MxResolution found) => string.Join(' ', found.Hosts.Select(h => h.Name));

    [Fact]
    public async Task Hosts_come_by_preference() =>
        Assert.Equal("a.test b.test", Names(await Resolve("example.test", DnsStatus.Ok, new(20, "b.test"), new(10, "a.test"))));

    [Fact]
    public async Task Without_mx_the_domain_itself_takes_the_mail() =>
        Assert.Equal("example.test", Names(await Resolve("Example.test.", DnsStatus.NoData)));

    [Theory]
    [InlineData(DnsStatus.NoData, DnsStatus.NoData, "NoSuchDomain")]
    [InlineData(DnsStatus.NxDomain, DnsStatus.NxDomain, "NoSuchDomain")]
    [InlineData(DnsStatus.NoData, DnsStatus.Ok, "")]
    [InlineData(DnsStatus.NoData, DnsStatus.ServFail, "")]
    [InlineData(DnsStatus.TimedOut, DnsStatus.NoData, "")]
    public async Task A_domain_without_mx_and_without_any_address_takes_no_mail(DnsStatus four, DnsStatus six, string kind)
    {
        var found = await new MxLookup(new FixedAnswer(DnsStatus.NoData, [], four, six)).ResolveAsync("example.test", TestContext.Current.CancellationToken);
        Assert.Equal(kind, found.Failure?.Kind.ToString() ?? "");
        Assert.Equal(kind.Length == 0 ? "example.test" : "", Names(found));
        Assert.Equal(four == DnsStatus.TimedOut ? 2 : 3, found.Observations.Count);
    }

    [Fact]
    public async Task A_null_mx_counts_only_when_alone()
    {
        Assert.Equal(FailureKind.NullMx, (await Resolve("example.test", DnsStatus.Ok, new MxRecord(0, ""))).Failure?.Kind);
        Assert.Equal("a.test", Names(await Resolve("example.test", DnsStatus.Ok, new(0, ""), new(10, "a.test"))));
    }

    [Fact]
    public async Task Our_own_name_drops_all_that_are_not_preferred_to_it()
    {
        Assert.Equal("a.test", Names(await Resolve("example.test", DnsStatus.Ok, new(30, "c.test"), new(20, "us.example.test"), new(20, "b.test"), new(10, "a.test"))));
        Assert.Equal(FailureKind.LoopsToUs, (await Resolve("example.test", DnsStatus.Ok, new(10, "us.example.test"), new(20, "b.test"))).Failure?.Kind);
    }

    [Theory]
    [InlineData(DnsStatus.NxDomain, FailureKind.NoSuchDomain)]
    [InlineData(DnsStatus.ServFail, FailureKind.DnsFailure)]
    [InlineData(DnsStatus.TimedOut, FailureKind.DnsFailure)]
    public async Task Dns_trouble_is_a_failure(DnsStatus status, FailureKind kind) =>
        Assert.Equal(kind, (await Resolve("example.test", status)).Failure?.Kind);

    [Theory]
    [InlineData("[192.0.2.1]", "192.0.2.1")]
    [InlineData("[IPv6:2001:db8::1]", "2001:db8::1")]
    [InlineData("[192.0.2]", "")]
    [InlineData("[2001:db8::1]", "")]
    public async Task Address_literals_need_no_look_up(string domain, string host) => Assert.Equal(host, Names(await Resolve(domain, DnsStatus.ServFail)));

    [Fact]
    public async Task International_names_are_asked_for_as_a_labels() =>
        Assert.Equal("xn--bcher-kva.test", Names(await Resolve("Bücher.test", DnsStatus.NoData)));

    private sealed class FixedAnswer(DnsStatus status, MxRecord[] records, DnsStatus four = DnsStatus.Ok, DnsStatus six = DnsStatus.Ok) : IResolver
    {
        public ValueTask<DnsAnswer<MxRecord>> MxAsync(string domain, CancellationToken cancel) =>
            new(new DnsAnswer<MxRecord>(status, records, new DnsObservation($"MX {domain}", status, null, false, [], TimeSpan.Zero, TimeSpan.Zero)));

        public ValueTask<DnsAnswer<IPAddress>> AddressesAsync(string host, AddressFamily family, CancellationToken cancel)
        {
            var said = family == AddressFamily.InterNetwork ? four : six;
            return new(new DnsAnswer<IPAddress>(said, said == DnsStatus.Ok ? [IPAddress.Loopback] : [], new DnsObservation($"{family} {host}", said, null, false, [], TimeSpan.Zero, TimeSpan.Zero)));
        }

        public ValueTask<DnsAnswer<string>> TxtAsync(string name, CancellationToken cancel) => throw new NotSupportedException();
        public ValueTask<DnsAnswer<string>> PtrAsync(IPAddress address, CancellationToken cancel) => throw new NotSupportedException();
        public ValueTask<DnsAnswer<string>> NsAsync(string zone, CancellationToken cancel) => throw new NotSupportedException();
    }
}
