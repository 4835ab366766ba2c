using System.Net;
using System.Net.Sockets;
using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.Probes.Native;

namespace Postern.Diagnosis.Probes;

/// <summary>One TCP connection to try.</summary>
/// <param name="Local">To send from; null for the system's choice.</param>
internal sealed record ConnectRequest(IPEndPoint Remote, IPAddress? Local, TimeSpan Deadline)
{
    /// <summary>Time to live of what we send; null for the system's.</summary>
    public int? Hops { get; init; }

    /// <summary>Ignore answers that arrive with a lower time to live.</summary>
    public int? MinTtl { get; init; }

    /// <summary>Fires when the answer is no longer worth waiting for: as if the deadline had come.</summary>
    public CancellationToken Hurry { get; init; }
}

/// <summary>What it came to. Owns the socket of a connection that was made.</summary>
/// <param name="Local">The address used; null when not known.</param>
/// <param name="Error">The system's word; Success when connected, TimedOut when the deadline came.</param>
internal sealed record ConnectResult(IPEndPoint Remote, IPAddress? Local, TcpOutcome Outcome, SocketError Error, IcmpError? Icmp, TcpInfo? Info, TimeSpan Elapsed, Socket? Socket) : IDisposable
{
    public double Milliseconds => Math.Round(Elapsed.TotalMilliseconds, 3);

    /// <summary>A segment came back: SYN-ACK or RST.</summary>
    public bool HasTcpAnswer => Icmp is null && Outcome is TcpOutcome.Connected or TcpOutcome.Refused or TcpOutcome.Reset;

    /// <summary>It failed on this machine, before or instead of sending.</summary>
    public bool FailedHere => Icmp is { FromUs: true } ||
        (Icmp is null && (Outcome == TcpOutcome.LocalError ||
            (LinuxSocket.IsSupported && Outcome is TcpOutcome.HostUnreachable or TcpOutcome.NetworkUnreachable or TcpOutcome.Prohibited)));

    public void Dispose() => Socket?.Dispose();
}

/// <summary>Tries one TCP connection and finds out as precisely as the platform allows what became of it.</summary>
internal static class NetConnect
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    /// <summary>Never throws for network trouble; only when <paramref name="cancel"/> fires.</summary>
    public static async ValueTask<ConnectResult> RunAsync(ConnectRequest request, TimeProvider time, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        long begun = time.GetTimestamp();
        Socket? socket = null;
        try
        {
            socket = Open(request);
            using var deadline = new CancellationTokenSource(request.Deadline, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, request.Hurry, cancel);

            // Not the overload that takes a token: it closes the socket, and then nothing can be asked of it.
            var connecting = socket.ConnectAsync(request.Remote);
            await connecting.WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var elapsed = time.GetElapsedTime(begun);
            if (!connecting.IsCompleted && LinuxSocket.InfoOf(socket) is { IsOpening: false })
            {
                // The kernel has the answer; on a busy machine its news only has not got here yet.
                await connecting.WaitAsync(Grace, time, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            if (!connecting.IsCompleted)
            {
                var info = LinuxSocket.InfoOf(socket);
                var told = LinuxSocket.ErrorOf(socket);
                socket.Dispose();
                await connecting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                cancel.ThrowIfCancellationRequested();
                return Failed(request, SocketError.TimedOut, told, info, elapsed);
            }

            if (connecting.IsCompletedSuccessfully)
                return new ConnectResult(request.Remote, ((IPEndPoint?)socket.LocalEndPoint)?.Address, TcpOutcome.Connected, SocketError.Success, null, LinuxSocket.InfoOf(socket), elapsed, socket);

            var error = connecting.Exception?.InnerException as SocketException ?? new SocketException((int)SocketError.SocketError);
            var result = Failed(request, error.SocketErrorCode, LinuxSocket.ErrorOf(socket), LinuxSocket.InfoOf(socket), elapsed);
            socket.Dispose();
            return result;
        }
        catch (SocketException e)
        {
            // From making, setting or binding the socket.
            socket?.Dispose();
            return Failed(request, e.SocketErrorCode, null, null, time.GetElapsedTime(begun));
        }
    }

    private static Socket Open(ConnectRequest request)
    {
        var socket = new Socket(request.Remote.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            LinuxSocket.KeepErrors(socket);
            if (request.Hops is { } hops) LinuxSocket.LimitHops(socket, hops);
            if (request.MinTtl is { } minimum) LinuxSocket.RequireTtl(socket, minimum);
            if (request.Local is not null) socket.Bind(new IPEndPoint(request.Local, 0));
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static ConnectResult Failed(ConnectRequest request, SocketError error, ExtendedError? told, TcpInfo? info, TimeSpan elapsed)
    {
        var icmp = told is { } e ? new IcmpError(e.Type, e.Code, e.Offender?.ToString(), e.Origin == ErrorOrigin.Icmp6, e.Offender is { } from && NetLocal.IsOurs(from)) : null;
        var outcome = icmp is not null ? IcmpTable.OutcomeOf(icmp)
            : error == SocketError.AddressNotAvailable && request.Local is null ? TcpOutcome.NetworkUnreachable
            : OutcomeOf(error);
        return new ConnectResult(request.Remote, request.Local, outcome, error, icmp, info, elapsed, null);
    }

    private static TcpOutcome OutcomeOf(SocketError error) => error switch
    {
        SocketError.ConnectionRefused => TcpOutcome.Refused,
        SocketError.ConnectionReset or SocketError.ConnectionAborted => TcpOutcome.Reset,
        SocketError.TimedOut => TcpOutcome.TimedOut,
        SocketError.HostUnreachable or SocketError.HostDown => TcpOutcome.HostUnreachable,
        // EINVAL is what a blackhole route gives.
        SocketError.NetworkUnreachable or SocketError.NetworkDown or SocketError.InvalidArgument => TcpOutcome.NetworkUnreachable,
        SocketError.AccessDenied => TcpOutcome.Prohibited,
        _ => TcpOutcome.LocalError,
    };
}
