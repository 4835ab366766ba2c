using Postern.Core.Configuration;
using Postern.Core.Telemetry;

namespace Postern.Core.Submission.Pickup;

/// <summary>
/// Looks after the configured pickup folder, when there is one: watched by the system where that works, looked at every interval in any case (network
/// shares and full watch tables notify nobody). A reload takes effect between two looks.
/// </summary>
/// <remarks>Start, apply and stop are for one caller at a time.</remarks>
public sealed class PickupService(SubmissionServices services) : IAsyncDisposable
{
    private CancellationTokenSource? _stop;
    private Task _running = Task.CompletedTask;

    public Task StartAsync(PosternConfig config, CancellationToken cancel)
    {
        if (config.Pickup is not { } pickup) return Task.CompletedTask;
        var listener = new ListenerConfig { Address = "pickup", AddMissingHeaders = pickup.AddMissingHeaders };
        var folder = new PickupFolder(pickup, services, SubmissionModel.Of(config, listener, new AccessPolicy(config)));
        _stop = new CancellationTokenSource();
        _running = RunAsync(folder, pickup.Interval, _stop.Token);
        return Task.CompletedTask;
    }

    /// <summary>The file in hand is finished under the old configuration.</summary>
    public async Task ApplyAsync(PosternConfig config, CancellationToken cancel)
    {
        await StopAsync().ConfigureAwait(false);
        await StartAsync(config, cancel).ConfigureAwait(false);
    }

    /// <summary>Ends after the file in hand is given back or kept.</summary>
    public async Task StopAsync()
    {
        if (_stop is null) return;
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _stop.Dispose();
        _stop = null;
    }

    public async ValueTask DisposeAsync() => await StopAsync().ConfigureAwait(false);

    private async Task RunAsync(PickupFolder folder, TimeSpan interval, CancellationToken cancel)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        using var changed = new SemaphoreSlim(0, 1);
        FileSystemWatcher? watcher = null;
        bool ready = false, failing = false;
        try
        {
            while (!cancel.IsCancellationRequested)
            {
                bool unsettled = false;
                try
                {
                    if (!ready) await folder.RecoverAsync(cancel).ConfigureAwait(false);
                    ready = true;
                    watcher ??= Watch(folder.Folder, changed);
                    unsettled = await folder.LookAsync(cancel).ConfigureAwait(false);
                    failing = false;
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    if (!failing) PosternLog.PickupFailing(services.Logger, folder.Folder, e.Message);
                    failing = true;
                    ready = false;
                }
                await WaitAsync(changed, unsettled ? PickupFolder.SettleTime : interval, !unsettled, cancel).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // Stopping: the folder has given back what it had in hand.
        }
        finally
        {
            watcher?.Dispose();
        }
    }

    private async Task WaitAsync(SemaphoreSlim changed, TimeSpan time, bool wakes, CancellationToken cancel)
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var pause = Task.Delay(time, services.Time, waiting.Token);
        await (wakes ? Task.WhenAny(pause, changed.WaitAsync(waiting.Token)) : Task.WhenAny(pause)).ConfigureAwait(false);
        await waiting.CancelAsync().ConfigureAwait(false);
        cancel.ThrowIfCancellationRequested();
    }

    /// <summary>Null where watching is not to be had; then the interval alone has to do.</summary>
    private static FileSystemWatcher? Watch(string folder, SemaphoreSlim changed)
    {
        try
        {
            var watcher = new FileSystemWatcher(folder, "*.eml") { NotifyFilter = NotifyFilters.FileName | NotifyFilters.Size | NotifyFilters.LastWrite };
            FileSystemEventHandler wake = (_, _) => Wake(changed);
            watcher.Created += wake;
            watcher.Changed += wake;
            watcher.Renamed += (_, _) => Wake(changed);
            watcher.EnableRaisingEvents = true;
            return watcher;
        }
        catch (Exception e) when (e is IOException or ArgumentException or PlatformNotSupportedException)
        {
            return null;
        }
    }

    private static void Wake(SemaphoreSlim changed)
    {
        try
        {
            changed.Release();
        }
        catch (Exception e) when (e is SemaphoreFullException or ObjectDisposedException)
        {
            // Woken already, or stopping.
        }
    }
}
