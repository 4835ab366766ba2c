using Postern.Diagnosis.Evidence;

namespace Postern.Core.Queue.Embedded;

public sealed partial class EmbeddedQueueStore
{
    public async ValueTask<IReadOnlyList<MessageSummary>> ListAsync(QueueQuery query, CancellationToken cancel)
    {
        int limit = Math.Clamp(query.Limit, 1, QueueQuery.MaxLimit);
        var found = new List<MessageSummary>();
        var match = new QueryMatch(query, _time.GetUtcNow());
        var walk = new MessageWalk(query, match);
        while (found.Count < limit && Next(walk))
        {
            cancel.ThrowIfCancellationRequested();
            foreach (var (message, isSure, _) in walk.Found)
            {
                if (await HoldStateAsync(message).ConfigureAwait(false) is not { } state) continue;
                lock (_gate)
                {
                    if (!message.IsGone && (isSure || match.CheckState(message, state))) found.Add(Summarize(message, state));
                    DropStateNeedsLock(message, state);
                }
                if (found.Count == limit) break;
            }
        }
        return found;
    }

    public async ValueTask<QueueTally> CountAsync(QueueQuery query, CancellationToken cancel)
    {
        long bytes = 0, last = long.MinValue;
        var states = new long[4];
        var match = new QueryMatch(query, _time.GetUtcNow());
        var walk = new MessageWalk(query with { NewestFirst = false, After = null }, match);
        while (Next(walk))
        {
            cancel.ThrowIfCancellationRequested();
            foreach (var (message, isSure, state) in walk.Found)
            {
                if (!isSure && !await IsMatchAsync(message, match).ConfigureAwait(false)) continue;
                states[(int)state]++;
                bytes += message.ContentBytes;
                last = Math.Max(last, message.Id.Value);
            }
        }
        long messages = states.Sum();
        return new QueueTally(messages, bytes, states[(int)QueueState.Waiting], states[(int)QueueState.Deferred], states[(int)QueueState.Leased], states[(int)QueueState.Held], messages > 0 ? new MessageId(last) : null);
    }

    public async ValueTask<MessageDetails?> ShowAsync(MessageId id, CancellationToken cancel)
    {
        if (Find(id) is not { } message || await HoldStateAsync(message).ConfigureAwait(false) is not { } state) return null;
        MessageSummary summary;
        QueuedEnvelope envelope;
        RecipientDetails[] recipients;
        byte[][] evidence;
        lock (_gate)
        {
            if (message.IsGone) return null;
            state.Freeze();
            envelope = state.Envelope;
            summary = Summarize(message, state);
            recipients = new RecipientDetails[envelope.Recipients.Count];
            for (int i = 0; i < recipients.Length; i++)
            {
                var recipient = envelope.Recipients[i];
                bool held = recipient.Status == RecipientStatus.Waiting && message.Find(recipient.Destination) is >= 0 and var part && message.Part(part).IsHeld;
                recipients[i] = new RecipientDetails(recipient.Address.Address, recipient.Destination, held ? RecipientStatus.Held : recipient.Status, state.Replies?[i]);
            }
            evidence = [.. state.Evidence];
            DropStateNeedsLock(message, state);
        }
        var attempts = new List<AttemptEvidence>(evidence.Length);
        foreach (byte[] compressed in evidence)
        {
            if (EvidenceCodec.Expand(compressed) is not { } attempt) continue;
            attempts.AddRange(attempt.Earlier ?? []);
            attempts.Add(attempt with { Earlier = null });
        }
        return new MessageDetails(summary, envelope, recipients, attempts);
    }

    public async ValueTask<MessageExport?> ExportAsync(MessageId id, CancellationToken cancel)
    {
        if (Find(id) is not { } message || await HoldStateAsync(message).ConfigureAwait(false) is not { } state) return null;
        lock (_gate)
        {
            EmbeddedExport? export = null;
            if (!message.IsGone)
            {
                state.Freeze();
                export = new EmbeddedExport(state.Envelope, new JournalContent(Journal, message, state));
            }
            DropStateNeedsLock(message, state);
            return export;
        }
    }

    private WaitingMessage? Find(MessageId id)
    {
        lock (_gate) return _messages.Find(id.Value);
    }

    /// <summary>The next messages of a walk that match or may match. False at its end.</summary>
    private bool Next(MessageWalk walk)
    {
        walk.Found.Clear();
        while (walk.Found.Count == 0 && !walk.IsOver)
        {
            lock (_gate) walk.StepNeedsLock(_messages);
        }
        return walk.Found.Count > 0;
    }

    private async ValueTask<bool> IsMatchAsync(WaitingMessage message, QueryMatch match)
    {
        if (await HoldStateAsync(message).ConfigureAwait(false) is not { } state) return false;
        lock (_gate)
        {
            bool matches = !message.IsGone && match.CheckState(message, state);
            DropStateNeedsLock(message, state);
            return matches;
        }
    }

    private static MessageSummary Summarize(WaitingMessage message, MessageState state)
    {
        var destinations = new List<string>(message.PartCount);
        int attempts = 0;
        long due = long.MaxValue;
        for (int i = 0; i < message.PartCount; i++)
        {
            ref var part = ref message.Part(i);
            destinations.Add(part.Destination.Key);
            attempts = Math.Max(attempts, part.Attempts);
            if (!part.IsHeld) due = Math.Min(due, part.DueMs);
        }
        var recipients = state.Envelope.Recipients;
        return new MessageSummary(
            message.Id, state.Envelope.From.Address, state.Envelope.AcceptedAt, state.ContentBytes, message.QueueState,
            state.Count(RecipientStatus.Waiting) + state.Count(RecipientStatus.Held), recipients.Count, destinations, attempts,
            due == long.MaxValue ? null : DateTimeOffset.FromUnixTimeMilliseconds(due), state.LastReply)
        {
            Recipients = [.. recipients.Take(MessageSummary.MostRecipients).Select(r => r.Address.Address)],
            Cause = message.Mark?.Cause,
            Upstream = message.Mark?.Upstream,
            User = state.Envelope.Origin.User,
            ClientAddress = state.Envelope.Origin.ClientAddress,
            Priority = state.Envelope.Priority,
        };
    }
}
