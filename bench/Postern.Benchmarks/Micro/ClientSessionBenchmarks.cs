using System.Net;
using BenchmarkDotNet.Attributes;
using Postern.Protocols.Smtp;
using Postern.Protocols.Tls;

namespace Postern.Benchmarks.Micro;

/// <summary>A client session sends a message of 4 KiB over loopback, pipelined, to a peer that answers by rote: two round trips, most of them the kernel's.</summary>
public class ClientSessionBenchmarks
{
    private readonly SessionRecorder _recorder = new(TimeProvider.System);
    private readonly ClientTransaction _transaction = new(new MailCommand(new MailPath("orders@shop.example")), [new RcptCommand(new MailPath("customer@example.org"))], new BytesContent(Samples.Message(4096)));
    private RotePeer _peer = null!;
    private SmtpClientSession _session = null!;

    [GlobalSetup]
    public async Task OpenAsync()
    {
        _peer = new RotePeer();
        var target = new SessionTarget("sink.example", [_peer.EndPoint]);
        var opening = await SmtpClientSession.OpenAsync(target, new ClientSettings { HelloName = "relay.example.net", Tls = TlsMode.None }, _recorder, TimeProvider.System, CancellationToken.None);
        _session = opening.Session ?? throw new InvalidOperationException(opening.Failure!.Detail);
    }

    [Benchmark]
    public async Task<int> SendPipelined()
    {
        _recorder.Restart();
        var result = await _session.SendAsync(_transaction, _recorder, CancellationToken.None);
        return result.Recipients[0].Failure is { } failure ? throw new InvalidOperationException(failure.Detail) : result.Recipients.Count;
    }

    [GlobalCleanup]
    public async Task CloseAsync()
    {
        await _session.QuitAsync(CancellationToken.None);
        _peer.Dispose();
    }

    private sealed class BytesContent(byte[] bytes) : MessageContent
    {
        public override long Length => bytes.Length;
        public override bool HasEightBit => false;

        public override ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancel)
        {
            int count = (int)Math.Min(buffer.Length, bytes.Length - offset);
            bytes.AsMemory((int)offset, count).CopyTo(buffer);
            return new(count);
        }
    }
}
