using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Postern.Protocols.Dns;

namespace Postern.Tests.Protocols.Dns;

public sealed class FailureInquiryTests
{
    private static DnsReply? Reply(int code, params int[] errors) => code < 0 ? null : new DnsReply(1, code, false, 0, default, [.. errors.Select(e => new ExtendedError(e, ""))]);

    [Theory]
    [InlineData(2, 0, 0, DnsStatus.Bogus, "it answers when DNSSEC checking is off")]
    [InlineData(2, 3, 0, DnsStatus.Bogus, "it answers when DNSSEC checking is off")]
    [InlineData(2, 0, 7, DnsStatus.Bogus, "it answers when DNSSEC checking is off; EDE 7 signature expired")]
    [InlineData(2, 2, 9, DnsStatus.Bogus, "the resolver says that DNSSEC validation failed; EDE 9 DNSKEY missing")]
    [InlineData(2, -1, 6, DnsStatus.Bogus, "the resolver says that DNSSEC validation failed; EDE 6 DNSSEC bogus")]
    [InlineData(2, 2, 22, DnsStatus.ServFail, "EDE 22 no reachable authority")]
    [InlineData(2, 2, 0, DnsStatus.ServFail, null)]
    [InlineData(2, 5, 0, DnsStatus.ServFail, null)]
    [InlineData(0, 0, 0, DnsStatus.ServFail, "it answered when asked again")]
    [InlineData(-1, 0, 0, DnsStatus.ServFail, null)]
    public void Bogus_needs_a_failure_that_lasts_and_an_answer_without_the_check_or_the_resolvers_word(int again, int withoutCheck, int error, DnsStatus status, string? note) =>
        Assert.Equal(new FailureReading(status, note), FailureInquiry.Read(Reply(again, error == 0 ? [] : [error]), Reply(withoutCheck)));

    [Fact]
    public async Task A_servfail_is_looked_into_with_the_server_that_gave_it()
    {
        using var server = new FakeServer(query => DnsWireTests.Reply(Plain(query), (query[3] & 0x10) != 0 ? 0 : 2, 0, [(6, "no valid signature")]));
        var answer = await Resolver.Of([server.EndPoint], TimeSpan.FromSeconds(10), TimeProvider.System).MxAsync("broken.test", TestContext.Current.CancellationToken);
        Assert.Equal(DnsStatus.Bogus, answer.Status);
        Assert.Equal(("MX broken.test", DnsStatus.Bogus, server.EndPoint), (answer.Observation.Question, answer.Observation.Status, answer.Observation.Server));
        Assert.Equal("it answers when DNSSEC checking is off; EDE 6 DNSSEC bogus: no valid signature", answer.Observation.Note);
        Assert.Equal(1, server.Queries.Count(q => (q[3] & 0x10) != 0));
    }

    [Fact]
    public async Task Who_asks_may_stop_waiting_while_the_look_up_goes_on()
    {
        using var server = new FakeServer(_ => null);
        using var stop = new CancellationTokenSource();
        var asking = Resolver.Of([server.EndPoint], TimeSpan.FromSeconds(10), TimeProvider.System).MxAsync("silent.test", stop.Token).AsTask();
        await server.FirstAsync(TestContext.Current.CancellationToken);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking.WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken));
    }

    /// <summary>A query of any client as <see cref="DnsWire.Query"/> makes it: header, question, OPT. What is after the question does not matter.</summary>
    private static byte[] Plain(byte[] query)
    {
        int end = 12;
        while (query[end] != 0) end += query[end] + 1;
        return [.. query[..(end + 5)], .. new byte[11]];
    }

    /// <summary>A name server on loopback that says what it is told to; null is silence.</summary>
    private sealed class FakeServer : IDisposable
    {
        private readonly UdpClient _socket = new(new IPEndPoint(IPAddress.Loopback, 0));
        private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public FakeServer(Func<byte[], byte[]?> answer) => _ = ServeAsync(answer);

        public string EndPoint => _socket.Client.LocalEndPoint!.ToString()!;
        public ConcurrentQueue<byte[]> Queries { get; } = new();
        public Task FirstAsync(CancellationToken cancel) => _first.Task.WaitAsync(TimeSpan.FromSeconds(5), cancel);
        public void Dispose() => _socket.Dispose();

        private async Task ServeAsync(Func<byte[], byte[]?> answer)
        {
            try
            {
                while (true)
                {
                    var received = await _socket.ReceiveAsync();
                    Queries.Enqueue(received.Buffer);
                    _first.TrySetResult();
                    if (answer(received.Buffer) is { } reply) await _socket.SendAsync(reply, received.RemoteEndPoint);
                }
            }
            catch (Exception e) when (e is ObjectDisposedException or SocketException)
            {
                // The test is over.
            }
        }
    }
}
