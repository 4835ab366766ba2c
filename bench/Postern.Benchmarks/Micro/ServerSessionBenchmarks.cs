using System.Net;
using System.Text;
using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;
using Postern.Core.Configuration;
using Postern.Core.Routing;
using Postern.Core.Submission;
using Postern.Core.Telemetry;
using Postern.Protocols.Smtp;

namespace Postern.Benchmarks.Micro;

/// <summary>A server session takes a message of 4 KiB from a client in memory: per message, time and allocations are the relay's own.</summary>
public class ServerSessionBenchmarks
{
    private const int Messages = 200;
    private static readonly byte[] Hello = "EHLO app.shop.example\r\n"u8.ToArray();
    private static readonly SessionOptions Options = new() { Hostname = "relay.example.net", MaxMessagesPerSession = 0 };

    private readonly DiscardingHandler _discarding = new();
    private readonly DiscardingStore _store = new();
    private readonly SubmissionHandler _submission;
    private readonly byte[][] _data;
    private readonly byte[][] _bdat;

    public ServerSessionBenchmarks()
    {
        byte[] message = Samples.Message(4096);
        byte[] envelope = "MAIL FROM:<orders@shop.example> SIZE=4096\r\nRCPT TO:<customer@example.org>\r\n"u8.ToArray();
        _data = [[.. envelope, .. "DATA\r\n"u8], Samples.Stuffed(Encoding.ASCII.GetString(message))];
        _bdat = [[.. envelope, .. "BDAT 4096 LAST\r\n"u8, .. message]];
        var config = new PosternConfig { Server = new ServerConfig { Hostname = "relay.example.net" }, Route = [new RouteConfig { Via = RouteVia.Mx }] };
        var time = TimeProvider.System;
        var services = new SubmissionServices(_store, new MailRouter(config, time), new PosternMetrics(), NullLogger.Instance, time);
        _submission = new SubmissionHandler(services, SubmissionModel.Of(config, config.Listener[0], new AccessPolicy(config)), new Authenticator(config, time), new StoreRoom(_store));
    }

    /// <summary>DATA, the session alone.</summary>
    [Benchmark(OperationsPerInvoke = Messages)]
    public Task Data() => RunAsync(_discarding, _data, () => _discarding.Messages);

    /// <summary>BDAT in one piece with its envelope, the session alone.</summary>
    [Benchmark(OperationsPerInvoke = Messages)]
    public Task Bdat() => RunAsync(_discarding, _bdat, () => _discarding.Messages);

    /// <summary>DATA with the relay's own checks, routing, Received line, envelope and reply behind it: all but the disk.</summary>
    [Benchmark(OperationsPerInvoke = Messages)]
    public Task DataThroughSubmission() => RunAsync(_submission, _data, () => _store.Committed);

    private static async Task RunAsync(ISubmissionHandler handler, byte[][] transaction, Func<long> taken)
    {
        long before = taken();
        var context = new SessionContext { Remote = new IPEndPoint(IPAddress.Loopback, 4000), Local = new IPEndPoint(IPAddress.Loopback, 2525), Listener = "127.0.0.1:2525", SessionNumber = 1 };
        await using var stream = new ScriptedClientStream(Hello, transaction, Messages);
        await new SmtpServerSession(stream, context, Options, handler, TimeProvider.System).RunAsync(CancellationToken.None);
        if (taken() - before != Messages) throw new InvalidOperationException($"{taken() - before} of {Messages} messages were taken");
    }
}
