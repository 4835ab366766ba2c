using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Postern.Core.Configuration;
using Postern.Core.Events;
using Postern.Core.Telemetry;

namespace Postern.Tests.Events;

public sealed class WebhookTests : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("postern-webhook-").FullName;
    private readonly PosternMetrics _metrics = new();
    private readonly HttpListener _listener = new();
    private readonly string _url;

    public WebhookTests()
    {
        for (int port = Random.Shared.Next(20_000, 50_000); ; port++)
        {
            _listener.Prefixes.Clear();
            _listener.Prefixes.Add($"http://127.0.0.1:{port}/");
            try
            {
                _listener.Start();
                _url = $"http://127.0.0.1:{port}/hook";
                return;
            }
            catch (HttpListenerException)
            {
                // Taken by another.
            }
        }
    }

    public ValueTask DisposeAsync()
    {
        _listener.Close();
        _metrics.Dispose();
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    private RelayEvents Start(params WebhookConfig[] hooks)
    {
        var config = Config(hooks);
        var events = new RelayEvents(config, _metrics, NullLogger.Instance, TimeProvider.System);
        return events;
    }

    private PosternConfig Config(params WebhookConfig[] hooks) => new() { Server = new ServerConfig { Hostname = "relay.example.net", Data = _folder }, Webhook = hooks };

    private WebhookConfig Hook(params string[] patterns) => new() { Name = "ops", Url = _url, Secret = new Secret("whsec_" + Convert.ToBase64String("a very secret key"u8), "in the file"), Events = patterns };

    private sealed record Post(string Body, string Id, string Timestamp, string Signature, string ContentType);

    private async Task<Post> ReceiveAsync(int status = 204)
    {
        var context = await _listener.GetContextAsync().WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(context.Request.InputStream, Encoding.UTF8);
        string body = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
        var headers = context.Request.Headers;
        context.Response.StatusCode = status;
        context.Response.Close();
        return new Post(body, headers["webhook-id"]!, headers["webhook-timestamp"]!, headers["webhook-signature"]!, context.Request.ContentType!);
    }

    [Fact]
    public async Task An_event_is_posted_with_a_signature_that_the_receiver_can_check()
    {
        await using var events = Start();
        await events.ApplyAsync(Config(Hook()));
        events.Log.Publish(EventType.UpstreamDown, "mx1.example.test:25", w => w.WriteString("reason", "refused"));
        var post = await ReceiveAsync();
        Assert.Contains("\"type\":\"upstream.down\"", post.Body, StringComparison.Ordinal);
        Assert.Equal("application/json", post.ContentType);
        byte[] expected = HMACSHA256.HashData("a very secret key"u8, Encoding.UTF8.GetBytes($"{post.Id}.{post.Timestamp}.{post.Body}"));
        Assert.Equal("v1," + Convert.ToBase64String(expected), post.Signature);
        Assert.EndsWith("-1", post.Id, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_receiver_did_not_take_is_sent_again_under_the_same_id_before_the_next()
    {
        await using var events = Start();
        await events.ApplyAsync(Config(Hook()));
        events.Log.Publish(EventType.UpstreamDown, "a");
        events.Log.Publish(EventType.UpstreamUp, "a");
        var refused = await ReceiveAsync(500);
        var again = await ReceiveAsync();
        var next = await ReceiveAsync();
        Assert.Equal((refused.Id, refused.Body), (again.Id, again.Body));
        Assert.Contains("upstream.up", next.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_not_taken_before_a_stop_is_sent_after_the_start()
    {
        await using (var events = Start())
        {
            await events.ApplyAsync(Config(Hook()));
            events.Log.Publish(EventType.UpstreamDown, "a");
            await ReceiveAsync(503);
            events.Log.Publish(EventType.UpstreamUp, "a");
        }
        await using var later = Start();
        await later.ApplyAsync(Config(Hook()));
        Assert.Contains("upstream.down", (await ReceiveAsync()).Body, StringComparison.Ordinal);
        Assert.Contains("upstream.up", (await ReceiveAsync()).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_the_events_that_are_asked_for_are_sent()
    {
        await using var events = Start();
        await events.ApplyAsync(Config(Hook("incident.*")));
        events.Log.Publish(EventType.UpstreamDown, "a");
        events.Log.Publish(EventType.IncidentClosed, "a");
        Assert.Contains("incident.closed", (await ReceiveAsync()).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_webhook_that_is_taken_out_of_the_configuration_is_told_nothing_more()
    {
        await using var events = Start();
        await events.ApplyAsync(Config(Hook()));
        events.Log.Publish(EventType.UpstreamDown, "a");
        await ReceiveAsync();
        await events.ApplyAsync(Config());
        events.Log.Publish(EventType.UpstreamUp, "a");
        var silence = _listener.GetContextAsync();
        await events.Log.WaitAsync(1, TestContext.Current.CancellationToken);
        Assert.False(silence.IsCompleted);
    }
}
