using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;

namespace Postern.Lab.Peers;

/// <summary>How a scripted peer cuts what it sends into writes; a client must understand all three.</summary>
public enum SendMode : byte { Whole, ByLine, ByByte }

/// <summary>
/// An SMTP server that says exactly what a script says, on a loopback socket; the n-th connection plays the n-th script, the last one repeats.
/// Knows nothing of SMTP itself, so it can be wrong in every way that a real server can. Thread safe.
/// </summary>
public sealed class ScriptedPeer : IAsyncDisposable
{
    private readonly IReadOnlyList<Script> _scripts;
    private readonly SendMode _mode;
    private readonly X509Certificate2? _certificate;
    private readonly TimeProvider _time;
    private readonly List<PeerSession> _sessions = [];
    private readonly LoopbackListener _listener;

    /// <param name="certificate">For the starttls step; null makes one for localhost.</param>
    public ScriptedPeer(IReadOnlyList<Script> scripts, SendMode mode = SendMode.Whole, IPEndPoint? endPoint = null, X509Certificate2? certificate = null, TimeProvider? time = null)
    {
        _scripts = scripts;
        _mode = mode;
        _certificate = certificate;
        _time = time ?? TimeProvider.System;
        _listener = new LoopbackListener(endPoint ?? new IPEndPoint(IPAddress.Loopback, 0), ServeAsync);
    }

    /// <summary>A peer that plays one conversation, in the text form, on every connection.</summary>
    public ScriptedPeer(string script, SendMode mode = SendMode.Whole) : this([Script.Parse(script)], mode)
    {
    }

    public IPEndPoint EndPoint => _listener.EndPoint;
    public int Port => EndPoint.Port;
    public int Connections => _listener.Accepted;

    /// <summary>Sessions in the order of their connections.</summary>
    public IReadOnlyList<PeerSession> Sessions
    {
        get { lock (_sessions) return [.. _sessions.OrderBy(s => s.Number)]; }
    }

