namespace Postern.Core.Scheduling;

/// <summary>Shows that the scheduler works: its lock is free and its timer runs.</summary>
internal sealed partial class Scheduler
{
    private TaskCompletionSource? _beat;

    /// <summary>Completes when the timer has run once more, or when there is nothing left to run because the relay stops.</summary>
    public Task BeatAsync()
    {
        lock (_lock)
        {
            if (_stopped) return Task.CompletedTask;
            // Callers share a beat; who waits goes on elsewhere, not within the lock.
            _beat ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            long now = Now;
            ArmNeedsLock(now, now);
            return _beat.Task;
        }
    }

    private void BeatNeedsLock()
    {
        _beat?.TrySetResult();
        _beat = null;
    }
}
