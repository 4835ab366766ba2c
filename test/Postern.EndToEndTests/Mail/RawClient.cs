using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Postern.EndToEndTests.Mail;

/// <summary>A client that sends what it is told byte by byte, for what no program can be made to send. Replies are returned whole.</summary>
internal sealed class RawClient : IAsyncDisposable
{
    private readonly TcpClient _client = new();
    private readonly byte[] _buffer = new byte[64 << 10];
    private Stream _stream = Stream.Null;
    private int _start;
    private int _end;

    /// <summary>Connects and reads the greeting, then says EHLO unless told not to.</summary>
    public static async Task<RawClient> ConnectAsync(int port, bool hello = true)
    {
        var client = new RawClient();
        client._client.NoDelay = true;
        await client._client.ConnectAsync(IPAddress.Loopback, port);
        client._stream = client._client.GetStream();
        string greeting = await client.ReadReplyAsync();
        if (hello)
        {
            Assert.StartsWith("220 ", greeting);
            Assert.StartsWith("250", await client.SayAsync("EHLO client.example.test"));
        }
        return client;
    }

    /// <summary>One command, one reply (lines joined by \n, without CRLF); "" when the server hung up.</summary>
    public async Task<string> SayAsync(string command)
    {
        await SendAsync(Encoding.UTF8.GetBytes(command + "\r\n"));
        return await ReadReplyAsync();
    }

    public async Task SendAsync(ReadOnlyMemory<byte> bytes) => await _stream.WriteAsync(bytes);

    /// <summary>A whole transaction; the reply to its end, or the first refusal.</summary>
    public async Task<string> SendMailAsync(ReadOnlyMemory<byte> message, string from = "a@example.test", string parameters = "", params IReadOnlyList<string> to)
    {
        string reply = await SayAsync($"MAIL FROM:<{from}>{parameters}");
        if (!reply.StartsWith('2')) return reply;
        foreach (string recipient in to.Count == 0 ? ["b@example.test"] : to)
        {
            reply = await SayAsync($"RCPT TO:{(recipient.StartsWith('<') ? recipient : $"<{recipient}>")}");
            if (!reply.StartsWith('2')) return reply;
        }
        reply = await SayAsync("DATA");
        if (!reply.StartsWith("354", StringComparison.Ordinal)) return reply;
        await SendAsync(Stuffed(message.Span));
        return await ReadReplyAsync();
    }

    /// <summary>The same by BDAT in one chunk, so that not even the last line end is added.</summary>
    public async Task<string> SendChunkAsync(ReadOnlyMemory<byte> message, string from = "a@example.test", string to = "b@example.test")
    {
        string reply = await SayAsync($"MAIL FROM:<{from}> BODY=8BITMIME");
        if (reply.StartsWith('2')) reply = await SayAsync($"RCPT TO:<{to}>");
        if (!reply.StartsWith('2')) return reply;
        await SendAsync(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"BDAT {message.Length} LAST\r\n")));
        await SendAsync(message);
        return await ReadReplyAsync();
    }

    /// <summary>A reply, its lines joined by \n; "" at the end of the connection.</summary>
    public async Task<string> ReadReplyAsync()
    {
        var reply = new StringBuilder();
        while (await ReadLineAsync() is { } line)
        {
            reply.Append(line);
            if (line.Length < 4 || line[3] != '-') return reply.ToString();
            reply.Append('\n');
        }
        return reply.ToString();
    }

    private async Task<string?> ReadLineAsync()
    {
        var line = new List<byte>();
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            int at = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            int take = at < 0 ? _end - _start : at + 1;
            line.AddRange(_buffer.AsSpan(_start, take));
            _start += take;
            if (at >= 0) return Encoding.UTF8.GetString([.. line]).TrimEnd('\r', '\n');
            try
            {
                (_start, _end) = (0, await _stream.ReadAsync(_buffer, late.Token));
            }
            catch (IOException)
            {
                return null;
            }
            if (_end == 0) return null;
        }
    }

    private static byte[] Stuffed(ReadOnlySpan<byte> message)
    {
        var wire = new MemoryStream(message.Length + 16);
        bool lineStart = true;
        foreach (byte b in message)
        {
            if (lineStart && b == '.') wire.WriteByte((byte)'.');
            wire.WriteByte(b);
            lineStart = b == '\n';
        }
        if (!lineStart) wire.Write("\r\n"u8);
        wire.Write(".\r\n"u8);
        return wire.ToArray();
    }

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }
}