    /// <summary>Waits until the n-th connection (from 1) is over and returns it. Throws TimeoutException when that takes longer than <paramref name="limit"/> (10 s).</summary>
    public async Task<PeerSession> SessionAsync(int number = 1, TimeSpan? limit = null)
    {
        using var late = new CancellationTokenSource(limit ?? TimeSpan.FromSeconds(10), _time);
        while (true)
        {
            PeerSession? session;
            lock (_sessions) session = _sessions.FirstOrDefault(s => s.Number == number);
            if (session is not null)
            {
                await session.Completed.WaitAsync(late.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return session.Completed.IsCompleted ? session : throw new TimeoutException($"session {number} did not end; received so far: {session.ReceivedText}");
            }
            if (late.IsCancellationRequested) throw new TimeoutException($"no connection number {number} came; there were {Connections}");
            await Task.Delay(TimeSpan.FromMilliseconds(2), _time, CancellationToken.None);
        }
    }

    /// <summary>Goes away: connections are reset, new ones refused.</summary>
    public Task GoDownAsync() => _listener.StopAsync();

    /// <summary>Comes back on the same port.</summary>
    public void GoUp() => _listener.Start();

    public ValueTask DisposeAsync() => _listener.DisposeAsync();

    private async Task ServeAsync(Socket socket, int number, CancellationToken cancel)
    {
        var session = new PeerSession(number, (IPEndPoint)socket.RemoteEndPoint!);
        lock (_sessions) _sessions.Add(session);
        var wire = new WireStream(new NetworkStream(socket, ownsSocket: false), session.Record);
        try
        {
            foreach (var step in _scripts[Math.Min(number, _scripts.Count) - 1].Steps)
            {
                if (!await PlayAsync(step, socket, wire, session, cancel)) break;
                session.StepsPlayed++;
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or OperationCanceledException or System.Security.Authentication.AuthenticationException)
        {
            session.Problem ??= $"the connection broke at step {session.StepsPlayed + 1}: {e.Message}";
        }
        finally
        {
            if (socket.Connected) await wire.CloseAsync(socket, cancel);
            socket.Dispose();
            session.End();
        }
    }

    /// <summary>False when the conversation is over.</summary>
    private async ValueTask<bool> PlayAsync(ScriptStep step, Socket socket, WireStream wire, PeerSession session, CancellationToken cancel)
    {
        switch (step.Kind)
        {
            case StepKind.Send:
                await SendAsync(wire, step.Bytes, cancel);
                return true;
            case StepKind.Expect:
                return Check(session, step, await wire.ReadLineAsync(cancel));
            case StepKind.Body:
                while (await wire.ReadLineAsync(cancel) is { } line)
                    if (line.AsSpan().SequenceEqual(".\r\n"u8)) return true;
                session.Problem = "the client left before the end of its message";
                return false;
            case StepKind.Octets:
                for (long left = step.Count; left > 0;)
                {
                    var got = await wire.ReadSomeAsync((int)Math.Min(left, int.MaxValue), cancel);
                    if (got.IsEmpty)
                    {
                        session.Problem = $"the client left {left} octets before the end";
                        return false;
                    }
                    left -= got.Length;
                }
                return true;
            case StepKind.Pause:
                await Task.Delay(step.Time, _time, cancel);
                return true;
            case StepKind.Reset:
                LoopbackListener.Reset(socket);
                return false;
            case StepKind.Hold:
                while (!(await wire.ReadSomeAsync(int.MaxValue, cancel)).IsEmpty) { }
                return true;
            case StepKind.Quiet:
                if (wire.HasBuffered || socket.Available > 0) session.Problem = "the client did not wait for a reply";
                return session.Problem is null;
            case StepKind.StartTls:
                await wire.StartTlsAsync(_certificate ?? LabCertificates.Localhost, cancel);
                return true;
            default:
                return false;
        }
    }

    private async ValueTask SendAsync(WireStream wire, ReadOnlyMemory<byte> bytes, CancellationToken cancel)
    {
        while (bytes.Length > 0)
        {
            int lineEnd = bytes.Span.IndexOf((byte)'\n');
            int take = _mode switch
            {
                SendMode.ByByte => 1,
                SendMode.ByLine when lineEnd >= 0 => lineEnd + 1,
                _ => bytes.Length,
            };
            await wire.WriteAsync(bytes[..take], cancel);
            bytes = bytes[take..];
            if (_mode != SendMode.Whole) await Task.Yield();
        }
    }

    private static bool Check(PeerSession session, ScriptStep step, byte[]? line)
    {
        string text = line is null ? "" : Encoding.Latin1.GetString(line);
        string pattern = "^" + Regex.Escape(Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(step.Pattern))).Replace("\\*", ".*", StringComparison.Ordinal) + "$";
        bool matches = text.EndsWith("\r\n", StringComparison.Ordinal) && Regex.IsMatch(text[..^2], pattern, RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);
        if (!matches)
            session.Problem = line is null ? $"the client left instead of saying \"{step.Pattern}\"" : $"expected \"{step.Pattern}\", got \"{text.TrimEnd()}\"";
        return matches;
    }
}

/// <summary>What happened on one connection of a scripted peer. Read it after <see cref="Completed"/>.</summary>
public sealed class PeerSession
{
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal PeerSession(int number, IPEndPoint remote)
    {
        Number = number;
        Remote = remote;
    }

    /// <summary>From 1.</summary>
    public int Number { get; }
    public IPEndPoint Remote { get; }
    public int StepsPlayed { get; internal set; }

    /// <summary>Null when every expectation was met and the connection lived as long as the script.</summary>
    public string? Problem { get; internal set; }

    /// <summary>Ends when the connection is over.</summary>
    public Task Completed => _end.Task;

    /// <summary>Every byte the client sent, what went through TLS decrypted.</summary>
    public byte[] Received => Record.ToArray();

    /// <summary>The same as text, one character for each byte.</summary>
    public string ReceivedText => Encoding.Latin1.GetString(Received);

    internal MemoryStream Record { get; } = new();

    internal void End() => _end.TrySetResult();
}
