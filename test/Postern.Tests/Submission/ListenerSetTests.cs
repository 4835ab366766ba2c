using System.Net;
using System.Net.Sockets;
using System.Text;
using Postern.Core.Configuration;
using Postern.Core.Submission;

namespace Postern.Tests.Submission;

public sealed class ListenerSetTests
{
    private static readonly ListenerConfig Loopback = new() { Address = "127.0.0.1:0" };

    [Fact]
    public async Task A_message_over_the_wire_is_kept_before_it_is_answered()
    {
        await using var fixture = await ListenerFixture.StartAsync(ListenerFixture.Config());
        using var client = await fixture.ConnectAsync();
        string? reply = await client.SendAsync("Subject: x\r\n\r\nbody");
        var (id, _, content) = Assert.Single(fixture.Store.Committed);
        Assert.Equal($"250 2.0.0 Ok: queued as {id}", reply);
        Assert.EndsWith(";\r\n\tFri, 02 Jan 2026 03:04:05 +0000\r\nSubject: x\r\n\r\nbody\r\n", Encoding.Latin1.GetString(content), StringComparison.Ordinal);
        Assert.Equal(1, fixture.Listeners.Connections);
        Assert.StartsWith("221 ", await client.SayAsync("QUIT"), StringComparison.Ordinal);
        await fixture.UntilAsync(() => fixture.Listeners.Connections == 0);
    }

    [Theory]
    [InlineData("*:0", "127.0.0.1")]
    [InlineData("*:0", "::1")]
    [InlineData("[::1]:0", "::1")]
    [InlineData("localhost:0", "127.0.0.1")]
    public async Task Both_families_are_served_and_named_plainly(string address, string to)
    {
        if (to == "::1" && !Socket.OSSupportsIPv6) Assert.Skip("SKIPPED: no IPv6 on this machine");
        await using var fixture = await ListenerFixture.StartAsync(ListenerFixture.Config(new ListenerConfig { Address = address }));
        using var client = await LineClient.ConnectExactlyAsync(new IPEndPoint(IPAddress.Parse(to), fixture.Listeners.EndPoints[0].Port));
        await client.HearAsync();
        Assert.StartsWith("250 ", await client.SendAsync("\r\n"), StringComparison.Ordinal);
        Assert.Equal(to, fixture.Store.Committed.Single().Envelope.Origin.ClientAddress);
    }

    [Fact]
    public async Task Connections_are_limited_in_all_and_by_address()
    {
        var config = ListenerFixture.Config() with { Limits = new LimitsConfig { MaxConnections = 3, MaxConnectionsPerAddress = 2 } };
        await using var fixture = await ListenerFixture.StartAsync(config);
        using var first = await fixture.ConnectAsync();
        using var second = await fixture.ConnectAsync();
        using var third = await fixture.ConnectAsync(greeting: null);
        Assert.Equal("421 4.7.0 relay.example.net Too many connections from your address at once (limits.max_connections_per_address); try again later", await third.HearAsync());
        Assert.Null(await third.HearAsync());
        await fixture.UntilAsync(() => fixture.Listeners.Connections == 2);
        await fixture.Listeners.ApplyAsync(config with { Limits = new LimitsConfig { MaxConnections = 2 } }, default);
        using var fourth = await fixture.ConnectAsync(greeting: null);
        Assert.Equal("421 4.7.0 relay.example.net Too many connections at once (limits.max_connections); try again later", await fourth.HearAsync());
        Assert.Null(await fourth.HearAsync());
        await first.SayAsync("QUIT");
        await fixture.UntilAsync(() => fixture.Listeners.Connections == 1);
        using var fifth = await fixture.ConnectAsync();
    }

    [Fact]
    public async Task AUTH_is_said_to_be_absent_where_no_session_could_ever_use_it()
    {
        var config = ListenerFixture.Config(Loopback, new ListenerConfig { Address = "localhost:0", AuthWithoutTls = true }) with { User = [new UserConfig { Name = "app", Password = new Secret("pw", "") }] };
        await using var fixture = await ListenerFixture.StartAsync(config);
        using var none = await fixture.ConnectAsync();
        await none.SayAsync("EHLO client.test");
        Assert.Equal("502 5.5.1 AUTH is not offered here", await none.SayAsync("AUTH PLAIN AGFwcABwdw=="));
        using var plain = await fixture.ConnectAsync(1);
        await plain.SayAsync("EHLO client.test");
        Assert.Equal("235 2.7.0 Authentication successful", await plain.SayAsync("AUTH PLAIN AGFwcABwdw=="));
    }

