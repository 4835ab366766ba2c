using System.Net;
using System.Net.Sockets;
using Postern.Core.Configuration;
using Postern.Core.Telemetry;

namespace Postern.Core.Submission;

/// <summary>
/// One listening socket and its accept loop. Survives what an accept can run into: a client that is gone already, no file descriptor left (waits a second,
/// says so once). Its sessions outlive it: closing only stops accepting.
/// </summary>
internal sealed class SmtpListener : IAsyncDisposable
{
    // As Postfix and Exim at volume; the kernel cuts it to net.core.somaxconn (4096 on present systems).
    private const int Backlog = 4096;
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly SubmissionServices _services;
    private readonly ConnectionHub _hub;
    private readonly CancellationTokenSource _closing = new();
    private readonly Socket _socket;
    private volatile ListenerModel _model;
    private Task _accepting = Task.CompletedTask;

    /// <summary>Opens the socket; throws <see cref="ListenException"/>. Clients wait in the backlog until <see cref="Start"/>.</summary>
    public SmtpListener(ListenerModel model, SubmissionServices services, ConnectionHub hub)
    {
        _model = model;
        _services = services;
        _hub = hub;
        _socket = model.Address.Open(Backlog);
        EndPoint = (IPEndPoint)_socket.LocalEndPoint!;
    }

    /// <summary>Where it listens, with the port that the system chose for port 0.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Set on reload; sessions opened from now on use it.</summary>
    public ListenerModel Model
    {
        get => _model;
        set => _model = value;
    }

    public void Start()
    {
        _accepting = AcceptAsync(_closing.Token);
        PosternLog.Listening(_services.Logger, _model.Config.Address, ConfigValues.KebabCase(_model.Config.Tls.ToString()), EndPoint);
    }

    /// <summary>Stops accepting. Clients in the backlog are refused by the system.</summary>
    public async ValueTask DisposeAsync()
    {
        _closing.Cancel();
        _socket.Dispose();
        await _accepting.ConfigureAwait(false);
        _closing.Dispose();
        PosternLog.ListenerClosed(_services.Logger, _model.Config.Address);
    }

    private async Task AcceptAsync(CancellationToken cancel)
    {
        bool failing = false;
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                var client = await _socket.AcceptAsync(cancel).ConfigureAwait(false);
                if (failing) PosternLog.AcceptRecovered(_services.Logger, _model.Config.Address);
                failing = false;
                Admit(client);
            }
            catch (SocketException e) when (!cancel.IsCancellationRequested)
            {
                if (e.SocketErrorCode is SocketError.ConnectionAborted or SocketError.ConnectionReset) continue;
                if (!failing) PosternLog.AcceptFailing(_services.Logger, _model.Config.Address, e.SocketErrorCode == SocketError.TooManyOpenSockets
                    ? "no file descriptors left; raise the limit (LimitNOFILE= of the service, or ulimit -n) or lower limits.max_connections"
                    : e.Message);
                failing = true;
                await Task.Delay(RetryDelay, _services.Time, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                return;
            }
        }
    }

    private void Admit(Socket client)
    {
        var model = _model;
        var connection = new ClientConnection(client, model, EndPoint, _services, _hub);
        if (_hub.TryEnter(connection, model.Limits.MaxConnections))
        {
            // Not on this loop: the session's first steps must not hold up the next accept.
            ThreadPool.UnsafeQueueUserWorkItem(connection, preferLocal: false);
            return;
        }
        connection.Refuse(_hub.IsStopping ? "stopping" : "limit", model.TooMany);
    }
}
