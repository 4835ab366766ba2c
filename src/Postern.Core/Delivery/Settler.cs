using Microsoft.Extensions.Logging;
using Postern.Core.Events;
using Postern.Core.Queue;
using Postern.Core.Telemetry;

namespace Postern.Core.Delivery;

/// <summary>
/// Turns an attempt into one settlement: statuses, the next time, evidence, notifications, in one commit. Where nothing happened, the part is
/// given back as it was.
/// </summary>
internal sealed class Settler(IQueueStore store, Notifier notifier, AttemptExplainer explainer, RelayNews news, Func<double> random, ILogger logger)
{
    private readonly UnwrittenDeliveries _unwritten = new();

    /// <summary>
    /// Writes down what was delivered in an earlier attempt and could not be written then. True when there was something: the lease is over, and whoever
    /// still waits is filed anew.
    /// </summary>
    public async ValueTask<bool> CatchUpAsync(Lease lease, DateTimeOffset due, CancellationToken cancel)
    {
        if (_unwritten.Of(lease) is not { } delivered) return false;
        await ApplyAsync(lease, new Settlement { Recipients = delivered, NextDue = due, CountsAsAttempt = false }, cancel);
        return true;
    }

    /// <param name="attempt">Closed: no outcome is TryNextHost any more.</param>
    /// <param name="heldUntilOpen">The way to the destination is closed: what waits stays due, does not count as tried, and goes when the gate opens.</param>
    /// <param name="due">When the part was due before this attempt.</param>
    public async ValueTask SettleAsync(Attempt attempt, DeliveryModel model, bool heldUntilOpen, DateTimeOffset due, CancellationToken cancel)
    {
        var lease = attempt.Lease;
        var counts = Count(attempt);
        if (counts.Waiting == 0 && counts.Bounced == 0 && !Notifier.WantsSuccess(attempt))
        {
            await ApplyAsync(lease, new Settlement { Recipients = Updates(attempt, withWords: false) }, cancel);
            return;
        }
        bool delayed = counts.Waiting > 0 && IsDelayDue(attempt, model);
        if (attempt.NothingTried && counts.Bounced == 0 && !delayed)
        {
            store.Release(lease, due);
            return;
        }
        var next = heldUntilOpen ? new NextTry(due, false) : NextTry.Of(attempt, model.Retry, random());
        AttemptActions.Settled(attempt, counts.Waiting == 0 ? null : heldUntilOpen ? attempt.GatedUntil : next.Due, explainer);
        var notices = await notifier.MakeAsync(attempt, delayed, cancel);
        bool applied = await ApplyAsync(lease, new Settlement
        {
            Recipients = Updates(attempt, withWords: true),
            NextDue = next.Due,
            CountsAsAttempt = next.Counts,
            DelayNotified = delayed,
            Evidence = attempt.Evidence,
            NewMessages = notices.Messages,
        }, cancel);
        if (applied) Tell(lease, notices);
    }

    /// <summary>The operator asked for the message to be given back to its sender.</summary>
    public async ValueTask ReturnAsync(Lease lease, CancellationToken cancel)
    {
        var notices = await notifier.ReturnAsync(lease, cancel);
        bool applied = await ApplyAsync(lease, new Settlement
        {
            Recipients = [.. lease.Pending.Select(i => new RecipientUpdate(i, RecipientStatus.Bounced, "returned by the operator"))],
            CountsAsAttempt = false,
            NewMessages = notices.Messages,
        }, cancel);
        if (applied) Tell(lease, notices);
    }

    /// <summary>Moves recipients to other destinations; they are due there at once.</summary>
    public async ValueTask RerouteAsync(Lease lease, IReadOnlyList<RecipientUpdate> moves, DateTimeOffset due, CancellationToken cancel) =>
        await ApplyAsync(lease, new Settlement { Recipients = moves, NextDue = due, CountsAsAttempt = false }, cancel);

    private static (int Waiting, int Bounced) Count(Attempt attempt)
    {
        int waiting = 0, bounced = 0;
        foreach (ref readonly var outcome in attempt.Outcomes)
        {
            if (outcome.Disposition == Disposition.RetryLater) waiting++;
            else if (outcome.Disposition == Disposition.Bounce) bounced++;
        }
        return (waiting, bounced);
    }

    private static bool IsDelayDue(Attempt attempt, DeliveryModel model)
    {
        var notice = model.Config.Delivery.DelayNotice;
        return notice > TimeSpan.Zero && !attempt.Lease.DelayNotified && attempt.StartedAt - attempt.Lease.Envelope.AcceptedAt >= notice;
    }

    private static RecipientUpdate[] Updates(Attempt attempt, bool withWords)
    {
        var outcomes = attempt.Outcomes;
        var updates = new RecipientUpdate[outcomes.Length];
        for (int i = 0; i < updates.Length; i++)
        {
            ref readonly var outcome = ref outcomes[i];
            updates[i] = new RecipientUpdate(outcome.Index, outcome.Disposition switch
            {
                Disposition.Delivered => RecipientStatus.Delivered,
                Disposition.Bounce => RecipientStatus.Bounced,
                _ => RecipientStatus.Waiting,
            }, withWords ? outcome.Reply?.ToString() ?? outcome.Failure?.Detail : null);
        }
        return updates;
    }

    private void Tell(Lease lease, Notices notices)
    {
        news.Bounced(lease.Id, lease.Envelope, notices.Failed);
        news.Delayed(lease.Id, lease.Envelope, notices.Late);
    }

    /// <summary>False when the lease had lapsed and nothing was applied.</summary>
    private async ValueTask<bool> ApplyAsync(Lease lease, Settlement settlement, CancellationToken cancel)
    {
        bool written = false;
        try
        {
            written = await store.SettleAsync(lease, settlement, cancel);
            if (!written) PosternLog.LeaseLapsed(logger, lease.Id, lease.Destination);
        }
        finally
        {
            if (written) _unwritten.Forget(lease);
            else _unwritten.Keep(lease, settlement);
        }
        return written;
    }
}
