using System.Net;
using System.Net.Sockets;
using Postern.Protocols.Smtp;

namespace Postern.Core.Demo;

/// <summary>
/// The listener of a demonstration's upstream: loopback only, a bounded number of sessions. Not the relay's listener, which would bring its access
/// rules, limits and configuration with it.
/// </summary>
public sealed class CaptureServer : IAsyncDisposable
{
    /// <summary>More connections at once are closed; the relay's own limit for one destination is 20.</summary>
    public const int MaxSessions = 256;

    private readonly Func<Stream, SessionContext, CancellationToken, Task> _run;
    private readonly Socket _listening = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<long, Task> _sessions = [];
    private readonly Task _accepting;
    private long _numbers;

    /// <param name="port">0 chooses a free one.</param>
    /// <param name="run">Runs one server session with the capture handler until it is over or cancelled; the stream is closed after it.</param>
    /// <exception cref="SocketException">The port is in use.</exception>
    public CaptureServer(int port, Func<Stream, SessionContext, CancellationToken, Task> run)
    {
        _run = run;
        try
        {
            _listening.Bind(new IPEndPoint(IPAddress.Loopback, port));
            _listening.Listen(MaxSessions);
        }
        catch (SocketException)
        {
            _listening.Dispose();
            throw;
        }
        EndPoint = (IPEndPoint)_listening.LocalEndPoint!;
        _accepting = AcceptAsync();
    }

    public IPEndPoint EndPoint { get; }

    public int Sessions
    {
        get { lock (_lock) return _sessions.Count; }
    }

    /// <summary>Stops accepting, cuts off what is open and waits until every session has ended.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listening.Dispose();
        await _accepting;
        Task[] running;
        lock (_lock) running = [.. _sessions.Values];
        await Task.WhenAll(running);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await _listening.AcceptAsync(_stop.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // The client was gone before it was accepted.
                continue;
            }
            socket.NoDelay = true;
            lock (_lock)
            {
                if (_sessions.Count >= MaxSessions) socket.Dispose();
                else _sessions[++_numbers] = RunAsync(socket, _numbers);
            }
        }
    }

    private async Task RunAsync(Socket socket, long number)
    {
        // The caller's lock is left first: a session that ends at once takes itself out.
        await Task.Yield();
        try
        {
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            var context = new SessionContext
            {
                Remote = (IPEndPoint)socket.RemoteEndPoint!,
                Local = (IPEndPoint)socket.LocalEndPoint!,
                Listener = "demo",
                SessionNumber = number,
            };
            await _run(stream, context, _stop.Token);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
        {
            // The client went away or the demonstration ended.
        }
        finally
        {
            lock (_lock) _sessions.Remove(number);
        }
    }
}