    [Fact]
    public async Task A_port_in_use_an_unknown_address_and_a_missing_certificate_are_said_in_one_line()
    {
        await using var fixture = await ListenerFixture.StartAsync(ListenerFixture.Config());
        int port = fixture.Listeners.EndPoints[0].Port;
        var taken = await Assert.ThrowsAsync<ListenException>(() => ListenerFixture.StartAsync(ListenerFixture.Config(new ListenerConfig { Address = $"127.0.0.1:{port}" })));
        Assert.Equal($"cannot listen on 127.0.0.1:{port}: the port is in use by another process; stop that one ('ss -ltnp sport = :{port}' shows it) or choose another port in listener.address (--listen)", taken.Message);
        var unknown = await Assert.ThrowsAsync<ListenException>(() => ListenerFixture.StartAsync(ListenerFixture.Config(new ListenerConfig { Address = "192.0.2.77:0" })));
        Assert.Equal("cannot listen on 192.0.2.77:0: no interface of this machine has that address; correct listener.address or use '*' for all", unknown.Message);
        var bad = await Assert.ThrowsAsync<ListenException>(() => ListenerFixture.StartAsync(ListenerFixture.Config(new ListenerConfig { Address = "example.org:25" })));
        Assert.StartsWith("listener.address 'example.org:25' is no address with a port", bad.Message, StringComparison.Ordinal);
        var missing = await Assert.ThrowsAsync<ListenException>(() => ListenerFixture.StartAsync(ListenerFixture.Config(Loopback with { Tls = ListenerTls.Starttls })));
        Assert.Equal("listener 127.0.0.1:0 has tls = \"starttls\" but there is no certificate; set tls.certificate and tls.key", missing.Message);
    }

