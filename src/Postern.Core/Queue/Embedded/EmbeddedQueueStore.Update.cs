namespace Postern.Core.Queue.Embedded;

public sealed partial class EmbeddedQueueStore
{
    public async ValueTask<int> UpdateAsync(QueueQuery query, QueueAction action, CancellationToken cancel)
    {
        int count = 0;
        foreach (var message in Candidates(query))
        {
            cancel.ThrowIfCancellationRequested();
            if (await HoldStateAsync(message).ConfigureAwait(false) is not { } state) continue;
            bool matches;
            lock (_gate)
            {
                matches = !message.IsGone && QueryMatch.Matches(query, state);
                try
                {
                    if (matches) UpdateNeedsLock(message, state, query.Destination, action);
                }
                finally
                {
                    DropStateNeedsLock(message, state);
                }
            }
            if (!matches) continue;
            count++;
            File(message);
        }
        if (count > 0) await Journal.FlushAsync(stable: true).ConfigureAwait(false);
        return count;
    }

    private void UpdateNeedsLock(WaitingMessage message, MessageState state, string? destination, QueueAction action)
    {
        var before = Remember(message);
        bool changed = false;
        for (int i = message.PartCount - 1; i >= 0 && !message.IsGone; i--)
        {
            ref var part = ref message.Part(i);
            if (destination is not null && !QueryMatch.Like(part.Destination.Key, destination)) continue;
            if (part.Lease is not null) part.Wish = (byte)((byte)action + 1);
            else
            {
                ActNeedsLock(message, state, i, action);
                changed = true;
            }
        }
        if (!changed) return;
        try
        {
            Record(message, state, before, AppendUrgency.Lazy, []);
        }
        catch (StoreException)
        {
            Restore(message, before);
            throw;
        }
    }

    /// <summary>Carries an action out on one part that is not leased. May end the message; recording it is the caller's.</summary>
    private void ActNeedsLock(WaitingMessage message, MessageState state, int index, QueueAction action)
    {
        ref var part = ref message.Part(index);
        part.Wish = 0;
        switch (action)
        {
            case QueueAction.Retry:
                part.DueMs = NowMs;
                part.IsRetryAsked = true;
                break;
            case QueueAction.Hold:
                part.Flags |= PartFlags.Held;
                break;
            case QueueAction.Release:
            case QueueAction.Bounce:
                part.Flags &= ~PartFlags.Held;
                if (action == QueueAction.Bounce) part.Flags |= PartFlags.BounceRequested;
                part.DueMs = NowMs;
                Restate(state, part.Destination.Key, RecipientStatus.Held, RecipientStatus.Waiting);
                break;
            case QueueAction.Remove:
                string key = part.Destination.Key;
                Restate(state, key, RecipientStatus.Waiting, RecipientStatus.Removed);
                Restate(state, key, RecipientStatus.Held, RecipientStatus.Removed);
                Regroup(message, state, part.DueMs, part.Attempts);
                break;
        }
    }

    private static void Restate(MessageState state, string destination, RecipientStatus from, RecipientStatus to)
    {
        foreach (int index in state.Indices(destination, from)) state.Change(index, to, state.Envelope.Recipients[index].Destination, null);
    }
}
