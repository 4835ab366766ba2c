using System.Net;
using System.Net.Sockets;
using Postern.EndToEndTests.Relay;
using Postern.Lab.Daemons;
using Postern.Lab.Peers;

namespace Postern.EndToEndTests.Mail;

/// <summary>Name servers with every sort of recipient domain, and mail exchangers on loopback addresses that share a port, as real ones share port 25.</summary>
public sealed class MxHouse : IAsyncLifetime
{
    private readonly List<IAsyncDisposable> _parts = [];

    public Dictionary<string, RecordingSink> Sinks { get; } = [];
    internal PosternProcess Relay { get; private set; } = null!;
    public string? Missing { get; } = OperatingSystem.IsLinux() ? NsdZone.Missing ?? UnboundResolver.Missing : "loopback addresses other than 127.0.0.1 need Linux";
    internal UnboundResolver Resolver { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        if (Missing is not null) return;
        int port = LoopbackPorts.Take();
        foreach (string address in (string[])["127.0.0.11", "127.0.0.12", "127.0.0.13", .. Socket.OSSupportsIPv6 ? (string[])["::1"] : []])
            Sinks[address] = Keep(new RecordingSink(endPoint: new IPEndPoint(IPAddress.Parse(address), port)));
        var zone = Keep(new NsdZone(new Dictionary<string, string> { ["mail.test"] = Records }));
        await zone.StartAsync();
        // "lame.test" is delegated to a server that does not know it: SERVFAIL.
        Resolver = Keep(new UnboundResolver(new Dictionary<string, int> { ["mail.test"] = zone.Port, ["lame.test"] = zone.Port }));
        await Resolver.StartAsync();
        Relay = Keep(await PosternProcess.StartAsync($"""
            [delivery]
            retry = ["2s"]
            retry_jitter_percent = 0
            mx_port = {port}
            mx_tls = "none"
            [timeouts]
            connect = "2s"
            [dns]
            servers = ["{Resolver.EndPoint}"]
            [[upstream]]
            name = "senders"
            address = "127.0.0.13:{port}"
            tls = "none"
            [[route]]
            match = {"{"} recipient_domain = ["sender.test"] {"}"}
            upstreams = ["senders"]
            [[route]]
            via = "mx"
            """));
    }

    // 127.0.0.11 and .12 take mail, nothing listens on .14 and .15.
    private const string Records = """
        h11 A 127.0.0.11
        h12 A 127.0.0.12
        h14 A 127.0.0.14
        h15 A 127.0.0.15
        both A 127.0.0.12
        both AAAA ::1
        deadsix A 127.0.0.12
        deadsix AAAA 100::1
        preferred MX 10 h11
        preferred MX 20 h12
        firstdead MX 10 h14
        firstdead MX 20 h12
        equal MX 10 h11
        equal MX 10 h12
        implicit A 127.0.0.12
        null MX 0 .
        nameless MX 10 nothere
        allidead MX 10 h14
        allidead MX 20 h15
        sixfour MX 10 both
        sixdead MX 10 deadsix
        """;

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

/// <summary>Delivery by MX records (RFC 5321 section 5.1) with a real authoritative server and resolver.</summary>
public sealed class MxRoutingTests(MxHouse house) : IClassFixture<MxHouse>
{
    [Fact]
    public async Task The_most_preferred_exchanger_is_used()
    {
        await SendAsync("one@preferred.mail.test", "two@preferred.mail.test");
        Assert.Equal("127.0.0.11", await WhereAsync("two@preferred.mail.test"));
    }

    [Fact]
    public async Task The_next_exchanger_is_used_when_the_first_is_dead()
    {
        await SendAsync("b@firstdead.mail.test");
        Assert.Equal("127.0.0.12", await WhereAsync("b@firstdead.mail.test"));
    }

    [Fact]
    public async Task Equal_exchangers_share_the_mail()
    {
        var used = new HashSet<string>();
        // Each of these is the only message of its session's lifetime at most; thirty coin flips all the same are one in a billion.
        for (int i = 0; i < 30 && used.Count < 2; i++)
        {
            await SendAsync($"n{i}@equal.mail.test");
            used.Add(await WhereAsync($"n{i}@equal.mail.test"));
            if (used.Count < 2) await Task.Delay(200);
        }
        Assert.Equal(["127.0.0.11", "127.0.0.12"], used.Order());
    }

    [Fact]
    public async Task A_domain_without_MX_is_its_own_exchanger()
    {
        await SendAsync("b@implicit.mail.test");
        Assert.Equal("127.0.0.12", await WhereAsync("b@implicit.mail.test"));
    }

    [Theory]
    [InlineData("b@null.mail.test", "5.1.10")]
    [InlineData("b@nosuchdomain.mail.test", "5.1.2")]
    public async Task A_domain_that_takes_no_mail_bounces_at_once(string recipient, string status)
    {
        string sender = $"{recipient.Replace('@', '.')}@sender.test";
        await SendFromAsync(sender, recipient);
        var bounce = await FindAsync(sender);
        Assert.Equal("", bounce.Message.From);
        Assert.Contains(recipient, bounce.Message.Text);
        Assert.Contains($"Status: {status}", bounce.Message.Text);
    }

    [Theory]
    [InlineData("b@lame.test")]
    [InlineData("b@nameless.mail.test")]
    [InlineData("b@allidead.mail.test")]
    public async Task A_domain_that_cannot_be_reached_now_waits(string recipient)
    {
        string sender = $"{recipient.Replace('@', '.')}@sender.test";
        await SendFromAsync(sender, recipient);
        await Task.Delay(3500);
        Assert.DoesNotContain(house.Sinks.Values.SelectMany(s => s.Messages), m => m.Recipients.Contains(sender));
        var listed = await house.Relay.RunAsync("queue", "list", "--json");
        Assert.Contains(sender, listed.StandardOutput);
    }

    [Fact]
    public async Task Either_address_family_of_an_exchanger_may_win_the_race()
    {
        await SendAsync("b@sixfour.mail.test");
        Assert.Contains(await WhereAsync("b@sixfour.mail.test"), (string[])["::1", "127.0.0.12"]);
    }

    [Fact]
    public async Task A_dead_IPv6_address_does_not_hold_up_IPv4()
    {
        await SendAsync("b@sixdead.mail.test");
        Assert.Equal("127.0.0.12", await WhereAsync("b@sixdead.mail.test"));
    }

    private Task SendAsync(params IReadOnlyList<string> to) => SendFromAsync("a@sender.test", to);

    private async Task SendFromAsync(string from, params IReadOnlyList<string> to)
    {
        Skip.When(house.Missing);
        await using var client = await RawClient.ConnectAsync(house.Relay.Port);
        Assert.StartsWith("250 2.0.0", await client.SendMailAsync("Subject: mx\r\n\r\nx\r\n"u8.ToArray(), from, "", to));
    }

    private async Task<string> WhereAsync(string recipient) => (await FindAsync(recipient)).Address;

    private async Task<(string Address, SinkMessage Message)> FindAsync(string recipient)
    {
        for (int tries = 0; tries < 200; tries++)
        {
            foreach (var (address, sink) in house.Sinks)
                if (sink.Messages.FirstOrDefault(m => m.Recipients.Contains(recipient)) is { } found) return (address, found);
            await Task.Delay(50);
        }
        throw new TimeoutException($"nothing came for {recipient}: {house.Relay.Log}");
    }
}
