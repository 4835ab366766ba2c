using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Postern.Core.Configuration;
using Postern.Core.Routing;
using Postern.Core.Submission;
using Postern.Core.Telemetry;

namespace Postern.Tests.Submission;

/// <summary>Real listeners on ports that the system chooses, over a store in memory and a clock that stands still.</summary>
internal sealed class ListenerFixture : IAsyncDisposable
{
    private ListenerFixture(PosternConfig config) =>
        Listeners = new ListenerSet(new SubmissionServices(Store, new MailRouter(config, Time), new PosternMetrics(), NullLogger.Instance, Time));

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
    public RecordingStore Store { get; } = new();
    public ListenerSet Listeners { get; }

    public static PosternConfig Config(params ListenerConfig[] listeners) => HandlerFixture.Defaults with
    {
        Listener = listeners.Length > 0 ? listeners : [new ListenerConfig { Address = "127.0.0.1:0" }],
    };

    public static async Task<ListenerFixture> StartAsync(PosternConfig config)
    {
        var fixture = new ListenerFixture(config);
        await fixture.Listeners.StartAsync(config, default);
        return fixture;
    }

    public async Task<LineClient> ConnectAsync(int listener = 0, string? greeting = "220 ")
    {
        var client = await LineClient.ConnectAsync(Listeners.EndPoints[listener]);
        if (greeting is not null) Assert.StartsWith(greeting, await client.HearAsync(), StringComparison.Ordinal);
        return client;
    }

    /// <summary>Moves the clock and lets the sweep that falls due have its effect.</summary>
    public async Task UntilAsync(Func<bool> condition, TimeSpan step = default)
    {
        for (int i = 0; !condition(); i++)
        {
            Assert.True(i < 1000, "waited in vain");
            Time.Advance(step);
            await Task.Delay(10);
        }
    }

    public ValueTask DisposeAsync() => Listeners.DisposeAsync();
}

/// <summary>A client that says lines and hears replies.</summary>
internal sealed class LineClient(Stream stream) : IDisposable
{
    private StreamReader _reader = new(stream, Encoding.Latin1);

    public Stream Stream { get; private set; } = stream;

    public static async Task<LineClient> ConnectAsync(IPEndPoint endPoint)
    {
        var to = endPoint.Address.Equals(IPAddress.Any) ? new IPEndPoint(IPAddress.Loopback, endPoint.Port) : endPoint.Address.Equals(IPAddress.IPv6Any) ? new IPEndPoint(IPAddress.IPv6Loopback, endPoint.Port) : endPoint;
        return await ConnectExactlyAsync(to);
    }

    public static async Task<LineClient> ConnectExactlyAsync(IPEndPoint endPoint)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(endPoint);
        return new LineClient(new NetworkStream(socket, ownsSocket: true));
    }

    public async Task TlsAsync(Action<SslStream>? see = null)
    {
        var tls = new SslStream(Stream, false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync("localhost").WaitAsync(TimeSpan.FromSeconds(10));
        see?.Invoke(tls);
        Stream = tls;
        _reader = new StreamReader(tls, Encoding.Latin1);
    }

    /// <summary>One whole reply (its last line), null at the end of the connection.</summary>
    public async Task<string?> HearAsync()
    {
        string? line;
        do line = await _reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(10));
        while (line is { Length: > 3 } && line[3] == '-');
        return line;
    }

    public async Task<string?> SayAsync(string line)
    {
        await Stream.WriteAsync(Encoding.Latin1.GetBytes(line + "\r\n"));
        return await HearAsync();
    }

    /// <summary>A whole message; the reply to its end.</summary>
    public async Task<string?> SendAsync(string body)
    {
        await SayAsync("EHLO client.test");
        await SayAsync("MAIL FROM:<a@example.org>");
        await SayAsync("RCPT TO:<b@example.net>");
        Assert.StartsWith("354", await SayAsync("DATA"), StringComparison.Ordinal);
        return await SayAsync(body + "\r\n.");
    }

    public void Dispose() => Stream.Dispose();
}
