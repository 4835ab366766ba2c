using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;

namespace Postern.Core.Queue;

/// <summary>What the scheduler must know of a filed part without leasing it.</summary>
[Flags]
public enum FilingNotes : byte
{
    None = 0,

    /// <summary>The delay DSN of this part has been sent.</summary>
    DelayNotified = 1,

    /// <summary>The operator asked for an attempt now: the upstream's gate is opened for it.</summary>
    RetryRequested = 2,

    /// <summary>The operator asked for it to be bounced: done even while the upstream is down.</summary>
    BounceRequested = 4,
}

/// <summary>
/// One part of a message is due: the recipients that share a destination. The unit of scheduling and leasing.
/// </summary>
/// <param name="Destination">Interned: equal keys are the same object.</param>
/// <param name="Due">When the next attempt may be made.</param>
/// <param name="Expires">When the message expires.</param>
/// <param name="Tenant">Whose mail it is, see <see cref="TenantTag"/>.</param>
public readonly record struct ScheduleEntry(MessageId Id, string Destination, DateTimeOffset Due, DateTimeOffset Expires, int Attempts, int Priority, FilingNotes Notes = FilingNotes.None, ushort Tenant = 0);

/// <summary>
/// The durable queue. Promises: a message whose <see cref="IncomingMessage.CommitAsync"/> returned survives a kill and a power cut; a settlement is applied
/// whole or not at all; a settlement lost in a power cut means the part is attempted again, never that it is lost. Thread safe.
/// Implemented by the embedded journal engine; the shared database of a cluster is to pass the same contract tests.
/// </summary>
public interface IQueueStore : IAsyncDisposable
{
    /// <summary>Where a new message is streamed to. Null when the disk is nearly full or the queue has reached its limit: the caller answers 452 4.3.1.</summary>
    IncomingMessage? TryBegin();

    /// <summary>Hears of every part that is filed or filed anew: accepted, deferred, released, its lease expired. Called on the store's threads; must be quick and must not throw. Set once, before <see cref="StartAsync"/>.</summary>
    Action<ScheduleEntry>? Filed { set; }

    /// <summary>Recovers what is on disk and files every waiting part. Throws <see cref="StoreException"/> with a message for the operator when the data cannot be used.</summary>
    Task StartAsync(CancellationToken cancel);

    /// <summary>
    /// Takes the part for one owner. Null when it is gone, held, leased by another or not due for 'retry'. Waits while nothing can be written: what
    /// would be delivered now could not be recorded, and would be delivered again. The lease lapses after <paramref name="duration"/> unless renewed, and the part is filed again.
    /// </summary>
    ValueTask<Lease?> LeaseAsync(MessageId id, string destination, string owner, TimeSpan duration, CancellationToken cancel);

    /// <summary>False when the lease had lapsed already.</summary>
    bool Renew(Lease lease, TimeSpan duration);

    /// <summary>Gives the part back untouched; filed again at <paramref name="due"/>.</summary>
    void Release(Lease lease, DateTimeOffset due);

    /// <summary>
    /// Applies the outcome in one commit, then the lease is over. Returns when it is written; false when the lease had lapsed and nothing was applied.
    /// Delivered-only settlements may become stable a moment later than the call returns: a power cut then repeats a delivery.
    /// </summary>
    ValueTask<bool> SettleAsync(Lease lease, Settlement settlement, CancellationToken cancel);

    /// <summary>Operator's look-ups; they never slow accepting down for longer than one index batch.</summary>
    ValueTask<IReadOnlyList<MessageSummary>> ListAsync(QueueQuery query, CancellationToken cancel);

    /// <summary>How many match: a look before an action, or the number beside a page.</summary>
    ValueTask<QueueTally> CountAsync(QueueQuery query, CancellationToken cancel);

    /// <summary>Null when the id is not known (any more).</summary>
    ValueTask<MessageDetails?> ShowAsync(MessageId id, CancellationToken cancel);

    /// <summary>Random access to a waiting message's bytes, for export; null when gone. Dispose to let its disk space go.</summary>
    ValueTask<MessageExport?> ExportAsync(MessageId id, CancellationToken cancel);

