namespace Postern.Core.Queue.Embedded;

public sealed partial class EmbeddedQueueStore
{
    /// <summary>Changes on their way to the journal at once: it may be slower than we are, and a million of them must not wait in memory.</summary>
    private const int UpdatesAtOnce = 1024;

    public async ValueTask<int> UpdateAsync(QueueQuery query, QueueAction action, CancellationToken cancel, Action<int>? progress = null)
    {
        int count = 0;
        // What comes from now on is not meant; without an end this would never catch up with a busy relay.
        var upTo = new MessageId(Math.Min(query.UpTo?.Value ?? long.MaxValue, Interlocked.Read(ref _lastId)));
        query = query with { UpTo = upTo, After = null, NewestFirst = false };
        var match = new QueryMatch(query, _time.GetUtcNow());
        var walk = new MessageWalk(query, match);
        try
        {
            while (Next(walk))
            {
                foreach (var (message, isSure, _) in walk.Found)
                {
                    cancel.ThrowIfCancellationRequested();
                    if (!await UpdateAsync(message, isSure ? null : match, query.Destination, action).ConfigureAwait(false) || ++count % UpdatesAtOnce != 0) continue;
                    await Journal.FlushAsync(stable: false).ConfigureAwait(false);
                    progress?.Invoke(count);
                }
            }
        }
        finally
        {
            if (count > 0) await Journal.FlushAsync(stable: true).ConfigureAwait(false);
            progress?.Invoke(count);
        }
        return count;
    }

    /// <param name="match">Null when it is known to match.</param>
    private async ValueTask<bool> UpdateAsync(WaitingMessage message, QueryMatch? match, string? destination, QueueAction action)
    {
        if (await HoldStateAsync(message).ConfigureAwait(false) is not { } state) return false;
        lock (_gate)
        {
            try
            {
                if (message.IsGone || match?.CheckState(message, state) == false) return false;
                UpdateNeedsLock(message, state, destination, action);
            }
            finally
            {
                DropStateNeedsLock(message, state);
            }
        }
        File(message);
        return true;
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
            else if (action != QueueAction.Hold || !part.IsHeld)
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
