using System.Globalization;
using Postern.Core.Telemetry;

namespace Postern.Hosting;

/// <summary>
/// The relay's life as systemd sees it: starting (with more time while a large queue is read), ready, reloading, stopping, and a watchdog that is fed only
/// while the relay really works. Tells nothing but states; safe to call from any thread.
/// </summary>
internal sealed class SystemdService : IAsyncDisposable
{
    /// <summary>Given anew at each tick while the queue is read: systemd's own TimeoutStartSec is 90 s, and a queue of millions takes longer.</summary>
    private static readonly TimeSpan _moreTime = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan _longestTick = TimeSpan.FromSeconds(10);

    private enum State : byte { Starting, Running, Stopping }

    private readonly SystemdSocket _socket;
    private readonly TimeProvider _time;
    private readonly TimeSpan? _watchdog;
    private readonly CancellationTokenSource _over = new();
    private readonly Task _ticking;
    private Func<Task>? _pulse;
    private ILogger? _log;
    private volatile State _state;

    private SystemdService(SystemdSocket socket, TimeSpan? watchdog, TimeProvider time)
    {
        (_socket, _watchdog, _time) = (socket, watchdog, time);
        _socket.Send(MoreTime(_moreTime), "STATUS=reading the queue");
        _ticking = TickAsync();
    }

    /// <summary>Null when the process was not started by systemd with Type=notify.</summary>
    /// <param name="environment">NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID are read.</param>
    public static SystemdService? Of(Func<string, string?> environment, TimeProvider time)
    {
        if (SystemdSocket.Of(environment("NOTIFY_SOCKET")) is not { } socket) return null;
        bool isForUs = environment("WATCHDOG_PID") is not { Length: > 0 } pid || pid == Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        bool isAsked = long.TryParse(environment("WATCHDOG_USEC"), NumberStyles.None, CultureInfo.InvariantCulture, out long microseconds) && microseconds > 0;
        return new SystemdService(socket, isForUs && isAsked ? TimeSpan.FromMicroseconds(microseconds) : null, time);
    }

    /// <summary>The relay takes mail.</summary>
    /// <param name="pulse">Completes when the relay has shown that it works.</param>
    public void Ready(string status, Func<Task>? pulse, ILogger log)
    {
        (_pulse, _log) = (pulse, log);
        _state = State.Running;
        _socket.Send("READY=1", Status(status), $"MAINPID={Environment.ProcessId}");
    }

    /// <summary>A new configuration is being read; <see cref="Reloaded"/> follows, whatever became of it.</summary>
    public void Reloading() =>
        // The time is for Type=notify-reload (systemd 253), which waits for a READY that is younger.
        _socket.Send("RELOADING=1", $"MONOTONIC_USEC={(long)(_time.GetTimestamp() * (1e6 / _time.TimestampFrequency))}", "STATUS=reading the configuration");

    public void Reloaded(string status) => _socket.Send("READY=1", Status(status));

    /// <param name="grace">What the stop may take at most.</param>
    public void Stopping(TimeSpan grace)
    {
        _state = State.Stopping;
        _socket.Send("STOPPING=1", MoreTime(grace), "STATUS=finishing what is under way");
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _ticking;
        _over.Dispose();
        _socket.Dispose();
    }

    private async Task TickAsync()
    {
        // Thrice in the watchdog's time: one late beat is no reason to be killed.
        var tick = _watchdog is { } watchdog && watchdog / 3 < _longestTick ? watchdog / 3 : _longestTick;
        using var timer = new PeriodicTimer(tick, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_over.Token)) await TellAsync(tick);
        }
        catch (OperationCanceledException)
        {
            // The process ends.
        }
    }

    private async Task TellAsync(TimeSpan limit)
    {
        switch (_state)
        {
            case State.Starting:
                _socket.Send(MoreTime(_moreTime), "WATCHDOG=1");
                break;
            // A stop is bounded by itself; being killed in it would cut off what is under way.
            case State.Stopping:
                _socket.Send("WATCHDOG=1");
                break;
            case State.Running when _watchdog is not null && await WorksAsync(limit):
                _socket.Send("WATCHDOG=1");
                break;
        }
    }

    private async Task<bool> WorksAsync(TimeSpan limit)
    {
        if (_pulse is null) return true;
        try
        {
            // Elsewhere, since a lock that is never let go would hold this loop too.
            await Task.Run(_pulse, _over.Token).WaitAsync(limit, _time, _over.Token);
            return true;
        }
        catch (TimeoutException)
        {
            PosternLog.PulseMissed(_log!, limit.TotalSeconds, _watchdog!.Value.TotalSeconds);
            return false;
        }
    }

    private static string MoreTime(TimeSpan time) => $"EXTEND_TIMEOUT_USEC={(long)time.TotalMicroseconds}";

    private static string Status(string text) => "STATUS=" + text.ReplaceLineEndings(" ");
}
