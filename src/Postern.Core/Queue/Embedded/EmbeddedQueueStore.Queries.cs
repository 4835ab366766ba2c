using Postern.Diagnosis.Evidence;

namespace Postern.Core.Queue.Embedded;

public sealed partial class EmbeddedQueueStore
{
    public async ValueTask<IReadOnlyList<MessageSummary>> ListAsync(QueueQuery query, CancellationToken cancel)
    {
        int limit = Math.Clamp(query.Limit, 1, 1000);
        var found = new List<MessageSummary>();
        foreach (var message in Candidates(query))
        {
            cancel.ThrowIfCancellationRequested();
            if (await HoldStateAsync(message).ConfigureAwait(false) is not { } state) continue;
            lock (_gate)
            {
                if (!message.IsGone && QueryMatch.Matches(query, state)) found.Add(Summarize(message, state));
                DropStateNeedsLock(message, state);
            }
            if (found.Count == limit) break;
        }
        return found;
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
        lock (_gate) return _messages.GetValueOrDefault(id.Value);
    }

    /// <summary>What memory alone cannot rule out, by ascending id.</summary>
    private List<WaitingMessage> Candidates(QueueQuery query)
    {
        var candidates = new List<WaitingMessage>();
        long newest = query.OlderThan is { } age ? (NowMs - (long)age.TotalMilliseconds) << 22 : long.MaxValue;
        lock (_gate)
        {
            if (query.Id is { } id)
            {
                if (_messages.TryGetValue(id.Value, out var one) && QueryMatch.MayMatch(query, one, newest)) candidates.Add(one);
                return candidates;
            }
            foreach (var message in _messages.Values)
            {
                if (QueryMatch.MayMatch(query, message, newest)) candidates.Add(message);
            }
        }
        candidates.Sort(static (a, b) => a.Id.CompareTo(b.Id));
        return candidates;
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
        string? lastReply = null;
        var recipients = state.Envelope.Recipients;
        for (int i = 0; i < recipients.Count; i++)
        {
            if (state.Replies?[i] is { } reply && (lastReply is null || recipients[i].Status == RecipientStatus.Waiting)) lastReply = reply;
        }
        return new MessageSummary(
            message.Id, state.Envelope.From.Address, state.Envelope.AcceptedAt, state.ContentBytes, message.QueueState,
            state.Count(RecipientStatus.Waiting) + state.Count(RecipientStatus.Held), recipients.Count, destinations, attempts,
            due == long.MaxValue ? null : DateTimeOffset.FromUnixTimeMilliseconds(due), lastReply);
    }
}