    [Fact]
    public async Task A_reload_keeps_sessions_and_gives_new_ones_the_new_options()
    {
        await using var fixture = await ListenerFixture.StartAsync(ListenerFixture.Config(Loopback, new ListenerConfig { Address = "localhost:0" }));
        using var stays = await fixture.ConnectAsync(0);
        using var orphan = await fixture.ConnectAsync(1);
        var kept = fixture.Listeners.EndPoints[0];
        var removed = fixture.Listeners.EndPoints[1];
        var next = ListenerFixture.Config(new ListenerConfig { Address = "*:0" }, Loopback) with { Server = new ServerConfig { Hostname = "new.example.net" } };
        await fixture.Listeners.ApplyAsync(next, default);
        Assert.Equal(kept, fixture.Listeners.EndPoints[1]);
        await Assert.ThrowsAsync<SocketException>(() => LineClient.ConnectAsync(removed));
        Assert.StartsWith("250 ", await stays.SendAsync("\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("250 ", await orphan.SendAsync("\r\n"), StringComparison.Ordinal);
        Assert.All(fixture.Store.Committed, c => Assert.Contains("by relay.example.net ", Encoding.Latin1.GetString(c.Content), StringComparison.Ordinal));
        using var fresh = await fixture.ConnectAsync(1, "220 new.example.net");
        using var added = await fixture.ConnectAsync(0, "220 new.example.net");
    }

    [Fact]
    public async Task A_reload_that_cannot_be_done_changes_nothing()
    {
        await using var other = await ListenerFixture.StartAsync(ListenerFixture.Config());
        await using var fixture = await ListenerFixture.StartAsync(ListenerFixture.Config());
        var endPoint = fixture.Listeners.EndPoints[0];
        var next = ListenerFixture.Config(Loopback, new ListenerConfig { Address = "localhost:0" }, new ListenerConfig { Address = other.Listeners.EndPoints[0].ToString() }) with { Server = new ServerConfig { Hostname = "new.example.net" } };
        await Assert.ThrowsAsync<ListenException>(() => fixture.Listeners.ApplyAsync(next, default));
        Assert.Equal(endPoint, Assert.Single(fixture.Listeners.EndPoints));
        using var client = await fixture.ConnectAsync(0, "220 relay.example.net");
    }

    [Fact]
    public async Task A_listener_may_take_over_the_port_of_one_that_goes()
    {
        int port;
        using (var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            port = ((IPEndPoint)probe.LocalEndPoint!).Port;
        }
        await using var fixture = await ListenerFixture.StartAsync(ListenerFixture.Config(new ListenerConfig { Address = $"127.0.0.1:{port}" }));
        using var old = await fixture.ConnectAsync();
        await fixture.Listeners.ApplyAsync(ListenerFixture.Config(new ListenerConfig { Address = $"*:{port}" }), default);
        using var client = await fixture.ConnectAsync();
        Assert.StartsWith("250 ", await old.SendAsync("\r\n"), StringComparison.Ordinal);
        var stolen = ListenerFixture.Config(new ListenerConfig { Address = $"127.0.0.1:{port}" }, new ListenerConfig { Address = "192.0.2.77:25" });
        await Assert.ThrowsAsync<ListenException>(() => fixture.Listeners.ApplyAsync(stolen, default));
        using var again = await fixture.ConnectAsync();
    }

    [Fact]
    public async Task A_stop_ends_idle_sessions_at_once_and_lets_a_transaction_finish()
    {
        await using var fixture = await ListenerFixture.StartAsync(ListenerFixture.Config());
        using var idle = await fixture.ConnectAsync();
        using var busy = await fixture.ConnectAsync();
        await busy.SayAsync("EHLO client.test");
        await busy.SayAsync("MAIL FROM:<a@example.org>");
        await busy.SayAsync("RCPT TO:<b@example.net>");
        await busy.SayAsync("DATA");
        var stopping = fixture.Listeners.StopAsync(TimeSpan.FromSeconds(20));
        Assert.StartsWith("421 4.3.2 ", await idle.HearAsync(), StringComparison.Ordinal);
        Assert.Null(await idle.HearAsync());
        Assert.StartsWith("250 2.0.0 Ok: queued as ", await busy.SayAsync("Subject: x\r\n\r\nbody\r\n."), StringComparison.Ordinal);
        await stopping.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Single(fixture.Store.Committed);
    }

    [Fact]
    public async Task A_stop_cuts_off_what_does_not_end_in_time_and_keeps_nothing_of_it()
    {
        await using var fixture = await ListenerFixture.StartAsync(ListenerFixture.Config());
        using var busy = await fixture.ConnectAsync();
        await busy.SayAsync("EHLO client.test");
        await busy.SayAsync("MAIL FROM:<a@example.org>");
        await busy.SayAsync("RCPT TO:<b@example.net>");
        await busy.SayAsync("DATA");
        var stopping = fixture.Listeners.StopAsync(TimeSpan.FromSeconds(20));
        var began = fixture.Time.GetUtcNow();
        await fixture.UntilAsync(() => stopping.IsCompleted, TimeSpan.FromSeconds(1));
        await stopping;
        Assert.True(fixture.Time.GetUtcNow() - began >= TimeSpan.FromSeconds(20));
        Assert.Equal(0, fixture.Listeners.Connections);
        Assert.Empty(fixture.Store.Committed);
    }

    [Fact]
    public async Task A_silent_client_is_told_by_the_sweep()
    {
        await using var fixture = await ListenerFixture.StartAsync(ListenerFixture.Config());
        using var client = await fixture.ConnectAsync();
        await client.SayAsync("EHLO client.test");
        fixture.Time.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromSeconds(1));
        Assert.Equal(1, fixture.Listeners.Connections);
        await fixture.UntilAsync(() => fixture.Listeners.Connections == 0, TimeSpan.FromSeconds(1));
        Assert.StartsWith("421 4.4.2 ", await client.HearAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_PROXY_header_names_the_client_and_only_trusted_networks_may_send_it()
    {
        var config = ListenerFixture.Config(Loopback with { ProxyProtocol = true }, new ListenerConfig { Address = "localhost:0", ProxyProtocol = true, ProxyNetworks = ["192.0.2.0/24"] });
        await using var fixture = await ListenerFixture.StartAsync(config);
        using var client = await fixture.ConnectAsync(0, null);
        Assert.StartsWith("220 ", await client.SayAsync("PROXY TCP4 192.0.2.9 192.0.2.1 5000 25"), StringComparison.Ordinal);
        Assert.Equal("550 5.7.1 Relaying denied: your address 192.0.2.9 is not in a network that may send here (access.networks)", await client.SayAsync("EHLO x") is not null ? await client.SayAsync("MAIL FROM:<a@example.org>") : null);
        using var none = await fixture.ConnectAsync(0, null);
        Assert.Null(await none.SayAsync("EHLO client.test"));
        using var untrusted = await fixture.ConnectAsync(1, null);
        Assert.Null(await untrusted.HearAsync());
        using var silent = await fixture.ConnectAsync(0, null);
        await fixture.UntilAsync(() => fixture.Listeners.Connections == 2);
        fixture.Time.Advance(ClientConnection.PreludeTimeout);
        await fixture.UntilAsync(() => fixture.Listeners.Connections == 1, TimeSpan.FromSeconds(1));
    }
}
