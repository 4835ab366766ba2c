using System.Net;
using System.Net.ServerSentEvents;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Postern.Api;
using Postern.Core.Events;
using Postern.Core.Submission;
using Postern.Tests.Delivery;
using Postern.Tests.Events;

namespace Postern.Tests.Hosting;

/// <summary>Events as they come, over the real HTTP server.</summary>
public sealed class EventStreamTests : IAsyncDisposable
{
    private readonly TestLog _log = new();
    private readonly FakeTimeProvider _clock = new(DeliveryRig.Start);
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(30) };
    private HttpServer? _server;
    private long _slowRead;

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _log.Log.DisposeAsync();
        if (_server is not null) await _server.DisposeAsync();
        await _log.DisposeAsync();
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private async Task<Uri> StartAsync()
    {
        Assert.True(ListenAddress.TryParse("127.0.0.1:0", out var address));
        var insight = new RelayInsight(_ => [], _ => null, _ => [], (_, _) => throw new NotSupportedException(), _log.Log, () => []);
        var view = new RelayView("0", () => "relay.test", DeliveryRig.Start, () => null, () => [], () => [], () => []) { Insight = () => insight };
        _server = await HttpServer.StartAsync(address, view, NullLoggerProvider.Instance, Cancel, _clock);
        return new Uri(_server.Address + "/api/v1/events/stream");
    }

    private async Task<IAsyncEnumerator<SseItem<string>>> OpenAsync(Uri address, string? last = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        if (last is not null) request.Headers.Add("Last-Event-ID", last);
        var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancel);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        return SseParser.Create(await response.Content.ReadAsStreamAsync(Cancel)).EnumerateAsync(Cancel).GetAsyncEnumerator(Cancel);
    }

    private static async Task<SseItem<string>> NextAsync(IAsyncEnumerator<SseItem<string>> items)
    {
        Assert.True(await items.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20), Cancel));
        return items.Current;
    }

    [Fact]
    public async Task What_happens_after_the_opening_comes_with_its_id_and_type()
    {
        _log.Log.Publish(EventType.UpstreamDown, "before");
        await _log.AllAsync();
        var items = await OpenAsync(await StartAsync());
        _log.Log.Publish(EventType.IncidentOpened, "up", w => w.WriteString("said", "two\nlines"));
        var next = await NextAsync(items);
        Assert.Equal(("2", "incident.opened"), (next.EventId, next.EventType));
        Assert.Equal(_log.Log.Read(1, 1)[0].ToString(), next.Data);
    }

    [Theory]
    [InlineData("?after=1", null)]
    [InlineData("", "1")]
    [InlineData("?after=0", "1")]
    public async Task A_reader_that_comes_back_goes_on_from_where_it_was(string query, string? last)
    {
        for (int i = 1; i <= 3; i++) _log.Log.Publish(EventType.UpstreamDown, $"n{i}");
        await _log.AllAsync();
        var items = await OpenAsync(new Uri(await StartAsync() + query), last);
        Assert.Equal(["2", "3"], [(await NextAsync(items)).EventId!, (await NextAsync(items)).EventId!]);
    }

    [Fact]
    public async Task Only_the_types_that_are_asked_for_come()
    {
        var items = await OpenAsync(new Uri(await StartAsync() + "?type=incident.*"));
        _log.Log.Publish(EventType.UpstreamDown, "up");
        _log.Log.Publish(EventType.IncidentClosed, "up");
        Assert.Equal("incident.closed", (await NextAsync(items)).EventType);
    }

    [Fact]
    public async Task The_last_event_of_a_relay_that_stops_is_told_and_then_the_stream_ends()
    {
        var items = await OpenAsync(await StartAsync());
        _log.Log.Publish(EventType.RelayStopped, "relay.test");
        await _log.Log.DisposeAsync();
        Assert.Equal("relay.stopped", (await NextAsync(items)).EventType);
        Assert.False(await items.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20), Cancel));
    }

    [Fact]
    public async Task A_reader_that_takes_nothing_is_dropped_and_the_others_go_on()
    {
        var address = await StartAsync();
        using var slow = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await slow.ConnectAsync(IPEndPoint.Parse(address.Authority), Cancel);
        await slow.SendAsync(Encoding.ASCII.GetBytes($"GET {address.PathAndQuery} HTTP/1.1\r\nHost: {address.Authority}\r\n\r\n"), Cancel);
        var quick = await OpenAsync(address);
        // One after the other: what waits to be written is bounded, and a disk that is busy must not make the log drop some.
        for (int i = 0; i < 200; i++)
        {
            _log.Log.Publish(EventType.MessageBounced, new string('x', 100_000));
            await NextAsync(quick);
        }
        // What the system's buffers hold is there; then the connection ends without the rest.
        // Now and then only: the quick one's heartbeats are written meanwhile, and must not be hit by the clock.
        int looks = 0;
        await DeliveryRig.Until(() =>
        {
            if (looks++ % 50 == 0) _clock.Advance(EventStream.Patience);
            return slow.Poll(0, SelectMode.SelectRead) && IsOver(slow);
        }, "that it is dropped");
        _log.Log.Publish(EventType.UpstreamUp, "up");
        Assert.Equal("upstream.up", (await NextAsync(quick)).EventType);
    }

    /// <summary>Reads a little of what is left; true when the other side is gone. All of it must never come.</summary>
    private bool IsOver(Socket socket)
    {
        byte[] buffer = new byte[65536];
        try
        {
            int read = socket.Receive(buffer);
            _slowRead += read;
            Assert.True(_slowRead < 19_000_000, "all of it came: it was not dropped");
            return read == 0;
        }
        catch (SocketException)
        {
            return true;
        }
    }

    [Fact]
    public async Task One_reader_too_many_is_told_so()
    {
        var address = await StartAsync();
        // Held, or the collector would end some of them.
        var open = new List<IAsyncEnumerator<SseItem<string>>>();
        while (open.Count < EventStream.MaxReaders) open.Add(await OpenAsync(address));
        using var refused = await _http.GetAsync(address, Cancel);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Contains("others are following", await refused.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        GC.KeepAlive(open);
    }

    [Fact]
    public async Task A_quiet_stream_gives_a_sign_of_life()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, await StartAsync());
        var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancel);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Cancel));
        Assert.Equal(": events of this relay", await reader.ReadLineAsync(Cancel));
        Assert.Equal("", await reader.ReadLineAsync(Cancel));
        var sign = reader.ReadLineAsync(Cancel).AsTask();
        await DeliveryRig.Until(() =>
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            return sign.IsCompleted;
        }, "a sign");
        Assert.Equal(":", await sign);
    }
}
