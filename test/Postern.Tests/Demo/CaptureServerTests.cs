using System.Net.Sockets;
using System.Text;
using Postern.Core.Demo;

namespace Postern.Tests.Demo;

public sealed class CaptureServerTests
{
    [Fact]
    public async Task Runs_one_session_per_connection_and_ends_them_when_disposed()
    {
        var ended = new List<long>();
        var server = new CaptureServer(0, async (stream, session, cancel) =>
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"{session.SessionNumber} {session.Listener}\n"), cancel);
            try
            {
                await stream.ReadExactlyAsync(new byte[1], cancel);
            }
            finally
            {
                lock (ended) ended.Add(session.SessionNumber);
            }
        });
        using var first = new TcpClient();
        await first.ConnectAsync(server.EndPoint);
        using var reader = new StreamReader(first.GetStream());
        Assert.Equal("1 demo", await reader.ReadLineAsync());
        using var second = new TcpClient();
        await second.ConnectAsync(server.EndPoint);
        using var secondReader = new StreamReader(second.GetStream());
        Assert.Equal("2 demo", await secondReader.ReadLineAsync());
        Assert.Equal(2, server.Sessions);
        await server.DisposeAsync();
        Assert.Equal([1L, 2L], ended.Order());
        Assert.Equal(0, server.Sessions);
        using var refused = new TcpClient();
        await Assert.ThrowsAsync<SocketException>(() => refused.ConnectAsync(server.EndPoint));
    }

    [Fact]
    public async Task Port_in_use_is_told_at_once()
    {
        await using var server = new CaptureServer(0, (_, _, _) => Task.CompletedTask);
        Assert.Throws<SocketException>(() => new CaptureServer(server.EndPoint.Port, (_, _, _) => Task.CompletedTask));
    }
}
