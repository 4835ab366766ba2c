using Postern.Core.Telemetry;

namespace Postern.Core.Submission;

/// <summary>What the connections of all listeners share: the table, the way to stop them, their numbers.</summary>
internal sealed class ConnectionHub(PosternMetrics metrics) : IDisposable
{
    private readonly CancellationTokenSource _abort = new();
    private long _number;
    private volatile bool _isStopping;

    public ConnectionTable Table { get; } = new();

    public bool IsStopping => _isStopping;

    /// <summary>Cancelled when sessions are to end at once.</summary>
    public CancellationToken Aborted => _abort.Token;

    public long NextNumber() => Interlocked.Increment(ref _number);

    public bool TryEnter(ClientConnection connection, int max)
    {
        if (_isStopping || !Table.TryEnter(connection, max)) return false;
        metrics.SessionsOpen.Add(1);
        return true;
    }

    public void Leave(ClientConnection connection)
    {
        Table.Leave(connection);
        metrics.SessionsOpen.Add(-1);
    }

    /// <summary>Checks the deadlines of every connection.</summary>
    public void Sweep(List<ClientConnection> scratch, long now)
    {
        Table.CopyTo(scratch);
        foreach (var connection in scratch) connection.CheckDeadlines(now);
        scratch.Clear();
    }

    /// <summary>Asks every session to end: at once when idle, after its transaction otherwise. New connections are refused.</summary>
    public void RequestStop()
    {
        _isStopping = true;
        var connections = new List<ClientConnection>();
        Table.CopyTo(connections);
        foreach (var connection in connections) connection.RequestStop();
    }

    /// <summary>Cuts every connection off.</summary>
    public void Abort()
    {
        _abort.Cancel();
        var connections = new List<ClientConnection>();
        Table.CopyTo(connections);
        foreach (var connection in connections) connection.Abort();
    }

    public void Dispose() => _abort.Dispose();
}
