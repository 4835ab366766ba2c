using Postern.Diagnosis.Evidence;

namespace Postern.Api;

/// <summary>A page of waiting messages.</summary>
/// <param name="Messages">Oldest first, or newest first where that was asked for.</param>
/// <param name="Next">Give it as 'after' to continue; null at the end.</param>
public sealed record QueuePageContract(IReadOnlyList<QueueItemContract> Messages, string? Next)
{
    /// <summary>How many match in all; only where 'count' was asked for.</summary>
    public QueueTallyContract? Total { get; init; }
}

/// <summary>How much matches.</summary>
public sealed record QueueTallyContract
{
    public required long Messages { get; init; }

    /// <summary>Of the messages themselves.</summary>
    public required long Bytes { get; init; }
    public required long Waiting { get; init; }
    public required long Deferred { get; init; }

    /// <summary>Being delivered now.</summary>
    public required long Leased { get; init; }
    public required long Held { get; init; }

    /// <summary>Id of the youngest; as 'up_to' of an action it keeps the action to what was counted. Absent when nothing matches.</summary>
    public string? UpTo { get; init; }
}

/// <summary>A waiting message.</summary>
public sealed record QueueItemContract
{
    public required string Id { get; init; }

    /// <summary>Empty for a bounce.</summary>
    public required string Sender { get; init; }
    public required DateTimeOffset AcceptedAt { get; init; }
    public required long SizeBytes { get; init; }

    /// <summary>waiting, deferred, leased (being delivered now) or held.</summary>
    public required string State { get; init; }
    public required int RecipientsWaiting { get; init; }
    public required int RecipientsTotal { get; init; }

    /// <summary>The first of them.</summary>
    public IReadOnlyList<string> Recipients { get; init; } = [];

    /// <summary>Scheduling keys such as pool:provider and mx:example.org.</summary>
    public required IReadOnlyList<string> Destinations { get; init; }
    public required int Attempts { get; init; }
    public DateTimeOffset? NextDue { get; init; }
    public string? LastReply { get; init; }

    /// <summary>Cause id of the last attempt's failure.</summary>
    public string? Cause { get; init; }

    /// <summary>Upstream or MX host of the last attempt.</summary>
    public string? Upstream { get; init; }

    /// <summary>Who handed it in, when authenticated.</summary>
    public string? User { get; init; }
    public string? ClientAddress { get; init; }

    /// <summary>-9 to 9; higher ones go first.</summary>
    public int Priority { get; init; }
}

/// <summary>All that is known of a waiting message.</summary>
public sealed record QueueDetailsContract
{
    public required QueueItemContract Message { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
    public string? ClientAddress { get; init; }
    public string? ClientHello { get; init; }
    public string? User { get; init; }
    public required string Listener { get; init; }
    public required string Protocol { get; init; }
    public string? EnvelopeId { get; init; }
    public required IReadOnlyList<RecipientContract> Recipients { get; init; }

    /// <summary>The last attempts that did not deliver outright, oldest first; at most eight are kept.</summary>
    public required IReadOnlyList<AttemptEvidence> Attempts { get; init; }
}

/// <param name="Status">waiting, delivered, bounced, held or removed.</param>
public sealed record RecipientContract(string Address, string Destination, string Status, string? LastReply);

/// <summary>Which messages; absent members match all. Text matches without case, and * at either end stands for anything.</summary>
public record QueueFilterContract
{
    /// <summary>Any of these ids.</summary>
    public IReadOnlyList<string>? Ids { get; init; }

    /// <summary>Words that all occur in the id, sender, user, client, a recipient, a destination, or the upstream, cause or reply of the last attempt.</summary>
    public string? Q { get; init; }

    /// <summary>Scheduling key, such as pool:provider or mx:example.org.</summary>
    public string? Destination { get; init; }

    /// <summary>Sender's address; &lt;&gt; for bounces.</summary>
    public string? Sender { get; init; }

    /// <summary>Address of some recipient.</summary>
    public string? Recipient { get; init; }

    /// <summary>The authenticated user who handed it in.</summary>
    public string? User { get; init; }

    /// <summary>The client's address.</summary>
    public string? Client { get; init; }

    /// <summary>Whose turn it takes: exactly the user, else the sender's domain, else the client.</summary>
    public string? Tenant { get; init; }

    /// <summary>Upstream or MX host of the last attempt.</summary>
    public string? Upstream { get; init; }

    /// <summary>Cause id of the last attempt's failure, such as rate-limited.</summary>
    public string? Cause { get; init; }

    /// <summary>What was last said of it.</summary>
    public string? Reply { get; init; }

    /// <summary>waiting, deferred, leased or held.</summary>
    public string? State { get; init; }

    /// <summary>Accepted longer ago than this, such as 4h.</summary>
    public string? OlderThan { get; init; }

    /// <summary>Accepted less long ago than this, such as 30m.</summary>
    public string? YoungerThan { get; init; }

    /// <summary>At least this large, such as 1MiB.</summary>
    public string? MinSize { get; init; }

    /// <summary>At most this large.</summary>
    public string? MaxSize { get; init; }

    /// <summary>None accepted after the message with this id.</summary>
    public string? UpTo { get; init; }
}

/// <summary>An action on waiting messages. Without any filter nothing is done unless <see cref="All"/> is true.</summary>
public sealed record QueueActionContract : QueueFilterContract
{
    /// <summary>retry, hold, release, bounce or remove.</summary>
    public required string Action { get; init; }

    /// <summary>Every message.</summary>
    public bool? All { get; init; }

    /// <summary>Only count what would be taken.</summary>
    public bool? DryRun { get; init; }
}

/// <summary>What became of an action so far.</summary>
public sealed record QueueActionResultContract
{
    /// <summary>Asks for its progress: GET /api/v1/queue/operations/ID. Absent for a dry run.</summary>
    public string? Operation { get; init; }
    public required string Action { get; init; }

    /// <summary>dry_run, running, done, cancelled or failed.</summary>
    public required string State { get; init; }

    /// <summary>Messages that it was carried out on by now; of a dry run: that it would be.</summary>
    public required long Messages { get; init; }

    /// <summary>What matched when it began. Messages that leave before their turn are not among those done.</summary>
    public QueueTallyContract? Matching { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Why it failed.</summary>
    public string? Problem { get; init; }
}

/// <summary>Actions that go on or ended lately, newest first.</summary>
public sealed record QueueOperationsContract(IReadOnlyList<QueueActionResultContract> Operations);
