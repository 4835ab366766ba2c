using System.Net;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Postern.Core.Configuration;
using Postern.Core.Routing;
using Postern.Core.Submission;
using Postern.Core.Telemetry;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Submission;

/// <summary>A submission handler over a store in memory, with one client session before it.</summary>
internal sealed class HandlerFixture
{
    public HandlerFixture(PosternConfig? config = null, string client = "127.0.0.1", ListenerConfig? listener = null, ILiveUpstreams? inline = null)
    {
        Config = config ?? Defaults;
        var services = new SubmissionServices(Store, new MailRouter(Config, Time), new PosternMetrics(), NullLogger.Instance, Time, inline);
        Authenticator = new Authenticator(Config, Time);
        Room = new StoreRoom(Store);
        Handler = new SubmissionHandler(services, SubmissionModel.Of(Config, listener ?? Config.Listener[0], new AccessPolicy(Config)), Authenticator, Room);
        Session = new SessionContext { Remote = new IPEndPoint(IPAddress.Parse(client), 4000), Local = new IPEndPoint(IPAddress.Loopback, 25), Listener = "127.0.0.1:2525", SessionNumber = 1, Hello = "client.test", IsExtended = true };
    }

    public static PosternConfig Defaults { get; } = new()
    {
        Server = new ServerConfig { Hostname = "relay.example.net" },
        Route = [new RouteConfig { Match = new RouteMatch { RecipientDomain = ["refused.example"] }, Via = RouteVia.Reject }, new RouteConfig { Via = RouteVia.Mx }],
    };

    public PosternConfig Config { get; }
    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
    public RecordingStore Store { get; } = new();
    public Authenticator Authenticator { get; }
    public StoreRoom Room { get; }
    public SubmissionHandler Handler { get; }
    public SessionContext Session { get; }

    public async Task<string> MailAsync(string from = "a@example.org", long? size = null) =>
        (await Handler.MailAsync(Session, new MailCommand(new MailPath(from), DeclaredSize: size), default)).ToString();

    public async Task<string> RcptAsync(string to) => (await Handler.RcptAsync(Session, new RcptCommand(new MailPath(to)), default)).ToString();

    /// <summary>One message to one recipient, its body in pieces of a size; the reply to its end, or the refusal.</summary>
    public async Task<string> SendAsync(string body, int piece = int.MaxValue, string to = "b@example.net")
    {
        await MailAsync();
        await RcptAsync(to);
        var admission = await Handler.BeginBodyAsync(Session, default);
        if (admission.Refusal is { } refusal) return refusal.ToString();
        byte[] bytes = Encoding.Latin1.GetBytes(body);
        for (int at = 0; at < bytes.Length; at += piece)
        {
            piece = Math.Min(piece, bytes.Length - at);
            await admission.Body!.WriteAsync(bytes.AsMemory(at, piece), default);
        }
        return (await admission.Body!.CompleteAsync(default)).ToString();
    }

    /// <summary>The last kept message without its Received field.</summary>
    public string LastBody
    {
        get
        {
            string text = Encoding.Latin1.GetString(Store.Committed.Last().Content);
            int end = 0;
            do end = text.IndexOf("\r\n", end, StringComparison.Ordinal) + 2;
            while (text[end - 2] == '\r' && end < text.Length && text[end] == '\t');
            Assert.StartsWith("Received: from client.test ([", text, StringComparison.Ordinal);
            return text[end..];
        }
    }
}
