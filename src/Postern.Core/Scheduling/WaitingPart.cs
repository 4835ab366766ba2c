using Postern.Core.Queue;

namespace Postern.Core.Scheduling;

/// <summary>
/// A filed part as the scheduler keeps it: 24 bytes, so that a million of them are 24 MB. Times are Unix milliseconds. <c>_due</c> holds from the top
/// the time (43 bits, which last until 2248), the priority (five) and the tenant (16); <c>_expires</c> the time and the notes (three).
/// </summary>
internal readonly struct WaitingPart
{
    private const int TenantBits = 16, PriorityBits = 5, NoteBits = 3;
    private const long Latest = (1L << (64 - PriorityBits - TenantBits)) - 1;
    private readonly ulong _due;
    private readonly long _expires;

    public WaitingPart(in ScheduleEntry entry)
    {
        Id = entry.Id;
        int priority = Math.Clamp(entry.Priority, MessagePriority.Lowest, MessagePriority.Highest) - MessagePriority.Lowest;
        long due = Math.Clamp(entry.Due.ToUnixTimeMilliseconds(), 0, Latest);
        _due = ((ulong)due << (PriorityBits + TenantBits)) | ((ulong)priority << TenantBits) | entry.Tenant;
        _expires = (entry.Expires.ToUnixTimeMilliseconds() << NoteBits) | ((long)entry.Notes & 7);
    }

    public MessageId Id { get; }
    public long Due => (long)(_due >> (PriorityBits + TenantBits));
    public int Priority => (int)((_due >> TenantBits) & 31) + MessagePriority.Lowest;

    /// <summary>Whose it is, see <see cref="TenantTag"/>.</summary>
    public ushort Tenant => (ushort)_due;

    public long Expires => _expires >> NoteBits;
    public FilingNotes Notes => (FilingNotes)(_expires & 7);

    /// <summary>When the message was accepted: an id carries it.</summary>
    public long Accepted => Id.Value >> 22;
}
