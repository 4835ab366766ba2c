using System.Diagnostics;
using System.Runtime.Versioning;
using System.ServiceProcess;

namespace Postern.Hosting.Windows;

/// <summary>The relay under the service control manager of Windows: start, stop and shutdown as it asks; what ends it is in the event log.</summary>
[SupportedOSPlatform("windows")]
internal sealed class RelayService : ServiceBase
{
    /// <summary>How often the manager is asked for patience; it gives up after 30 s of silence.</summary>
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(10);

    private readonly Func<Action, CancellationToken, Task<int>> _run;
    private readonly CancellationTokenSource _stop = new();
    private Task<int>? _running;

    /// <param name="run">Runs the relay until cancelled; calls the action when it takes mail. Its exceptions are written to the event log.</param>
    public RelayService(string name, Func<Action, CancellationToken, Task<int>> run)
    {
        _run = run;
        ServiceName = name;
        CanShutdown = true;
        AutoLog = true;
    }

    protected override void OnStart(string[] args)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _running = Task.Run(async () =>
        {
            try
            {
                return await _run(() => started.TrySetResult(), _stop.Token);
            }
            catch (Exception e)
            {
                EventLog.WriteEntry(e.Message, EventLogEntryType.Error);
                ExitCode = 1066; // ERROR_SERVICE_SPECIFIC_ERROR: not a stop in good order, so the recovery actions apply.
                throw;
            }
        });
        // The manager's thread waits here; a large queue takes its time to be read.
        while (Task.WaitAny([started.Task, _running], _patience) < 0) RequestAdditionalTime(2 * _patience);
        if (_running.IsFaulted) throw new InvalidOperationException(_running.Exception!.InnerException!.Message, _running.Exception);
        // One that ends by itself later must not be shown as running.
        _ = _running.ContinueWith(_ => Stop(), CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
    }

    protected override void OnStop()
    {
        _stop.Cancel();
        try
        {
            while (_running is { } running && !running.Wait(_patience)) RequestAdditionalTime(2 * _patience);
        }
        catch (AggregateException)
        {
            // Written to the event log when it happened.
        }
    }

    protected override void OnShutdown() => OnStop();

    protected override void Dispose(bool disposing)
    {
        if (disposing) _stop.Dispose();
        base.Dispose(disposing);
    }
}
