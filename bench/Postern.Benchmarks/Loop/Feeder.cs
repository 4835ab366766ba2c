using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Postern.Benchmarks.Loop.Relays;
using Postern.Lab.Net;

namespace Postern.Benchmarks.Loop;

/// <summary>
/// Applications on the relay's host: so many messages at once, then more at a steady pace. A connection carries ten messages at most, because Exim with its
/// defaults leaves what comes after the tenth to the next queue run. What a relay will not take now is offered again.
/// </summary>
internal sealed class Feeder(NetSpace space)
{
    private const int Workers = 8, PerConnection = 10;
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(200), Tick = TimeSpan.FromMilliseconds(20);
    private static readonly byte[] Body = Encoding.ASCII.GetBytes("From: app@sender.test\r\nSubject: load\r\n\r\n" + string.Concat(Enumerable.Repeat(new string('x', 76) + "\r\n", 24)) + ".\r\n");

    private readonly Lock _lock = new();
    private int _next;

    /// <summary>When each message was acknowledged, by its number.</summary>
    public Dictionary<int, long> Acknowledged { get; } = [];

    public int Given
    {
        get { lock (_lock) return Acknowledged.Count; }
    }

    /// <summary>Returns when all are given, or quietly when it is cancelled.</summary>
    /// <param name="recipient">Of the n-th message.</param>
    /// <param name="burst">At once.</param>
    /// <param name="perSecond">Thereafter; 0: nothing.</param>
    /// <param name="most">In all.</param>
    public Task RunAsync(Func<int, string> recipient, int burst, double perSecond, int most, CancellationToken cancel) => RunAsync(recipient, burst, perSecond, most, static () => int.MaxValue, cancel);

    /// <summary>The same without an end but the cancellation.</summary>
    /// <param name="upTo">No more than these for now.</param>
    public Task RunAsync(Func<int, string> recipient, int burst, double perSecond, Func<int> upTo, CancellationToken cancel) => RunAsync(recipient, burst, perSecond, int.MaxValue, upTo, cancel);

    private async Task RunAsync(Func<int, string> recipient, int burst, double perSecond, int most, Func<int> upTo, CancellationToken cancel)
    {
        long began = TimeProvider.System.GetTimestamp();
        int Due() => (int)Math.Min(Math.Min(most, upTo()), burst + perSecond * TimeProvider.System.GetElapsedTime(began).TotalSeconds);
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(async _ =>
        {
            int number = -1;
            try
            {
                while (true)
                {
                    if (number < 0)
                    {
                        while (Volatile.Read(ref _next) >= Due())
                        {
                            if (_next >= most || perSecond <= 0) return;
                            await Task.Delay(Tick, TimeProvider.System, cancel);
                        }
                    }
                    number = await ConnectionAsync(recipient, number, Due, cancel);
                    if (number >= 0) await Task.Delay(Again, TimeProvider.System, cancel);
                }
            }
            catch (OperationCanceledException)
            {
                // The time is over.
            }
        }));
    }

    /// <summary>The number of a message that was not taken; -1 when all were.</summary>
    private async Task<int> ConnectionAsync(Func<int, string> recipient, int number, Func<int> due, CancellationToken cancel)
    {
        try
        {
            using var socket = await space.ConnectAsync(RelayUnderTest.Smtp, null, cancel);
            using var stream = new NetworkStream(socket);
            using var reader = new StreamReader(stream, Encoding.ASCII);
            await ExpectAsync(reader, '2', cancel);
            await SayAsync("HELO app.sender.test\r\n", '2');
            for (int i = 0; i < PerConnection; i++)
            {
                if (number < 0 && !Take(due(), out number)) break;
                await SayAsync("MAIL FROM:<app@sender.test>\r\n", '2');
                await SayAsync(string.Create(CultureInfo.InvariantCulture, $"RCPT TO:<{recipient(number)}>\r\n"), '2');
                await SayAsync("DATA\r\n", '3');
                await stream.WriteAsync(Body, cancel);
                await ExpectAsync(reader, '2', cancel);
                lock (_lock) Acknowledged[number] = TimeProvider.System.GetTimestamp();
                number = -1;
            }
            await SayAsync("QUIT\r\n", '2');
            return -1;

            async Task SayAsync(string line, char expected)
            {
                await stream.WriteAsync(Encoding.ASCII.GetBytes(line), cancel);
                await ExpectAsync(reader, expected, cancel);
            }
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return number;
        }
    }

    private bool Take(int due, out int number)
    {
        lock (_lock)
        {
            number = _next < due ? _next++ : -1;
            return number >= 0;
        }
    }

    private static async Task ExpectAsync(StreamReader reader, char expected, CancellationToken cancel)
    {
        string line = await reader.ReadLineAsync(cancel) ?? throw new IOException("the relay hung up");
        while (line.Length > 3 && line[3] == '-') line = await reader.ReadLineAsync(cancel) ?? throw new IOException("the relay hung up");
        if (line.Length == 0 || line[0] != expected) throw new IOException($"the relay said: {line}");
    }
}
