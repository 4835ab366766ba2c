using System.Net;
using System.Net.Sockets;

namespace Postern.Lab.Peers;

/// <summary>
/// A TCP listener of the lab: accepts on a loopback address, hands each connection to one function, can go away and come back on the same port.
/// Stopping resets every open connection, as a machine that loses power and returns would; disposing waits until every session's function has ended.
/// </summary>
internal sealed class LoopbackListener : IAsyncDisposable
{
    private readonly Func<Socket, int, CancellationToken, Task> _serve;
    private readonly Lock _lock = new();
    private readonly Dictionary<int, (Socket Socket, Task Task)> _open = [];
    private CancellationTokenSource _cancel = new();
    private Socket? _listening;
    private Task _accepting = Task.CompletedTask;
    private int _accepted;

    /// <param name="endPoint">Port 0 chooses a free one, which is then kept for the listener's life.</param>
    /// <param name="serve">Gets the connection, its number from 1, and a token that is cancelled when the listener stops. Owns the socket.</param>
    public LoopbackListener(IPEndPoint endPoint, Func<Socket, int, CancellationToken, Task> serve)
    {
        EndPoint = endPoint;
        _serve = serve;
        Start();
    }

    public IPEndPoint EndPoint { get; private set; }

    /// <summary>Connections accepted since the beginning.</summary>
    public int Accepted => Volatile.Read(ref _accepted);

    public int Open
    {
        get { lock (_lock) return _open.Count; }
    }

    /// <summary>Listens again on the same port. No effect while it listens.</summary>
    public void Start()
    {
        lock (_lock)
        {
            if (_listening is not null) return;
            var socket = new Socket(EndPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(EndPoint);
                socket.Listen(1024);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
            EndPoint = (IPEndPoint)socket.LocalEndPoint!;
            _cancel = new CancellationTokenSource();
            _listening = socket;
            _accepting = AcceptAsync(socket, _cancel.Token);
        }
    }

    /// <summary>Stops listening (new connections are refused by the kernel) and resets the open ones.</summary>
    public async Task StopAsync()
    {
        Task[] tasks;
        lock (_lock)
        {
            if (_listening is null) return;
            _listening.Dispose();
            _listening = null;
            _cancel.Cancel();
            foreach (var (socket, _) in _open.Values) Reset(socket);
            tasks = [_accepting, .. _open.Values.Select(o => o.Task)];
        }
        await Task.WhenAll(tasks);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _cancel.Dispose();
    }

    /// <summary>Closes with RST instead of FIN.</summary>
    public static void Reset(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Closed by the other side first: there is nothing left to reset.
        }
        socket.Dispose();
    }

    private async Task AcceptAsync(Socket listening, CancellationToken cancel)
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await listening.AcceptAsync(cancel);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                return;
            }
            socket.NoDelay = true;
            int number = Interlocked.Increment(ref _accepted);
            lock (_lock)
            {
                if (cancel.IsCancellationRequested)
                {
                    Reset(socket);
                    return;
                }
                _open[number] = (socket, Task.CompletedTask);
                var task = ServeAsync(socket, number, cancel);
                if (_open.ContainsKey(number)) _open[number] = (socket, task);
            }
        }
    }

    private async Task ServeAsync(Socket socket, int number, CancellationToken cancel)
    {
        await Task.Yield();
        try
        {
            await _serve(socket, number, cancel);
        }
        finally
        {
            socket.Dispose();
            lock (_lock) _open.Remove(number);
        }
    }
}
