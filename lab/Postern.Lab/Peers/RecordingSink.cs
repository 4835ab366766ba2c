using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Postern.Lab.Peers;

/// <summary>
/// A well-behaved SMTP server on a loopback socket that keeps every message it takes, and misbehaves where it is told to. Shares no code with
/// Postern's own sessions, so that it is an independent witness of what was on the wire. Thread safe.
/// </summary>
public sealed class RecordingSink : IAsyncDisposable
{
    private readonly LoopbackListener _listener;
    private readonly Lock _lock = new();
    private readonly List<SinkMessage> _messages = [];
    private readonly List<string> _commands = [];
    private readonly List<SinkRule> _rules = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SinkVisitors _visitors;
    private long _accepted;

    public RecordingSink(SinkSettings? settings = null, IPEndPoint? endPoint = null, TimeProvider? time = null)
    {
        Settings = settings ?? new SinkSettings();
        Time = time ?? TimeProvider.System;
        _visitors = new SinkVisitors(Time);
        _listener = new LoopbackListener(endPoint ?? new IPEndPoint(IPAddress.Loopback, 0), ServeAsync);
    }

    public SinkSettings Settings { get; }
    public IPEndPoint EndPoint => _listener.EndPoint;
    public int Port => EndPoint.Port;

    /// <summary>Connections since the beginning.</summary>
    public int Connections => _listener.Accepted;
    public int OpenConnections => _listener.Open;

    /// <summary>Messages taken since the beginning, over <see cref="Clear"/> too.</summary>
    public long Accepted => Interlocked.Read(ref _accepted);

    public IReadOnlyList<SinkMessage> Messages
    {
        get { lock (_lock) return [.. _messages]; }
    }

    /// <summary>Every command line so far, with the connection's number before it: "1: EHLO relay.test".</summary>
    public IReadOnlyList<string> Commands
    {
        get { lock (_lock) return [.. _commands]; }
    }

    internal TimeProvider Time { get; }

    /// <summary>From now on, misbehave like this. The first rule that applies wins.</summary>
    public SinkRule Misbehave(SinkRule rule)
    {
        lock (_lock) _rules.Add(rule);
        return rule;
    }

    /// <summary>Short for a rule that replies: <c>sink.Refuse(SinkStage.Rcpt, "550 5.1.1 no such user", "bob@example.org")</c>.</summary>
    public SinkRule Refuse(SinkStage stage, string reply, string? address = null, int? connection = null, int? times = null) =>
        Misbehave(new SinkRule(stage, SinkFault.Reply, reply, address, connection, times));

    /// <summary>Takes one rule back.</summary>
    public void Behave(SinkRule rule)
    {
        lock (_lock) _rules.Remove(rule);
    }

    /// <summary>Takes all rules back.</summary>
    public void Behave()
    {
        lock (_lock) _rules.Clear();
    }

    /// <summary>Forgets messages and commands; the counts stay.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _messages.Clear();
            _commands.Clear();
        }
    }

    /// <summary>Goes away: connections are reset, new ones refused.</summary>
    public Task GoDownAsync() => _listener.StopAsync();

    /// <summary>Comes back on the same port.</summary>
    public void GoUp() => _listener.Start();

    /// <summary>Waits until at least that many messages are there and returns them. Throws TimeoutException, with what was seen, after <paramref name="limit"/> (10 s).</summary>
    public async Task<IReadOnlyList<SinkMessage>> WaitAsync(int count, TimeSpan? limit = null)
    {
        using var late = new CancellationTokenSource(limit ?? TimeSpan.FromSeconds(10), TimeProvider.System);
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (_messages.Count >= count) return [.. _messages];
                changed = _changed.Task;
            }
            await changed.WaitAsync(late.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (late.IsCancellationRequested)
                throw new TimeoutException($"{Messages.Count} of {count} messages came, over {Connections} connections; last commands: {string.Join(" | ", Commands.TakeLast(12))}");
        }
    }

    public ValueTask DisposeAsync() => _listener.DisposeAsync();

    internal void Add(SinkMessage message, SinkVisit visit)
    {
        _visitors.Sent(visit);
        lock (_lock)
        {
            _messages.Add(message);
            Interlocked.Increment(ref _accepted);
            _changed.TrySetResult();
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    internal void Hear(int connection, string command)
    {
        lock (_lock)
            if (_commands.Count < 100_000) _commands.Add($"{connection}: {command}");
    }

    internal SinkRule? RuleFor(SinkStage stage, SinkVisit visit, string? sender, IReadOnlyList<string> recipients)
    {
        lock (_lock)
            foreach (var rule in _rules)
                if (rule.TryUse(stage, visit, sender, recipients)) return rule;
        return null;
    }

    private async Task ServeAsync(Socket socket, int number, CancellationToken cancel)
    {
        try
        {
            // Inside the try: a connection that is reset before it is served has no stream any more.
            var wire = new WireStream(new NetworkStream(socket, ownsSocket: false), record: null);
            var visit = _visitors.Arrive(((IPEndPoint)socket.RemoteEndPoint!).Address, number);
            try
            {
                await new SinkSession(this, socket, wire, visit).RunAsync(cancel);
            }
            finally
            {
                _visitors.Leave(visit);
            }
            if (socket.Connected) await wire.CloseAsync(socket, cancel);
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or OperationCanceledException or AuthenticationException)
        {
            // The client went away or the sink was told to: nothing was taken that was not answered, so there is nothing to do.
        }
    }
}
