using Postern.Diagnosis.Evidence;

namespace Postern.Core.Queue;

/// <summary>Which messages. Absent members match all. Text matches without case; a leading or trailing * is a wildcard.</summary>
public sealed record QueueQuery
{
    public MessageId? Id { get; init; }
    public string? Destination { get; init; }
    public string? Sender { get; init; }
    public string? Recipient { get; init; }
    public QueueState? State { get; init; }
    public TimeSpan? OlderThan { get; init; }

    /// <summary>Page size of <c>ListAsync</c>, 1-1000; not used by <c>UpdateAsync</c>.</summary>
    public int Limit { get; init; } = 100;

    /// <summary>Continue after this id (ids ascend).</summary>
    public MessageId? After { get; init; }
}

/// <summary>A message's state as an operator sees it.</summary>
public enum QueueState : byte { Waiting, Deferred, Leased, Held }

public enum QueueAction : byte { Retry, Hold, Release, Bounce, Remove }

public sealed record MessageSummary(MessageId Id, string Sender, DateTimeOffset AcceptedAt, long SizeBytes, QueueState State, int RecipientsWaiting, int RecipientsTotal, IReadOnlyList<string> Destinations, int Attempts, DateTimeOffset? NextDue, string? LastReply);

public sealed record RecipientDetails(string Address, string Destination, RecipientStatus Status, string? LastReply);

public sealed record MessageDetails(MessageSummary Summary, QueuedEnvelope Envelope, IReadOnlyList<RecipientDetails> Recipients, IReadOnlyList<AttemptEvidence> Attempts);

/// <summary>A message's bytes, pinned on disk until disposed.</summary>
public abstract class MessageExport : IDisposable
{
    public abstract QueuedEnvelope Envelope { get; }
    public abstract Protocols.Smtp.MessageContent Content { get; }
    public abstract void Dispose();
}

/// <summary>Cheap to take: counters kept as things happen.</summary>
public sealed record QueueStats
{
    public long Messages { get; init; }
    public long Held { get; init; }
    public long Leased { get; init; }
    public DateTimeOffset? OldestAcceptedAt { get; init; }
    public long LiveBytes { get; init; }
    public long DiskBytes { get; init; }
    public long FreeDiskBytes { get; init; }
    public bool AcceptsMail { get; init; } = true;
    public long Accepted { get; init; }
    public long Syncs { get; init; }
    public long SetAside { get; init; }
    public IReadOnlyDictionary<string, long> ByDestination { get; init; } = new Dictionary<string, long>();
}