    /// <summary>
    /// Applies an operator's action to every matching message that has been accepted by now; returns how many. Leased parts get it when their lease ends. One
    /// message at a time, so that mail goes on beside it; when cancelled, those that are done stay done, and the same call goes on from there.
    /// </summary>
    /// <param name="progress">Hears now and then how many are done; may be called on any thread.</param>
    ValueTask<int> UpdateAsync(QueueQuery query, QueueAction action, CancellationToken cancel, Action<int>? progress = null);

    QueueStats Stats { get; }

    /// <summary>Returns when the store has shown that it works: what writes came by, and its locks are free. Also while the disk takes nothing. For a watchdog.</summary>
    ValueTask PulseAsync() => ValueTask.CompletedTask;
}

/// <summary>A message on its way in. Not thread safe. Disposing without a commit drops it.</summary>
public abstract class IncomingMessage : IAsyncDisposable
{
    /// <summary>The id it will have, known from the start so that it can stand in the Received line.</summary>
    public abstract MessageId Id { get; }

    /// <summary>Copies the bytes; waits for the disk when it falls behind.</summary>
    public abstract ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancel);

    /// <summary>
    /// Returns when envelope and content are on stable storage, with every other commit of the moment in one sync. Throws <see cref="StoreException"/>
    /// when that failed: the message is not kept. At most once.
    /// </summary>
    public abstract ValueTask CommitAsync(QueuedEnvelope envelope, CancellationToken cancel);

    public abstract ValueTask DisposeAsync();
}

/// <summary>One part of a message, held by one owner until settled, released or lapsed. Disposing releases resources, not the lease.</summary>
public abstract class Lease : IDisposable
{
    public abstract MessageId Id { get; }
    public abstract string Destination { get; }
    public abstract QueuedEnvelope Envelope { get; }

    /// <summary>Indices into <c>Envelope.Recipients</c> of the recipients of this part that still wait; at least one.</summary>
    public abstract IReadOnlyList<int> Pending { get; }

    /// <summary>Attempts made before this one for this part.</summary>
    public abstract int Attempts { get; }

    /// <summary>True when a delay DSN has been sent for this part.</summary>
    public abstract bool DelayNotified { get; }

    /// <summary>True when the operator asked for it to be bounced now.</summary>
    public abstract bool BounceRequested { get; }

    public abstract MessageContent Content { get; }
    public abstract void Dispose();
}

/// <param name="Reply">The words that decided, for the operator's list and the DSN; at most 512 characters are kept.</param>
/// <param name="Destination">Not null to move the recipient to another destination.</param>
public readonly record struct RecipientUpdate(int Index, RecipientStatus Status, string? Reply = null, string? Destination = null);

/// <summary>A message made by us in the same commit (a bounce). Small: its content is in memory.</summary>
public sealed record GeneratedMessage(QueuedEnvelope Envelope, ReadOnlyMemory<byte> Content);

/// <summary>What became of a leased part.</summary>
public sealed record Settlement
{
    /// <summary>Only those whose status, words or destination changed; the others stay Waiting.</summary>
    public IReadOnlyList<RecipientUpdate> Recipients { get; init; } = [];

    /// <summary>When the recipients that still wait are due. Ignored when none waits.</summary>
    public DateTimeOffset NextDue { get; init; }

    /// <summary>False for an attempt that does not count against the retry schedule (upstream known to be down, rate-limited).</summary>
    public bool CountsAsAttempt { get; init; } = true;

    public bool DelayNotified { get; init; }

    /// <summary>Kept with the message when it is not delivered outright; the last eight are kept.</summary>
    public AttemptEvidence? Evidence { get; init; }

    public IReadOnlyList<GeneratedMessage> NewMessages { get; init; } = [];
}

/// <summary>Broken or full storage, data of another version, a second process on the same data. The message says what, where and how to mend it.</summary>
public sealed class StoreException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Nothing is broken: there is no room for new mail until some has gone.</summary>
    public bool IsFull { get; private init; }

    internal static StoreException Full(string path) =>
        new($"the disk of {path} is nearly full (queue.min_free); new mail is refused until space comes back") { IsFull = true };
}
