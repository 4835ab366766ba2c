using System.Net;
using System.Net.Sockets;
using Postern.Lab.Net;
using Postern.Lab.Peers;

namespace Postern.Benchmarks.Loop.Upstream;

/// <summary>
/// An SMTP server on a host of the lab that takes everything its rules allow, counts what it sees and throws the mail away. It can go down (its port then refuses)
/// and come back. The verdicts on sessions and messages are made under one lock, so that no limit is passed by a race. Thread safe.
/// </summary>
internal sealed class CountingUpstream(NetSpace space, IPEndPoint at, UpstreamRules rules, UpstreamTally tally) : IAsyncDisposable
{
    private static readonly long Minute = TimeSpan.FromMinutes(1).Ticks;

    private readonly Lock _lock = new();
    private readonly Queue<TimeSpan> _lately = new();
    private readonly Dictionary<Socket, Task> _sessions = [];
    private CancellationTokenSource _cancel = new();
    private Socket? _listening;
    private Task _accepting = Task.CompletedTask;
    private int _open;

    public UpstreamTally Tally => tally;

    /// <summary>May be exchanged while it runs.</summary>
    public UpstreamRules Rules { get; set; } = rules;

    /// <summary>Listens (again).</summary>
    public CountingUpstream Up()
    {
        if (_listening is not null) return this;
        _cancel = new CancellationTokenSource();
        _listening = space.Inside(() =>
        {
            var socket = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(at);
            socket.Listen(1024);
            return socket;
        });
        _accepting = AcceptAsync(_listening, _cancel.Token);
        return this;
    }

    /// <summary>Closes the port and resets the sessions.</summary>
    public async Task DownAsync()
    {
        if (_listening is not { } listening) return;
        _listening = null;
        listening.Dispose();
        await _cancel.CancelAsync();
        Task[] tasks;
        lock (_lock)
        {
            foreach (var socket in _sessions.Keys) LoopbackListener.Reset(socket);
            tasks = [_accepting, .. _sessions.Values];
        }
        await Task.WhenAll(tasks);
        _cancel.Dispose();
    }

    public async ValueTask DisposeAsync() => await DownAsync();

    /// <summary>False: the limit of sessions is reached. A session that was let in must <see cref="Leave"/>.</summary>
    public bool TryEnter()
    {
        lock (_lock)
        {
            if (Rules.Manner != LimitManner.Drop && _open >= Rules.Sessions) return false;
            _open++;
            return true;
        }
    }

    public void Leave()
    {
        lock (_lock) _open--;
    }

    /// <summary>False: too many messages in the last minute, or on the session.</summary>
    public bool TryMessage(int onSession)
    {
        if (onSession >= Rules.MessagesPerSession) return false;
        if (Rules.MessagesPerMinute is not { } limit) return true;
        lock (_lock)
        {
            var now = tally.Now;
            while (_lately.TryPeek(out var first) && (now - first).Ticks >= Minute) _lately.Dequeue();
            if (_lately.Count >= limit) return false;
            _lately.Enqueue(now);
            return true;
        }
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
            lock (_lock) _sessions[socket] = Task.CompletedTask;
            var serving = ServeAsync(socket, cancel);
            lock (_lock)
            {
                if (_sessions.ContainsKey(socket)) _sessions[socket] = serving;
            }
        }
    }

    private async Task ServeAsync(Socket socket, CancellationToken cancel)
    {
        await Task.Yield();
        try
        {
            if (socket.RemoteEndPoint is IPEndPoint from) await new UpstreamSession(this, socket, from.Address).RunAsync(cancel);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The client went away, or we did.
        }
        finally
        {
            lock (_lock) _sessions.Remove(socket);
            socket.Dispose();
        }
    }
}
