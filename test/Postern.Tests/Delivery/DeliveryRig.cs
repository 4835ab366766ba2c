using System.Net;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Postern.Core.Configuration;
using Postern.Core.Delivery;
using Postern.Core.Diagnoses;
using Postern.Core.Events;
using Postern.Core.Queue;
using Postern.Core.Routing;
using Postern.Core.Telemetry;
using Postern.Protocols.Smtp;
using Postern.Tests.Diagnosis.Checks;

namespace Postern.Tests.Delivery;

/// <summary>All of delivery, on real sockets, with a queue in memory and names from a zone in memory.</summary>
internal sealed class DeliveryRig : IAsyncDisposable
{
    public static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly PosternMetrics _metrics = new();
    private readonly string _data = Path.Combine(Path.GetTempPath(), "postern-rig-" + Guid.NewGuid().ToString("N"));

    public DeliveryRig(PosternConfig config, ZoneResolver? zone = null, TimeProvider? time = null, DiagnosisSetup? diagnosis = null, EventLog? events = null, ILoggerFactory? loggers = null)
    {
        // What is learned of an upstream is kept in the data folder: one of its own, or the tests would learn from each other.
        if (config.Server.Data == new ServerConfig().Data) config = config with { Server = config.Server with { Data = _data } };
        Time = time ?? TimeProvider.System;
        Zone = zone ?? new ZoneResolver();
        Store = new MemoryQueueStore(Time);
        Router = new MailRouter(config, Time);
        Own = new OwnAddresses(config.Server.Hostname);
        Engine = DeliveryFactory.Create(config, Store, Router, Zone, Own, _metrics, loggers ?? NullLoggerFactory.Instance, Time, () => 0.5, Path.GetTempPath(), diagnosis ?? FakeProbes.None, new RelayNews(events, _metrics));
        Store.Filed = Engine.Scheduler.File;
    }

    public PosternMetrics Metrics => _metrics;
    public TimeProvider Time { get; }
    public FakeTimeProvider Clock => (FakeTimeProvider)Time;
    public ZoneResolver Zone { get; }
    public MemoryQueueStore Store { get; }
    public MailRouter Router { get; }
    public OwnAddresses Own { get; }
    public DeliveryEngine Engine { get; }

    public static PosternConfig Config(params IPEndPoint[] upstreams) => new()
    {
        Server = new() { Hostname = "relay.test" },
        Delivery = new() { RetryJitterPercent = 0 },
        Upstream = [.. upstreams.Select((e, i) => new UpstreamConfig { Name = ((char)('a' + i)).ToString(), Address = e.ToString(), Tls = Postern.Protocols.Tls.TlsMode.None })],
    };

    public MessageId Send(string to = "you@example.org", string from = "me@example.net", string text = "Subject: x\r\n\r\nhello\r\n", Func<QueuedEnvelope, QueuedEnvelope>? with = null)
    {
        var now = Time.GetUtcNow();
        var recipients = to.Split(' ').Select(a => new QueuedRecipient(new MailPath(a), Router.Route(new MailPath(from), new MailPath(a), "l", null).Destination!)).ToList();
        var bytes = Encoding.Latin1.GetBytes(text);
        var envelope = new QueuedEnvelope
        {
            From = new MailPath(from),
            Recipients = recipients,
            Origin = new MessageOrigin { Listener = "l" },
            AcceptedAt = now,
            ExpiresAt = now + TimeSpan.FromDays(5),
            HasEightBit = bytes.Any(b => b > 127),
        };
        return Store.Add(with?.Invoke(envelope) ?? envelope, bytes);
    }

    /// <summary>Waits for something that happens on other threads; with a fake clock the clock stands still meanwhile.</summary>
    public static async Task Until(Func<bool> condition, string what)
    {
        for (int i = 0; i < 2000; i++)
        {
            if (condition()) return;
            await Task.Delay(5);
        }
        Assert.Fail("waited in vain for " + what);
    }

    /// <summary>Lets the fake clock run until something is so.</summary>
    public async Task Advance(Func<bool> condition, TimeSpan step, int most, string what)
    {
        for (int i = 0; i < most; i++)
        {
            Clock.Advance(step);
            for (int j = 0; j < 10; j++)
            {
                if (condition()) return;
                await Task.Delay(5);
            }
        }
        Assert.Fail("waited in vain for " + what);
    }

    public Settlement LastSettlement(MessageId id) => Store.Settlements.Last(s => s.Id == id).Settlement;

    public async ValueTask DisposeAsync()
    {
        if (Time is FakeTimeProvider)
        {
            // A stop waits on the clock: let it run.
            var stop = Engine.DisposeAsync().AsTask();
            while (!stop.IsCompleted)
            {
                Clock.Advance(TimeSpan.FromSeconds(1));
                await Task.Delay(1);
            }
            await stop;
        }
        else
        {
            await Engine.DisposeAsync();
        }
        _metrics.Dispose();
        if (Directory.Exists(_data)) Directory.Delete(_data, recursive: true);
    }
}
