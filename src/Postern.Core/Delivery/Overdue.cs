using Postern.Core.Scheduling;

namespace Postern.Core.Delivery;

/// <summary>
/// Mail that cannot be tried because its upstream's gate is closed still expires, still owes its sender a word of delay, and still obeys an operator
/// who wants it returned. Looks for such mail once a second, a bounded number at a time, without touching the network.
/// </summary>
internal sealed class Overdue(DeliveryEngine engine) : IAsyncDisposable
{
    private const int MostAtOnce = 200;

    private readonly Attempt _attempt = new(engine.Parts.Decider);
    private Task _work = Task.CompletedTask;

    /// <summary>Begins a look unless one is under way. Called by one timer.</summary>
    public void Look()
    {
        if (!_work.IsCompleted) return;
        var found = engine.Scheduler.TakeOverdue(engine.Model.Config.Delivery.DelayNotice, MostAtOnce);
        if (found.Count > 0) _work = WorkAsync(found);
    }

    public async ValueTask DisposeAsync() => await _work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private async Task WorkAsync(IReadOnlyList<(DestinationQueue Queue, WaitingPart Part)> found)
    {
        // The timer's thread is not to do this work.
        await Task.Yield();
        foreach (var (queue, part) in found)
        {
            using var lease = await engine.Store.LeaseAsync(part.Id, queue.Name, engine.Owner, DeliveryEngine.LeaseTime, CancellationToken.None);
            if (lease is null) continue;
            try
            {
                await SettleAsync(lease, DateTimeOffset.FromUnixTimeMilliseconds(part.Due));
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                // As in a session loop: one message's trouble is not the others'.
                engine.Broke(e, lease);
            }
        }
    }

    private async ValueTask SettleAsync(Queue.Lease lease, DateTimeOffset due)
    {
        if (await engine.Settler.CatchUpAsync(lease, due, CancellationToken.None)) return;
        if (lease.BounceRequested)
        {
            await engine.Settler.ReturnAsync(lease, CancellationToken.None);
            return;
        }
        _attempt.Begin(lease, engine.Time.GetUtcNow());
        _attempt.Close(allTried: false);
        await engine.Settler.SettleAsync(_attempt, engine.Model, heldUntilOpen: true, due, CancellationToken.None);
        _attempt.End();
    }
}
