using System.Net;
using System.Net.Sockets;

namespace Postern.Protocols.Smtp;

/// <summary>
/// Opens one TCP connection out of several addresses: the next one is tried when the one before fails or after 250 ms
/// (RFC 8305 section 5), the first to connect wins, the others are cancelled. Every try is recorded.
/// </summary>
internal sealed class ConnectionRace(SessionTarget target, TimeSpan timeout, SessionRecorder recorder, TimeProvider time)
{
    /// <summary>RFC 8305 section 5, "Connection Attempt Delay": recommended 250 ms.</summary>
    public static readonly TimeSpan Stagger = TimeSpan.FromMilliseconds(250);

    private readonly record struct Outcome(Socket? Socket, StageFailure? Failure);

    public async ValueTask<(Socket? Socket, StageFailure? Failure)> RunAsync(CancellationToken cancel)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var running = new List<Task<Outcome>>(2);
        StageFailure? worst = null;
        int next = 0;
        while (next < target.Addresses.Count || running.Count > 0)
        {
            if (next < target.Addresses.Count) running.Add(TryAsync(target.Addresses[next++], over.Token, cancel));
            Task first = Task.WhenAny(running);
            if (next < target.Addresses.Count) await Task.WhenAny(first, Task.Delay(Stagger, time, over.Token));
            else await first;
            while (running.Find(t => t.IsCompleted) is { } done)
            {
                running.Remove(done);
                var outcome = await done;
                if (outcome.Socket is { } socket)
                {
                    await over.CancelAsync();
                    foreach (var loser in running) (await loser).Socket?.Dispose();
                    return (socket, null);
                }

                worst = MoreTelling(worst, outcome.Failure);
            }
        }

        return (null, worst);
    }

    private async Task<Outcome> TryAsync(IPEndPoint peer, CancellationToken over, CancellationToken stopped)
    {
        long begun = time.GetTimestamp();
        var local = peer.AddressFamily == AddressFamily.InterNetworkV6 ? target.LocalV6 : target.LocalV4;
        Socket? socket = null;
        using var deadline = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(over, deadline.Token);
        string where = $"connecting to {target.HostName}[{peer.Address}]:{peer.Port}";
        string error;
        StageFailure failure;
        try
        {
            socket = new Socket(peer.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            if (local is not null) socket.Bind(new IPEndPoint(local, 0));
            await socket.ConnectAsync(peer, either.Token);
            Record(peer, ((IPEndPoint?)socket.LocalEndPoint)?.Address, null, null, begun);
            return new Outcome(socket, null);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !over.IsCancellationRequested)
        {
            error = $"no answer within {timeout.TotalSeconds:0.#} s";
            failure = new StageFailure(ClientStage.Connect, Speaker.Network, FailureKind.TimedOut, $"{where}: {error} (timeouts.connect)");
        }
        catch (OperationCanceledException)
        {
            error = stopped.IsCancellationRequested ? "given up: the relay is stopping" : "another address was faster";
            failure = new StageFailure(ClientStage.Connect, Speaker.Us, FailureKind.Cancelled, $"{where}: {error}");
        }
        catch (SocketException e)
        {
            error = SocketFailure.Words(e);
            var kind = SocketFailure.KindOf(e.SocketErrorCode);
            failure = new StageFailure(ClientStage.Connect, kind == FailureKind.LocalError ? Speaker.Us : Speaker.Network, kind, $"{where}: {error}");
        }

        socket?.Dispose();
        Record(peer, local, error, failure.Kind, begun);
        return new Outcome(null, failure);
    }

    private void Record(IPEndPoint peer, IPAddress? local, string? error, FailureKind? kind, long begun) =>
        recorder.Connected(new ConnectTry(peer.Address.ToString(), peer.Port, local?.ToString(), error, Math.Round(time.GetElapsedTime(begun).TotalMilliseconds, 3), kind));

    /// <summary>Of several failures the one that says most: an answer beats silence, silence beats our own lack of a route.</summary>
    private static StageFailure? MoreTelling(StageFailure? one, StageFailure? other)
    {
        if (one is null || other is null) return one ?? other;
        return Rank(other.Kind) > Rank(one.Kind) ? other : one;
    }

    private static int Rank(FailureKind kind) => kind switch
    {
        FailureKind.ConnectionRefused or FailureKind.ConnectionReset => 4,
        FailureKind.HostUnreachable => 3,
        FailureKind.TimedOut => 2,
        FailureKind.NetworkUnreachable => 1,
        _ => 0,
    };
}
