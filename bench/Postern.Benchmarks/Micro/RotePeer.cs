using System.Net;
using System.Net.Sockets;

namespace Postern.Benchmarks.Micro;

/// <summary>
/// An upstream for one session on a thread of its own, which allocates nothing per message: it looks only at how what came ends. It rests on what our
/// client does: the envelope with DATA in one piece, then the content.
/// </summary>
internal sealed class RotePeer : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly byte[] _buffer = new byte[1 << 20];
    private readonly Thread _thread;

    public RotePeer()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(1);
        _thread = new Thread(Run) { IsBackground = true, Name = "rote peer" };
        _thread.Start();
    }

    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndPoint!;

    public void Dispose()
    {
        _listener.Dispose();
        _thread.Join();
    }

    private void Run()
    {
        try
        {
            using var socket = _listener.Accept();
            socket.NoDelay = true;
            socket.Send("220 sink.example ESMTP\r\n"u8);
            while (true)
            {
                var came = Receive(socket, "\r\n"u8);
                if (came.StartsWith("QUIT"u8) || came.IsEmpty) break;
                if (came.StartsWith("EHLO"u8))
                {
                    socket.Send("250-sink.example\r\n250-PIPELINING\r\n250-SIZE 0\r\n250 8BITMIME\r\n"u8);
                    continue;
                }
                if (!came.EndsWith("DATA\r\n"u8)) throw new InvalidOperationException("the client did not pipeline its envelope");
                socket.Send("250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 End data with <CR><LF>.<CR><LF>\r\n"u8);
                if (Receive(socket, "\r\n.\r\n"u8).IsEmpty) break;
                socket.Send("250 2.0.0 Ok: queued as 4bXyZ12345z\r\n"u8);
            }
            socket.Send("221 2.0.0 Bye\r\n"u8);
        }
        catch (SocketException)
        {
            // Closed by the benchmark.
        }
    }

    /// <summary>Empty at the end of the connection.</summary>
    private ReadOnlySpan<byte> Receive(Socket socket, ReadOnlySpan<byte> end)
    {
        int filled = 0;
        do
        {
            int count = socket.Receive(_buffer.AsSpan(filled));
            if (count == 0) return default;
            filled += count;
        }
        while (!_buffer.AsSpan(0, filled).EndsWith(end));
        return _buffer.AsSpan(0, filled);
    }
}
