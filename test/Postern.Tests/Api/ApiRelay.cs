using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Postern.Cli;
using Postern.Core;
using Postern.Core.Configuration;
using Postern.Core.Queue;
using Postern.Hosting;
using Postern.Protocols.Smtp;
using Postern.Tests.Delivery;
using Postern.Tests.Diagnosis.Checks;

namespace Postern.Tests.Api;

/// <summary>The real process: a whole relay with its store on disk and its HTTP server. Its upstream refuses connections, so mail waits.</summary>
internal sealed class ApiRelay : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task<int> _running;

    private ApiRelay(Task<int> running, CancellationTokenSource stop, RunningRelay relay, Uri address)
    {
        (_running, _stop, Relay, Address) = (running, stop, relay, address);
        Http = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromMinutes(1) };
    }

    public RunningRelay Relay { get; }
    public Uri Address { get; }
    public HttpClient Http { get; }

    /// <param name="more">Further configuration, as text.</param>
    public static async Task<ApiRelay> StartAsync(string folder, string more = "", string upstream = "127.0.0.1:1")
    {
        string text = $"""
            [server]
            hostname = "relay.example.net"
            http = "127.0.0.1:0"
            data = "{folder}"
            [[listener]]
            address = "127.0.0.1:0"
            [[upstream]]
            name = "provider"
            address = "{upstream}"
            tls = "none"
            {more}
            """;
        var stop = new CancellationTokenSource();
        var started = new TaskCompletionSource<(RunningRelay, string)>();
        var process = new RelayProcess(
            () => new ConfigLoader(new ConfigSurroundings(_ => null, [], folder)).LoadText(text, "postern.toml", []),
            null,
            async (config, logs, cancel) => RelayComposition.Compose(await Core.Relay.StartAsync(config, new RelayDependencies(new ZoneResolver()) { Diagnosis = FakeProbes.None }, cancel), config),
            new Output(new StringWriter(), new StringWriter(), false),
            TimeProvider.System);
        var running = process.RunAsync(new MemoryStream(), (relay, address) => started.TrySetResult((relay, address)), stop.Token);
        if (await Task.WhenAny(started.Task, running) == running) await running;
        var (relay, address) = await started.Task;
        return new ApiRelay(running, stop, relay, new Uri(address + "/"));
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    /// <summary>Puts a message into the queue as if it had come by SMTP.</summary>
    public async Task<string> KeepAsync(string from, string to, string destination = "pool:provider", string? user = null, int bytes = 100)
    {
        var now = TimeProvider.System.GetUtcNow();
        await using var incoming = Relay.Store.TryBegin()!;
        await incoming.WriteAsync(Encoding.ASCII.GetBytes("Subject: x\r\n\r\n".PadRight(bytes - 2, 'a') + "\r\n"), CancellationToken.None);
        await incoming.CommitAsync(new QueuedEnvelope
        {
            From = new MailPath(from),
            Recipients = [new QueuedRecipient(new MailPath(to), destination)],
            Origin = new MessageOrigin { Listener = "127.0.0.1:2525", ClientAddress = "192.0.2.7", User = user },
            AcceptedAt = now,
            ExpiresAt = now.AddDays(5),
        }, CancellationToken.None);
        return incoming.Id.ToString();
    }

    public async Task<JsonElement> GetAsync(string path, HttpStatusCode expected = HttpStatusCode.OK) => await ReadAsync(await Http.GetAsync(path), expected);

    public async Task<JsonElement> PostAsync(string path, string json, HttpStatusCode expected = HttpStatusCode.OK, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(json, MediaTypeHeaderValue.Parse("application/json")) };
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        return await ReadAsync(await Http.SendAsync(request), expected);
    }

    public static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        for (int i = 0; i < 1000; i++)
        {
            if (await condition()) return;
            await Task.Delay(10);
        }
        Assert.Fail("waited in vain for " + what);
    }

    public static async Task<JsonElement> ReadAsync(HttpResponseMessage response, HttpStatusCode expected)
    {
        using (response)
        {
            string text = await response.Content.ReadAsStringAsync();
            Assert.True(expected == response.StatusCode, $"{(int)response.StatusCode}, not {(int)expected}: {text}");
            if ((int)expected >= 400) Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
            return JsonSerializer.Deserialize<JsonElement>(text);
        }
    }
}
