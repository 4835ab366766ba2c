using System.Collections.Concurrent;
using Postern.Core.Queue;

namespace Postern.Core.Delivery;

/// <summary>
/// Recipients that an upstream has taken while the queue could not be told: the store did not write, or the lease had lapsed. In the queue they still wait,
/// and without this note the next attempt would send the message again, at every attempt until the disk has room. Kept in memory only: after a crash the
/// queue is all there is, and a message sent twice is better than one lost. Bounded; thread safe.
/// </summary>
internal sealed class UnwrittenDeliveries
{
    /// <summary>Parts remembered; with a store that refuses so many, what comes after them may be sent twice.</summary>
    private const int Most = 100_000;

    private readonly ConcurrentDictionary<(MessageId Id, string Destination), int[]> _parts = new();

    public void Keep(Lease lease, Settlement settlement)
    {
        int[] delivered = [.. settlement.Recipients.Where(r => r.Status == RecipientStatus.Delivered).Select(r => r.Index)];
        if (delivered.Length == 0 || _parts.Count >= Most) return;
        _parts.AddOrUpdate((lease.Id, lease.Destination), delivered, (_, known) => [.. known.Union(delivered)]);
    }

    /// <summary>Those of the lease's recipients that are delivered already; null when there are none.</summary>
    public RecipientUpdate[]? Of(Lease lease)
    {
        if (_parts.IsEmpty || !_parts.TryGetValue((lease.Id, lease.Destination), out int[]? delivered)) return null;
        var updates = lease.Pending.Intersect(delivered).Select(i => new RecipientUpdate(i, RecipientStatus.Delivered)).ToArray();
        if (updates.Length > 0) return updates;
        Forget(lease);
        return null;
    }

    public void Forget(Lease lease)
    {
        if (!_parts.IsEmpty) _parts.TryRemove((lease.Id, lease.Destination), out _);
    }
}
