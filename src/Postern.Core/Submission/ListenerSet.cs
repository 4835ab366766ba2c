using System.Net;
using Postern.Core.Configuration;
using Postern.Core.Telemetry;

namespace Postern.Core.Submission;

/// <summary>
/// All listeners of the relay with their sessions. A reload keeps the sockets and the sessions of listeners that stay, opens the new ones, closes those that
/// are gone while their sessions go on; when a part of it cannot be done, nothing of it is. A stop lets transactions in flight end for a bounded time.
/// </summary>
/// <remarks>Start, apply and stop are for one caller at a time.</remarks>
public sealed class ListenerSet : IAsyncDisposable
{
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(1);

    // After cutting off: a session only has to notice. Longer means a bug, and a stop must end all the same.
    private static readonly TimeSpan AbortGrace = TimeSpan.FromSeconds(5);

    private readonly SubmissionServices _services;
    private readonly ConnectionHub _hub;
    private readonly StoreRoom _room;
    private readonly List<ClientConnection> _scratch = [];
    private List<SmtpListener> _listeners = [];
    private Authenticator? _authenticator;
    private volatile ServerCertificate? _certificate;
    private ITimer? _sweep;
    private int _sweeping;

    public ListenerSet(SubmissionServices services)
    {
        _services = services;
        _hub = new ConnectionHub(services.Metrics);
        _room = new StoreRoom(services.Store);
    }

    /// <summary>Where the listeners listen, in the order of the configuration.</summary>
    public IReadOnlyList<IPEndPoint> EndPoints => [.. _listeners.Select(l => l.EndPoint)];

    /// <summary>Client connections open now.</summary>
    public int Connections => _hub.Table.Count;

    /// <summary>Opens every listener, or none: throws <see cref="ListenException"/>.</summary>
    public async Task StartAsync(PosternConfig config, CancellationToken cancel)
    {
        await ApplyAsync(config, cancel).ConfigureAwait(false);
        _sweep = _services.Time.CreateTimer(static state => ((ListenerSet)state!).Sweep(), this, SweepInterval, SweepInterval);
    }

    /// <summary>Changes over to a new configuration whole; throws <see cref="ListenException"/> and stays as it was when that cannot be done.</summary>
    public async Task ApplyAsync(PosternConfig config, CancellationToken cancel)
    {
        var certificate = config.Tls is null ? null : _certificate?.Config == config.Tls ? _certificate : new ServerCertificate(config.Tls, _services.Logger, _services.Time);
        var authenticator = _authenticator ?? new Authenticator(config, _services.Time);
        var models = Compile(config, certificate, authenticator);

        var kept = new Dictionary<SmtpListener, ListenerModel>();
        var left = new List<SmtpListener>(_listeners);
        var next = new SmtpListener?[models.Count];
        for (int i = 0; i < models.Count; i++)
        {
            int at = left.FindIndex(l => l.Model.Config.Address == models[i].Config.Address);
            if (at < 0) continue;
            next[i] = left[at];
            kept[left[at]] = models[i];
            left.RemoveAt(at);
        }
        await OpenAsync(models, next, left).ConfigureAwait(false);

        // Nothing fails from here on.
        foreach (var (listener, model) in kept) listener.Model = model;
        foreach (var listener in left) await listener.DisposeAsync().ConfigureAwait(false);
        if (_authenticator is not null) _authenticator.Apply(config);
        _authenticator = authenticator;
        _certificate = certificate;
        _listeners = [.. next.Select(l => l!)];
        foreach (var listener in _listeners.Where(l => !kept.ContainsKey(l))) listener.Start();
        foreach (var user in config.User.Where(u => PasswordHash.IsForeignHash(u.Password.Reveal())))
            PosternLog.ForeignPasswordHash(_services.Logger, user.Name, "make a hash with 'postern config hash'");
    }

    /// <summary>Stops accepting, lets transactions end for up to <paramref name="grace"/>, then cuts off what is left.</summary>
    public async Task StopAsync(TimeSpan grace)
    {
        foreach (var listener in _listeners) await listener.DisposeAsync().ConfigureAwait(false);
        _listeners = [];
        _hub.RequestStop();
        if (!await IsEmptyWithinAsync(grace).ConfigureAwait(false))
        {
            PosternLog.SessionsAborted(_services.Logger, _hub.Table.Count, grace.TotalSeconds);
            _hub.Abort();
            await IsEmptyWithinAsync(AbortGrace).ConfigureAwait(false);
        }
        if (_sweep is not null) await _sweep.DisposeAsync().ConfigureAwait(false);
        _sweep = null;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero).ConfigureAwait(false);
        _authenticator?.Dispose();
        _hub.Dispose();
    }

    private List<ListenerModel> Compile(PosternConfig config, ServerCertificate? certificate, Authenticator authenticator)
    {
        try
        {
            var access = new AccessPolicy(config);
            return [.. config.Listener.Select(l => new ListenerModel(config, l, new SubmissionHandler(_services, SubmissionModel.Of(config, l, access), authenticator, _room), certificate, _services.Metrics))];
        }
        catch (FormatException e)
        {
            throw new ListenException(e.Message, e);
        }
    }

    /// <summary>Opens a listener for each empty place, or none. A listener to be removed that stands in the way (same port, other address) is closed first, and opened again when it comes to nothing.</summary>
    private async ValueTask OpenAsync(List<ListenerModel> models, SmtpListener?[] next, List<SmtpListener> left)
    {
        var opened = new List<int>();
        var closed = new List<SmtpListener>();
        try
        {
            for (int i = 0; i < models.Count; i++)
            {
                if (next[i] is not null) continue;
                int port = models[i].Address.EndPoint.Port;
                foreach (var other in left.Where(l => port != 0 && l.EndPoint.Port == port).ToArray())
                {
                    await other.DisposeAsync().ConfigureAwait(false);
                    left.Remove(other);
                    closed.Add(other);
                }
                next[i] = new SmtpListener(models[i], _services, _hub);
                opened.Add(i);
            }
        }
        catch (ListenException)
        {
            foreach (int i in opened) await next[i]!.DisposeAsync().ConfigureAwait(false);
            foreach (var listener in closed) Reopen(listener);
            throw;
        }
    }

    private void Reopen(SmtpListener listener)
    {
        var again = new SmtpListener(listener.Model, _services, _hub);
        _listeners[_listeners.IndexOf(listener)] = again;
        again.Start();
    }

    private async ValueTask<bool> IsEmptyWithinAsync(TimeSpan time)
    {
        try
        {
            await _hub.Table.WhenEmptyAsync().WaitAsync(time, _services.Time).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private void Sweep()
    {
        // A slow disk may hold up a sweep; the next one must not run beside it.
        if (Interlocked.Exchange(ref _sweeping, 1) == 1) return;
        _room.Look();
        _certificate?.Look();
        _hub.Sweep(_scratch, _services.Time.GetTimestamp());
        Volatile.Write(ref _sweeping, 0);
    }
}
