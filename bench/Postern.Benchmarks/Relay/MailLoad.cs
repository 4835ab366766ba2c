using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Postern.Benchmarks.Relay;

/// <summary>Sends small messages over a few connections, one transaction after the other, as applications do.</summary>
internal static class MailLoad
{
    private static readonly byte[] Body = Encoding.ASCII.GetBytes("From: app@example.net\r\nSubject: load\r\n\r\n" + string.Concat(Enumerable.Repeat(new string('x', 76) + "\r\n", 24)) + ".\r\n");

    /// <param name="recipients">One message to each, in this order.</param>
    public static async Task SendAsync(IPEndPoint smtp, IReadOnlyList<string> recipients, int connections)
    {
        int next = -1;
        await Task.WhenAll(Enumerable.Range(0, connections).Select(async _ =>
        {
            using var client = new TcpClient();
            await client.ConnectAsync(smtp);
            client.NoDelay = true;
            var stream = client.GetStream();
            using var reader = new StreamReader(stream, Encoding.ASCII);
            await ExpectAsync(reader, '2');
            await SayAsync(stream, reader, "HELO load.example.net\r\n", '2');
            while (Interlocked.Increment(ref next) is var i && i < recipients.Count)
            {
                await SayAsync(stream, reader, "MAIL FROM:<app@example.net>\r\n", '2');
                await SayAsync(stream, reader, string.Create(CultureInfo.InvariantCulture, $"RCPT TO:<{recipients[i]}>\r\n"), '2');
                await SayAsync(stream, reader, "DATA\r\n", '3');
                await stream.WriteAsync(Body);
                await ExpectAsync(reader, '2');
            }
            await SayAsync(stream, reader, "QUIT\r\n", '2');
        }));
    }

    private static async Task SayAsync(NetworkStream stream, StreamReader reader, string line, char expected)
    {
        await stream.WriteAsync(Encoding.ASCII.GetBytes(line));
        await ExpectAsync(reader, expected);
    }

    private static async Task ExpectAsync(StreamReader reader, char expected)
    {
        string line = await reader.ReadLineAsync() ?? throw new InvalidOperationException("the relay hung up");
        if (line[0] != expected) throw new InvalidOperationException($"the relay said: {line}");
    }
}
