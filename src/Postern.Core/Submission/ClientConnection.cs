using System.Net;
using System.Net.Sockets;
using Postern.Core.Telemetry;
using Postern.Protocols.Smtp;

namespace Postern.Core.Submission;

/// <summary>
/// One client's connection, from accept to close: PROXY header, limit per address, then the session. Deadlines of what precedes the
/// session are kept here, those of the session by itself; both are checked by the sweep, so that no connection owns a timer.
/// </summary>
internal sealed class ClientConnection : IThreadPoolWorkItem
{
    /// <summary>For the PROXY header; as nginx proxy_protocol_timeout, 30 s.</summary>
    internal static readonly TimeSpan PreludeTimeout = TimeSpan.FromSeconds(30);

    private readonly Socket _socket;
    private readonly ListenerModel _model;
    private readonly SubmissionServices _services;
    private readonly ConnectionHub _hub;
    private readonly long _accepted;
    private IPEndPoint _remote;
    private IPEndPoint _local;
    private volatile SmtpServerSession? _session;
    private volatile bool _stopRequested;

    public ClientConnection(Socket socket, ListenerModel model, IPEndPoint listening, SubmissionServices services, ConnectionHub hub)
    {
        _socket = socket;
        _model = model;
        _services = services;
        _hub = hub;
        _accepted = services.Time.GetTimestamp();
        _remote = _local = listening;
    }

    /// <summary>Neighbours in the <see cref="ConnectionTable"/>, guarded by its lock.</summary>
    public ClientConnection? Next { get; set; }
    public ClientConnection? Previous { get; set; }

    void IThreadPoolWorkItem.Execute() => _ = RunAsync();

    public void CheckDeadlines(long now)
    {
        if (_session is { } session) session.CheckDeadlines(now);
        else if (_services.Time.GetElapsedTime(_accepted, now) > PreludeTimeout) Abort();
    }

    public void RequestStop()
    {
        _stopRequested = true;
        _session?.RequestStop();
    }

    /// <summary>Whatever waits on the socket fails at once.</summary>
    public void Abort() => _socket.Dispose();

    /// <summary>Says why and closes, without a session.</summary>
    public void Refuse(string reason, SmtpReply reply)
    {
        CountRefusal(reason);
        try
        {
            // A client of implicit TLS would not understand plain text; to it a close is the plainest answer.
            if (!_model.Session.ImplicitTls)
            {
                _socket.Send(reply.Wire.Span);
                _socket.Shutdown(SocketShutdown.Send);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Gone already: nobody is left to be told.
        }
        _socket.Dispose();
    }

    private async Task RunAsync()
    {
        IPAddress? counted = null;
        try
        {
            var transport = new NetworkStream(_socket, ownsSocket: true);
            await using (transport.ConfigureAwait(false))
            {
                FindEndPoints();
                if (_model.ProxyNetworks is { } trusted && !await ReadProxyHeaderAsync(transport, trusted).ConfigureAwait(false)) return;
                if (!_hub.Table.TryAddAddress(_remote.Address, _model.Limits.MaxConnectionsPerAddress))
                {
                    Refuse("address_limit", _model.TooManyOfAddress);
                    return;
                }
                counted = _remote.Address;
                await ServeAsync(transport).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The network's or the operator's doing, before the session began; the session handles its own.
        }
#pragma warning disable CA1031 // One session's bug must not take the relay down; it is said loudly.
        catch (Exception e)
        {
            PosternLog.SessionFailed(_services.Logger, _remote.ToString(), _model.Config.Address, e);
        }
#pragma warning restore CA1031
        finally
        {
            if (counted is not null) _hub.Table.RemoveAddress(counted);
            _hub.Leave(this);
        }
    }

    private void FindEndPoints()
    {
        if (OperatingSystem.IsWindows()) _socket.NoDelay = true;
        _remote = Plain((IPEndPoint)_socket.RemoteEndPoint!);
        // Known without asking the system where the listener is bound to one address.
        if (_local.Address.Equals(IPAddress.Any) || _local.Address.Equals(IPAddress.IPv6Any)) _local = Plain((IPEndPoint)_socket.LocalEndPoint!);
    }

    private async ValueTask<bool> ReadProxyHeaderAsync(Stream transport, NetworkSet trusted)
    {
        string? problem;
        if (!trusted.Contains(_remote.Address)) problem = "the address is not in listener.proxy_networks";
        else
        {
            var header = await ProxyProtocol.ReadAsync(transport, _hub.Aborted).ConfigureAwait(false);
            problem = header.Problem;
            if (header.Source is { } source) _remote = Plain(source);
            if (header.Destination is { } destination) _local = Plain(destination);
        }
        if (problem is null) return true;
        CountRefusal("proxy");
        PosternLog.ProxyHeaderRefused(_services.Logger, _remote.ToString(), _model.Config.Address, problem);
        return false;
    }

    private async Task ServeAsync(Stream transport)
    {
        var context = new SessionContext { Remote = _remote, Local = _local, Listener = _model.Config.Address, SessionNumber = _hub.NextNumber() };
        var session = new SmtpServerSession(transport, context, _model.Session, _model.Handler, _services.Time);
        _session = session;
        if (_stopRequested) session.RequestStop();
        await session.RunAsync(_hub.Aborted).ConfigureAwait(false);
        PosternLog.SessionEnded(_services.Logger, _remote.ToString(), _model.Config.Address, context.SessionNumber);
    }

    private void CountRefusal(string reason)
    {
        _services.Metrics.ConnectionsRefused.Add(1, new KeyValuePair<string, object?>("reason", reason));
        PosternLog.ConnectionRefused(_services.Logger, reason, _remote.ToString(), _model.Config.Address);
    }

    private static IPEndPoint Plain(IPEndPoint endPoint) =>
        endPoint.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(endPoint.Address.MapToIPv4(), endPoint.Port) : endPoint;
}
