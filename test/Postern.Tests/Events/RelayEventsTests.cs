using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Postern.Core;
using Postern.Core.Configuration;
using Postern.Lab.Peers;
using Postern.Protocols.Tls;
using Postern.Tests.Delivery;
using Postern.Tests.Diagnosis.Checks;

namespace Postern.Tests.Events;

/// <summary>A whole relay and a real receiver of its webhook, over failures, restarts and kills.</summary>
public sealed class RelayEventsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("postern-relay-events-").FullName;

    /// <summary>Retries of a webhook are half a minute apart: the clock is ours, and runs while something is waited for.</summary>
    private readonly FakeTimeProvider _clock = new(DeliveryRig.Start);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private PosternConfig Config(IPEndPoint upstream, Receiver? receiver, string? data = null) => new()
    {
        Server = new() { Hostname = "relay.test", Data = data ?? _folder, StopTimeout = TimeSpan.FromSeconds(5) },
        Listener = [new() { Address = "127.0.0.1:0" }],
        Upstream = [new() { Name = "a", Address = upstream.ToString(), Tls = TlsMode.None }],
        Delivery = new() { RetryJitterPercent = 0 },
        Diagnosis = new() { Probe = false },
        Webhook = receiver is null ? [] : [new WebhookConfig { Name = "ops", Url = receiver.Url, Secret = new Secret(Receiver.Key, "in the file") }],
    };

    private Task<Relay> StartAsync(PosternConfig config) => Relay.StartAsync(config, new RelayDependencies(new ZoneResolver(), _clock) { Diagnosis = FakeProbes.None }, CancellationToken.None);

    private async Task Until(Func<bool> condition, string what)
    {
        for (int i = 0; i < 4000; i++)
        {
            if (condition()) return;
            _clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Delay(2, CancellationToken.None);
        }
        Assert.Fail("waited in vain for " + what);
    }

    private async Task StopAsync(Relay relay)
    {
        var stop = relay.DisposeAsync().AsTask();
        await Until(() => stop.IsCompleted, "the stop");
        await stop;
    }

    private static string[] Logged(Relay relay) => [.. relay.Events.Read(0, 1000).Select(e => e.Type)];

    [Fact]
    public async Task An_outage_is_told_from_start_to_stop_to_a_receiver_that_fails_twice()
    {
        await using var sink = new RecordingSink();
        await using var receiver = new Receiver { Failing = 2 };
        await sink.GoDownAsync();
        var relay = await StartAsync(Config(sink.EndPoint, receiver));
        await SendAsync(relay);
        await Until(() => Logged(relay).Contains("incident.acted"), "the incident");
        sink.GoUp();
        await Until(() => Logged(relay).Contains("incident.closed"), "the end");
        await Until(() => receiver.Types.Contains("incident.closed"), "the receiver");
        await StopAsync(relay);
        string[] expected = ["relay.started", "upstream.down", "incident.opened", "incident.acted", "upstream.up", "incident.closed", "relay.stopped"];
        Assert.Equal(expected.Order(), receiver.Types.Order());
        Assert.Equal(("relay.started", "relay.stopped"), (receiver.Types[0], receiver.Types[^1]));
        // The first one was posted three times, under one id.
        Assert.Equal(receiver.Taken.Count + 2, receiver.Posts.Count);
        Assert.Single(receiver.Posts.Take(3).Select(p => p.Id).Distinct());
        Assert.All(receiver.Posts, p => Assert.True(p.IsSigned, "a post's signature does not fit"));
        Assert.Equal(receiver.Taken.Count, receiver.Taken.Select(p => p.Id).Distinct().Count());
    }

    [Fact]
    public async Task After_a_kill_the_receiver_hears_of_everything_that_was_on_disk_and_repetitions_have_the_same_id()
    {
        await using var sink = new RecordingSink();
        await using var receiver = new Receiver { Failing = int.MaxValue };
        await sink.GoDownAsync();
        var first = await StartAsync(Config(sink.EndPoint, receiver));
        await SendAsync(first);
        await Until(() => Logged(first).Contains("incident.acted") && receiver.Posts.Count >= 1, "the incident");
        // The folder as a kill leaves it at this moment, while the first relay still has it.
        string copy = Copy();
        var onDisk = first.Events.Read(0, 1000).Select(e => e.Id).ToList();
        var incident = Assert.Single(first.Incidents(withClosed: false));
        receiver.Failing = 0;
        var second = await StartAsync(Config(sink.EndPoint, receiver, copy));
        var again = Assert.Single(second.Incidents(withClosed: false));
        Assert.Equal((incident.Id, incident.OpenedAt), (again.Id, again.OpenedAt));
        await Until(() => receiver.Types.Contains("relay.started") && receiver.Taken.Count > onDisk.Count, "the receiver");
        string instance = receiver.Posts[0].Id.Split('-')[0];
        Assert.Equal(onDisk.Select(i => $"{instance}-{i}"), receiver.Taken.Select(p => p.Id).Take(onDisk.Count));
        Assert.Equal(receiver.Posts[0].Id, receiver.Taken[0].Id);
        await StopAsync(second);
        await StopAsync(first);
        Directory.Delete(copy, recursive: true);
    }

    [Fact]
    public async Task What_was_taken_is_not_sent_again_after_a_restart()
    {
        await using var sink = new RecordingSink();
        await using var receiver = new Receiver();
        for (int i = 0; i < 3; i++)
        {
            var relay = await StartAsync(Config(sink.EndPoint, receiver));
            int started = i + 1;
            await Until(() => receiver.Types.Count(t => t == "relay.started") == started, "the start");
            await StopAsync(relay);
        }
        Assert.Equal(Enumerable.Repeat<string[]>(["relay.started", "relay.stopped"], 3).SelectMany(t => t), receiver.Types);
        Assert.Equal(6, receiver.Posts.Count);
    }

    [Fact]
    public async Task A_reload_is_told_with_its_result_and_brings_new_webhooks()
    {
        await using var sink = new RecordingSink();
        await using var receiver = new Receiver();
        var relay = await StartAsync(Config(sink.EndPoint, null));
        relay.Reloaded("postern.toml", ["postern.toml(3,1): delivery.retri: expected a known key"]);
        await Until(() => Logged(relay).Contains("config.reloaded"), "the refusal");
        await relay.ApplyAsync(Config(sink.EndPoint, receiver), CancellationToken.None);
        await Until(() => relay.Webhooks is [{ LastId: 2 }], "the webhook");
        relay.Reloaded("postern.toml", []);
        await Until(() => receiver.Taken.Count == 1, "the receiver");
        Assert.Equal("applied", JsonDocument.Parse(receiver.Taken[0].Body).RootElement.GetProperty("data").GetProperty("result").GetString());
        var refused = relay.Events.Read(0, 100).Select(e => JsonDocument.Parse(e.Line).RootElement).Single(e => e.GetProperty("id").GetInt64() == 2).GetProperty("data");
        Assert.Equal(("refused", 1), (refused.GetProperty("result").GetString(), refused.GetProperty("mistakes").GetArrayLength()));
        await StopAsync(relay);
    }

    [Fact]
    public async Task A_webhook_that_fails_shows_since_when_why_and_what_waits()
    {
        await using var sink = new RecordingSink();
        await using var receiver = new Receiver { Failing = int.MaxValue };
        var relay = await StartAsync(Config(sink.EndPoint, receiver));
        await Until(() => relay.Webhooks is [{ Failures: >= 2 }], "two failures");
        var status = relay.Webhooks[0];
        Assert.Equal(("ops", 0L, 1L, "503 Service Unavailable"), (status.Name, status.LastId, status.Waiting, status.Problem));
        Assert.DoesNotContain("hook", status.Address, StringComparison.Ordinal);
        Assert.True(status.NextTry > status.FailingSince && status.PendingSince <= status.FailingSince);
        receiver.Failing = 0;
        await Until(() => relay.Webhooks is [{ Failures: 0, Waiting: 0 }], "that it is well");
        Assert.Null(relay.Webhooks[0].Problem);
        await StopAsync(relay);
    }

    [Fact]
    public async Task A_damaged_cursor_means_that_events_are_repeated_and_none_is_left_out()
    {
        await using var sink = new RecordingSink();
        await using var receiver = new Receiver();
        var relay = await StartAsync(Config(sink.EndPoint, receiver));
        await StopAsync(relay);
        await File.WriteAllTextAsync(Path.Combine(_folder, "events", "webhook-ops.cursor"), "", TestContext.Current.CancellationToken);
        int before = receiver.Taken.Count;
        relay = await StartAsync(Config(sink.EndPoint, receiver));
        await Until(() => receiver.Taken.Count >= before + 3, "the repetition");
        Assert.Equal(receiver.Taken[0].Id, receiver.Taken[before].Id);
        await StopAsync(relay);
    }

    private string Copy()
    {
        string copy = Directory.CreateTempSubdirectory("postern-relay-events-killed-").FullName;
        foreach (string path in Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories))
        {
            string relative = Path.GetRelativePath(_folder, path);
            // The lock is not the copy's; segments that are made ahead come and go.
            if (relative.StartsWith("lock", StringComparison.Ordinal) || relative.Contains("spare", StringComparison.Ordinal)) continue;
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(copy, relative))!);
            using var from = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var to = File.Create(Path.Combine(copy, relative));
            from.CopyTo(to);
        }
        return copy;
    }

    private static async Task SendAsync(Relay relay)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(relay.SmtpEndpoints[0]);
        var reader = new StreamReader(client.GetStream());
        Assert.StartsWith("220", await reader.ReadLineAsync());
        foreach (var (line, code) in ((string, string)[])[("HELO client.test", "250"), ("MAIL FROM:<me@example.net>", "250"), ("RCPT TO:<you@example.org>", "250"), ("DATA", "354"), ("Subject: x\r\n\r\nhello\r\n.", "250"), ("QUIT", "221")])
        {
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(line + "\r\n"));
            Assert.StartsWith(code, await reader.ReadLineAsync());
        }
    }

    private sealed record Post(string Id, string Body, bool IsSigned);

    /// <summary>Takes what is posted, after it has refused as often as it is told.</summary>
    private sealed class Receiver : IAsyncDisposable
    {
        public const string Key = "a secret of at least a few bytes";

        private readonly HttpListener _listener;
        private readonly ConcurrentQueue<Post> _posts = new(), _taken = new();
        private readonly Task _work;

        public Receiver()
        {
            for (int port = Random.Shared.Next(20_000, 50_000); ; port++)
            {
                // One that could not start cannot be used again.
                var listener = new HttpListener();
                listener.Prefixes.Add($"http://127.0.0.1:{port}/");
                try
                {
                    listener.Start();
                    _listener = listener;
                    Url = $"http://127.0.0.1:{port}/hook";
                    break;
                }
                catch (HttpListenerException)
                {
                    // Taken by another.
                }
            }
            _work = Task.Run(WorkAsync);
        }

        public string Url { get; }
        public volatile int Failing;

        public IReadOnlyList<Post> Posts => [.. _posts];
        public IReadOnlyList<Post> Taken => [.. _taken];
        public IReadOnlyList<string> Types => [.. _taken.Select(p => JsonDocument.Parse(p.Body).RootElement.GetProperty("type").GetString()!)];

        public async ValueTask DisposeAsync()
        {
            _listener.Close();
            await _work;
        }

        private async Task WorkAsync()
        {
            try
            {
                while (true)
                {
                    var context = await _listener.GetContextAsync();
                    using var reader = new StreamReader(context.Request.InputStream, Encoding.UTF8);
                    string body = await reader.ReadToEndAsync();
                    string id = context.Request.Headers["webhook-id"]!;
                    string signed = Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Key), Encoding.UTF8.GetBytes($"{id}.{context.Request.Headers["webhook-timestamp"]}.{body}")));
                    var post = new Post(id, body, context.Request.Headers["webhook-signature"] == "v1," + signed);
                    bool isTaken = Failing <= 0;
                    if (!isTaken && Failing != int.MaxValue) Failing--;
                    context.Response.StatusCode = isTaken ? 204 : 503;
                    _posts.Enqueue(post);
                    if (isTaken) _taken.Enqueue(post);
                    context.Response.Close();
                }
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                // Closed.
            }
        }
    }
}
