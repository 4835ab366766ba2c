using System.Net;
using System.Net.Sockets;
using System.Text;
using Postern.Core;
using Postern.Core.Configuration;
using Postern.Core.Submission;
using Postern.Lab.Peers;
using Postern.Protocols.Tls;
using Postern.Tests.Delivery;
using Postern.Tests.Diagnosis.Checks;

namespace Postern.Tests;

/// <summary>A whole relay: real listeners, real queue on disk, real sockets to its upstream.</summary>
public sealed class RelayTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("postern-relay-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private PosternConfig Config(IPEndPoint upstream) => new()
    {
        Server = new() { Hostname = "relay.test", Data = _folder, StopTimeout = TimeSpan.FromSeconds(5) },
        Listener = [new() { Address = "127.0.0.1:0" }],
        Upstream = [new() { Name = "a", Address = upstream.ToString(), Tls = TlsMode.None }],
    };

    private static Task<Relay> StartAsync(PosternConfig config) => Relay.StartAsync(config, new RelayDependencies(new ZoneResolver()) { Diagnosis = FakeProbes.None }, CancellationToken.None);

    [Fact]
    public async Task Mail_goes_in_by_smtp_and_out_to_the_upstream()
    {
        await using var sink = new RecordingSink();
        await using var relay = await StartAsync(Config(sink.EndPoint));
        await SendAsync(relay, 3);
        var messages = await sink.WaitAsync(3);
        Assert.All(messages, m => Assert.EndsWith("Subject: x\r\n\r\n.hello\r\n", m.Text, StringComparison.Ordinal));
        Assert.All(messages, m => Assert.StartsWith("Received: from ", m.Text, StringComparison.Ordinal));
        await DeliveryRig.Until(() => relay.Store.Stats.Messages == 0, "an empty queue");
    }

    [Fact]
    public async Task Mail_that_waits_survives_a_restart_and_is_delivered_then()
    {
        await using var sink = new RecordingSink();
        await sink.GoDownAsync();
        await using (var first = await StartAsync(Config(sink.EndPoint)))
        {
            await SendAsync(first, 20);
            await DeliveryRig.Until(() => first.Upstreams(1) is [{ Health.Failures: > 0 }], "a failure");
            Assert.Equal(20, first.Store.Stats.Messages);
        }
        sink.GoUp();
        await using var second = await StartAsync(Config(sink.EndPoint));
        await sink.WaitAsync(20);
        await DeliveryRig.Until(() => second.Store.Stats.Messages == 0, "an empty queue");
        Assert.Equal(20, sink.Accepted);
    }

    [Fact]
    public async Task A_reload_sends_waiting_mail_to_the_new_upstream_and_keeps_client_sessions()
    {
        await using var old = new RecordingSink();
        await using var fresh = new RecordingSink();
        await old.GoDownAsync();
        var config = Config(old.EndPoint);
        await using var relay = await StartAsync(config);
        using var client = new TcpClient();
        await client.ConnectAsync(relay.SmtpEndpoints[0]);
        var reader = new StreamReader(client.GetStream());
        Assert.StartsWith("220", await reader.ReadLineAsync());
        await SendAsync(relay, 5);
        await DeliveryRig.Until(() => relay.Upstreams(1) is [{ Health.Failures: > 0 }], "a failure");
        await relay.ApplyAsync(config with { Upstream = [config.Upstream[0] with { Name = "b", Address = fresh.EndPoint.ToString() }] }, CancellationToken.None);
        await fresh.WaitAsync(5);
        await client.GetStream().WriteAsync("NOOP\r\n"u8.ToArray());
        Assert.StartsWith("250", await reader.ReadLineAsync());
    }

    [Fact]
    public async Task A_reload_that_cannot_be_done_changes_nothing()
    {
        await using var sink = new RecordingSink();
        var config = Config(sink.EndPoint);
        await using var relay = await StartAsync(config);
        await Assert.ThrowsAsync<ListenException>(() => relay.ApplyAsync(config with { Listener = [new() { Address = sink.EndPoint.ToString() }] }, CancellationToken.None));
        await SendAsync(relay, 1);
        await sink.WaitAsync(1);
    }

    [Fact]
    public async Task A_port_in_use_is_told_and_nothing_is_left_running()
    {
        await using var sink = new RecordingSink();
        var config = Config(sink.EndPoint);
        await Assert.ThrowsAsync<ListenException>(() => StartAsync(config with { Listener = [new() { Address = sink.EndPoint.ToString() }] }));
        await using var relay = await StartAsync(config);
        Assert.Single(relay.SmtpEndpoints);
    }

    [Fact]
    public async Task A_stop_is_bounded_while_an_upstream_hangs_and_keeps_the_mail()
    {
        await using var sink = new RecordingSink();
        sink.Misbehave(new SinkRule(SinkStage.EndOfData, SinkFault.Hang));
        var config = Config(sink.EndPoint);
        await using (var relay = await StartAsync(config with { Server = config.Server with { StopTimeout = TimeSpan.FromMilliseconds(200) } }))
        {
            await SendAsync(relay, 1);
            await DeliveryRig.Until(() => relay.DeliverySessions == 1, "a session");
            await relay.StopAsync().WaitAsync(TimeSpan.FromSeconds(8));
        }
        sink.Behave();
        await using var again = await StartAsync(config);
        await sink.WaitAsync(1);
    }

    private static async Task SendAsync(Relay relay, int count)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(relay.SmtpEndpoints[0]);
        var stream = client.GetStream();
        var reader = new StreamReader(stream);
        await Expect("220");
        await Say("HELO client.test", "250");
        for (int i = 0; i < count; i++)
        {
            await Say("MAIL FROM:<me@example.net>", "250");
            await Say("RCPT TO:<you@example.org>", "250");
            await Say("DATA", "354");
            await Say("Subject: x\r\n\r\n..hello\r\n.", "250");
        }
        await Say("QUIT", "221");

        async Task Say(string line, string code)
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(line + "\r\n"));
            await Expect(code);
        }

        async Task Expect(string code) => Assert.StartsWith(code, await reader.ReadLineAsync());
    }
}
