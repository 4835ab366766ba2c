using System.Net;

namespace Postern.Lab.Peers;

/// <summary>Who is on a connection of a sink and how busy that client has been: what a server's limits count. Every count is of this client address alone, this connection included.</summary>
/// <param name="Client">IPv4 addresses as such, even on a socket for both families.</param>
/// <param name="Number">Of the connection, from 1.</param>
public sealed class SinkVisit(IPAddress client, int number, Func<int> open, Func<TimeSpan, int> connected, Func<TimeSpan, int> sent)
{
    public IPAddress Client { get; } = client;
    public int Number { get; } = number;

    /// <summary>Messages taken on this connection.</summary>
    public int Taken { get; internal set; }

    /// <summary>Connections open now.</summary>
    public int Open => open();

    /// <summary>Connections within the time that ends now.</summary>
    public int ConnectedWithin(TimeSpan window) => connected(window);

    /// <summary>Messages taken within the time that ends now.</summary>
    public int SentWithin(TimeSpan window) => sent(window);
}

/// <summary>Keeps the counts behind <see cref="SinkVisit"/>. Thread safe; remembers the last 10,000 events of each kind.</summary>
internal sealed class SinkVisitors(TimeProvider time)
{
    private const int Kept = 10_000;
    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, int> _open = [];
    private readonly Queue<(IPAddress Client, DateTimeOffset At)> _connected = new(), _sent = new();

    public SinkVisit Arrive(IPAddress client, int number)
    {
        if (client.IsIPv4MappedToIPv6) client = client.MapToIPv4();
        lock (_lock) _open[client] = _open.GetValueOrDefault(client) + 1;
        Note(_connected, client);
        return new SinkVisit(client, number, () => OpenBy(client), w => Count(_connected, client, w), w => Count(_sent, client, w));
    }

    public void Leave(SinkVisit visit)
    {
        lock (_lock) _open[visit.Client]--;
    }

    public void Sent(SinkVisit visit)
    {
        visit.Taken++;
        Note(_sent, visit.Client);
    }

    private int OpenBy(IPAddress client)
    {
        lock (_lock) return _open.GetValueOrDefault(client);
    }

    private void Note(Queue<(IPAddress, DateTimeOffset)> events, IPAddress client)
    {
        lock (_lock)
        {
            if (events.Count == Kept) events.Dequeue();
            events.Enqueue((client, time.GetUtcNow()));
        }
    }

    private int Count(Queue<(IPAddress Client, DateTimeOffset At)> events, IPAddress client, TimeSpan window)
    {
        var from = time.GetUtcNow() - window;
        lock (_lock) return events.Count(e => e.At > from && e.Client.Equals(client));
    }
}
