using Postern.Diagnosis.Evidence;

namespace Postern.Core.Queue;

/// <summary>Which messages. Absent members match all. Text matches without case; a leading or trailing * is a wildcard.</summary>
public sealed record QueueQuery
{
    public MessageId? Id { get; init; }

    /// <summary>Any of these; null for all.</summary>
    public IReadOnlyList<MessageId>? Ids { get; init; }

    /// <summary>Words, all of which occur somewhere: in the id, sender, user, client, a recipient, a destination, the upstream, cause or reply of the last attempt.</summary>
    public string? Text { get; init; }
    public string? Destination { get; init; }
    public string? Sender { get; init; }
    public string? Recipient { get; init; }

    /// <summary>The authenticated user who handed it in.</summary>
    public string? User { get; init; }

    /// <summary>The client's address.</summary>
    public string? Client { get; init; }

    /// <summary>Whose turn it is (<see cref="TenantTag"/>): the user, else the sender's domain, else the client.</summary>
    public string? Tenant { get; init; }

    /// <summary>Upstream or MX host of the last attempt.</summary>
    public string? Upstream { get; init; }

    /// <summary>Cause id of the last attempt's failure.</summary>
    public string? Cause { get; init; }

    /// <summary>What was last said of it.</summary>
    public string? Reply { get; init; }
    public QueueState? State { get; init; }
    public TimeSpan? OlderThan { get; init; }
    public TimeSpan? YoungerThan { get; init; }

    /// <summary>At least so many bytes.</summary>
    public long? MinBytes { get; init; }

    /// <summary>At most so many bytes.</summary>
    public long? MaxBytes { get; init; }

    /// <summary>None accepted after this one.</summary>
    public MessageId? UpTo { get; init; }

    /// <summary>Page size of <c>ListAsync</c>, 1 to <see cref="MaxLimit"/>; not used elsewhere.</summary>
    public int Limit { get; init; } = 100;

    public const int MaxLimit = 1001;

    /// <summary>Continue behind this id.</summary>
    public MessageId? After { get; init; }

    /// <summary>Ids descend; without it they ascend, which is by age.</summary>
    public bool NewestFirst { get; init; }
}

/// <summary>How much matches a query.</summary>
/// <param name="Bytes">Of the messages themselves.</param>
/// <param name="Last">The youngest that matches; null for none.</param>
public readonly record struct QueueTally(long Messages, long Bytes, long Waiting, long Deferred, long Leased, long Held, MessageId? Last);

/// <summary>A message's state as an operator sees it.</summary>
public enum QueueState : byte { Waiting, Deferred, Leased, Held }

public enum QueueAction : byte { Retry, Hold, Release, Bounce, Remove }

public sealed record MessageSummary(MessageId Id, string Sender, DateTimeOffset AcceptedAt, long SizeBytes, QueueState State, int RecipientsWaiting, int RecipientsTotal, IReadOnlyList<string> Destinations, int Attempts, DateTimeOffset? NextDue, string? LastReply)
{
    /// <summary>The first of them; see <see cref="MostRecipients"/>.</summary>
    public IReadOnlyList<string> Recipients { get; init; } = [];

    /// <summary>Cause id of the last attempt's failure.</summary>
    public string? Cause { get; init; }

    /// <summary>Upstream or MX host of the last attempt.</summary>
    public string? Upstream { get; init; }
    public string? User { get; init; }
    public string? ClientAddress { get; init; }
    public int Priority { get; init; }

    public const int MostRecipients = 3;
}

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
