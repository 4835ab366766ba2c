using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Postern.Core;
using Postern.Core.Configuration;
using Postern.Core.Queue;
using Postern.Core.Queue.Embedded;
using Postern.Core.Telemetry;
using Postern.Lab.Peers;
using Postern.Protocols.Tls;
using Postern.Telemetry;
using Postern.Tests.Delivery;
using Postern.Tests.Diagnosis.Checks;

namespace Postern.Tests.Telemetry;

/// <summary>A whole relay that sends what it sees to a collector.</summary>
public sealed class OtlpExportTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("postern-otlp-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private PosternConfig Config(IPEndPoint upstream, OtlpReceiver? receiver, OtlpProtocol protocol = OtlpProtocol.HttpProtobuf, DeliveryMode mode = DeliveryMode.Queue) => new()
    {
        Server = new() { Hostname = "relay.test", Data = _folder, StopTimeout = TimeSpan.FromSeconds(5) },
        Listener = [new() { Address = "127.0.0.1:0" }],
        Upstream = [new() { Name = "a", Address = upstream.ToString(), Tls = TlsMode.None }],
        Delivery = new() { Mode = mode },
        Diagnosis = new() { Probe = false },
        Telemetry = new() { Otlp = receiver?.Address, Protocol = protocol, TracePercent = 100, Headers = new Secret("x-key=our-key", "in the file") },
    };

    /// <summary>Runs a relay while it exports, and stops both.</summary>
    private static async Task WhileExporting(PosternConfig config, Func<Relay, Task> use)
    {
        using var export = OtlpExport.Start(config, "1.2.3", _ => null)!;
        using var logs = new LoggerFactory([export.Logs!], OtlpExport.Filter(() => LogLevel.Information));
        await using var relay = await Relay.StartAsync(config, new RelayDependencies(new ZoneResolver(), TimeProvider.System, logs) { Diagnosis = FakeProbes.None }, CancellationToken.None);
        await use(relay);
    }

    /// <summary>The queue id that the relay gave.</summary>
    private static async Task<string> SendAsync(Relay relay)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(relay.SmtpEndpoints[0]);
        var reader = new StreamReader(client.GetStream());
        var writer = new StreamWriter(client.GetStream()) { NewLine = "\r\n", AutoFlush = true };
        await reader.ReadLineAsync();
        string reply = "";
        foreach (string line in new[] { "HELO app.example.net", "MAIL FROM:<me@example.net>", "RCPT TO:<you@example.org>", "DATA", "Subject: x\r\n\r\nsecret words\r\n." })
        {
            await writer.WriteLineAsync(line);
            reply = (await reader.ReadLineAsync())!;
        }
        Assert.StartsWith("250", reply, StringComparison.Ordinal);
        return reply.Split(' ')[^1];
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_message_is_one_trace_from_its_acceptance_to_each_attempt_over_a_restart(bool isGrpc)
    {
        await using var receiver = await OtlpReceiver.StartAsync(isGrpc);
        await using var sink = new RecordingSink();
        await sink.GoDownAsync();
        var config = Config(sink.EndPoint, receiver, isGrpc ? OtlpProtocol.Grpc : OtlpProtocol.HttpProtobuf);
        string id = "";
        await WhileExporting(config, async relay =>
        {
            id = await SendAsync(relay);
            await DeliveryRig.Until(() => relay.Upstreams(1) is [{ Health.Failures: > 0 }], "a failure");
        });
        sink.GoUp();
        await WhileExporting(config, async relay =>
        {
            await sink.WaitAsync(1);
            await DeliveryRig.Until(() => relay.Store.Stats.Messages == 0, "an empty queue");
        });
        // Other tests' relays are in this process too, and are traced while one of them is.
        var accept = Assert.Single(receiver.Spans, s => s.Name == "accept" && Is(s, id));
        var keep = Assert.Single(receiver.Spans, s => s.Name == "keep" && s.Parent == accept.Id);
        var attempts = receiver.Spans.Where(s => s.Name == "attempt" && Is(s, id)).OrderBy(s => s.Start).ToList();
        Assert.True(attempts.Count >= 2, $"{attempts.Count} attempts");
        Assert.Equal("", accept.Parent);
        Assert.All(attempts, a => Assert.Equal((accept.Trace, accept.Id), (a.Trace, a.Parent)));
        Assert.Equal(accept.Trace, keep.Trace);
        Assert.Equal(attempts.Count, attempts.Select(a => a.Id).Distinct().Count());
        Assert.All(receiver.Spans, s => Assert.True(s.End >= s.Start));

        var failed = attempts[0];
        Assert.Equal(("next_host", "connect", "upstream-down", 2L), (failed.Attributes["postern.outcome"], failed.Attributes["postern.stage"], failed.Attributes["postern.cause"], failed.Status));
        var (name, diagnosis) = Assert.Single(failed.Events);
        Assert.Equal(("diagnosis", "upstream-down"), (name, diagnosis["postern.cause"]));
        Assert.NotEqual("", diagnosis["postern.fix"]);
        var last = attempts[^1];
        Assert.Equal(("delivered", 1L, 0L), (last.Attributes["postern.outcome"], last.Attributes["postern.recipients.delivered"], last.Status));
        Assert.Equal("a", last.Attributes["postern.upstream"]);

        Assert.Equal(("postern", "1.2.3", "relay.test"), (receiver.Resource["service.name"], receiver.Resource["service.version"], receiver.Resource["service.instance.id"]));
        Assert.All(receiver.Keys, k => Assert.Equal("our-key", k));
        Assert.Contains("postern_messages_accepted", receiver.Metrics);
        Assert.Contains("postern_queue_messages", receiver.Metrics);
    }

    [Fact]
    public async Task Log_lines_are_sent_with_the_names_of_the_log_and_the_ids_of_the_trace()
    {
        await using var receiver = await OtlpReceiver.StartAsync(isGrpc: false);
        await using var sink = new RecordingSink();
        string id = "";
        await WhileExporting(Config(sink.EndPoint, receiver), async relay =>
        {
            id = await SendAsync(relay);
            await sink.WaitAsync(1);
            await DeliveryRig.Until(() => relay.Store.Stats.Messages == 0, "an empty queue");
        });
        var span = Assert.Single(receiver.Spans, s => s.Name == "accept" && Is(s, id));
        var accepted = Assert.Single(receiver.Logs, l => l.Body == "message accepted" && id.Equals(l.Attributes["id"]));
        Assert.Equal((span.Trace, span.Id), (accepted.Trace, accepted.Span));
        Assert.Equal(("me@example.net", 1L), (accepted.Attributes["from"], accepted.Attributes["rcpts"]));
        var attempt = Assert.Single(receiver.Logs, l => l.Body == "attempt" && id.Equals(l.Attributes["id"]));
        Assert.Equal(("delivered", span.Trace), (attempt.Attributes["outcome"], attempt.Trace));
        Assert.DoesNotContain(receiver.Logs, l => l.Body.Contains('{') || l.Attributes.Values.Any(v => v.ToString()!.Contains("secret words", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_message_passed_through_live_has_its_attempt_below_its_acceptance()
    {
        await using var receiver = await OtlpReceiver.StartAsync(isGrpc: false);
        await using var sink = new RecordingSink();
        await WhileExporting(Config(sink.EndPoint, receiver, mode: DeliveryMode.Inline), SendAsync);
        var attempt = Assert.Single(receiver.Spans, s => s.Name == "attempt" && s.Attributes["postern.target"].ToString()!.EndsWith($":{sink.EndPoint.Port}", StringComparison.Ordinal));
        var accept = Assert.Single(receiver.Spans, s => s.Id == attempt.Parent);
        Assert.Equal((attempt.Trace, "accept", "inline"), (accept.Trace, accept.Name, accept.Attributes["postern.mode"]));
    }

    [Fact]
    public async Task Without_a_collector_nothing_is_sent_and_without_a_share_nothing_is_traced()
    {
        var none = Config(new IPEndPoint(IPAddress.Loopback, 1), null);
        Assert.Null(OtlpExport.Start(none, "1", _ => null));
        Assert.Null(OtlpExport.Start(none, "1", name => name == "OTEL_TRACES_SAMPLER" ? "always_on" : null));
        using (var byVariable = OtlpExport.Start(none, "1", name => name == "OTEL_EXPORTER_OTLP_ENDPOINT" ? "http://127.0.0.1:9" : null)) Assert.NotNull(byVariable);
        Assert.Null(OtlpExport.Start(none, "1", name => name switch { "OTEL_EXPORTER_OTLP_ENDPOINT" => "http://127.0.0.1:9", "OTEL_SDK_DISABLED" => "true", _ => null }));

        await using var receiver = await OtlpReceiver.StartAsync(isGrpc: false);
        await using var sink = new RecordingSink();
        var config = Config(sink.EndPoint, receiver);
        string id = "";
        await WhileExporting(config with { Telemetry = config.Telemetry with { TracePercent = 0 } }, async relay =>
        {
            id = await SendAsync(relay);
            await sink.WaitAsync(1);
        });
        Assert.DoesNotContain(receiver.Spans, s => Is(s, id));
        Assert.NotEmpty(receiver.Logs);
    }

    [Fact]
    public async Task A_collector_that_is_away_holds_up_neither_mail_nor_the_stop()
    {
        using var closed = new TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        var config = Config(new IPEndPoint(IPAddress.Loopback, 1), null) with { };
        int port = ((IPEndPoint)closed.LocalEndpoint).Port;
        await using var sink = new RecordingSink();
        config = config with { Upstream = [config.Upstream[0] with { Address = sink.EndPoint.ToString() }], Telemetry = config.Telemetry with { Otlp = $"http://127.0.0.1:{port}" } };
        // It takes connections and says nothing.
        var began = TimeProvider.System.GetTimestamp();
        await WhileExporting(config, async relay =>
        {
            await SendAsync(relay);
            await sink.WaitAsync(1);
        });
        Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(20));
    }

    [Fact]
    public void Where_nobody_listens_a_span_is_not_made_and_costs_no_memory()
    {
        // In this class, because its other tests are the ones that listen.
        Assert.False(PosternTraces.IsOn);
        long before = 0;
        for (int i = 0; i < 1001; i++)
        {
            if (i == 1) before = GC.GetAllocatedBytesForCurrentThread();
            var span = PosternTraces.Begin("accept", ActivityKind.Server, default, DateTimeOffset.UnixEpoch);
            using (PosternTraces.As(span)) Assert.True(span is null && PosternTraces.Traceparent(span) is null);
        }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void A_message_that_is_not_traced_is_kept_as_it_was_before_there_were_traces()
    {
        var envelope = new QueuedEnvelope { From = new("me@example.net"), Recipients = [new(new("you@example.org"), "pool:a")], Origin = new MessageOrigin { Listener = "l" }, AcceptedAt = DeliveryRig.Start, ExpiresAt = DeliveryRig.Start.AddDays(5), HasEightBit = true };
        byte[] plain = Bytes(envelope), traced = Bytes(envelope with { Traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" });
        Assert.Equal((2, 6), (plain[1], traced[1]));
        Assert.Equal(plain[2..], traced[2..plain.Length]);
        Assert.Equal(56, traced.Length - plain.Length);
        Assert.Null(EnvelopeCodec.Read(plain, new Destinations())!.Traceparent);
        Assert.Equal("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", EnvelopeCodec.Read(traced, new Destinations())!.Traceparent);
    }

    private static byte[] Bytes(QueuedEnvelope envelope)
    {
        byte[] buffer = new byte[EnvelopeCodec.MaxBytes(envelope)];
        return buffer[..EnvelopeCodec.Write(envelope, buffer)];
    }

    private static bool Is(OtlpSpan span, string id) => span.Attributes.TryGetValue("messaging.message.id", out var value) && id.Equals(value);
}
