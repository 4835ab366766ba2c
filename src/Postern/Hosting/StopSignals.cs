using System.Runtime.InteropServices;

namespace Postern.Hosting;

/// <summary>SIGTERM and Ctrl+C: the first asks for a graceful stop, the second for one at once. SIGHUP asks for a reload.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly TaskCompletionSource<string> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _asked = new();
    private readonly CancellationTokenSource _second = new();
    private readonly PosixSignalRegistration[] _registrations;
    private int _count;

    public StopSignals(Action? reload)
    {
        var registrations = new List<PosixSignalRegistration>
        {
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop),
            PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop),
        };
        // On Windows SIGHUP means that the console is closed; there the file's change alone reloads.
        if (reload is not null && !OperatingSystem.IsWindows())
        {
            registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
            {
                context.Cancel = true;
                reload();
            }));
        }
        _registrations = [.. registrations];
    }

    /// <summary>Completes with the signal's name.</summary>
    public Task<string> First => _first.Task;

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Asked => _asked.Token;

    /// <summary>Cancelled by the second signal.</summary>
    public CancellationToken AtOnce => _second.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
        _asked.Dispose();
        _second.Dispose();
    }

    /// <summary>What a signal does.</summary>
    internal void Stop(string signal)
    {
        if (Interlocked.Increment(ref _count) > 1)
        {
            _second.Cancel();
            return;
        }
        _first.TrySetResult(signal);
        _asked.Cancel();
    }

    private void Stop(PosixSignalContext context)
    {
        context.Cancel = true;
        Stop(context.Signal.ToString());
    }
}
