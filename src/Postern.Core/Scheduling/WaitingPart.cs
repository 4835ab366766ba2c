using Postern.Core.Queue;

namespace Postern.Core.Scheduling;

/// <summary>
/// A filed part as the scheduler keeps it: 24 bytes, so that a million of them are 24 MB. Times are Unix milliseconds; the low byte of
/// <c>_due</c> holds the priority (five bits) and the notes (three).
/// </summary>
internal readonly struct WaitingPart
{
    private readonly long _due;

    public WaitingPart(in ScheduleEntry entry)
    {
        Id = entry.Id;
        Expires = entry.Expires.ToUnixTimeMilliseconds();
        int priority = Math.Clamp(entry.Priority, -9, 9) + 9;
        _due = (entry.Due.ToUnixTimeMilliseconds() << 8) | (long)(priority << 3) | ((long)entry.Notes & 7);
    }

    public MessageId Id { get; }
    public long Expires { get; }
    public long Due => _due >> 8;
    public int Priority => (int)((_due >> 3) & 31) - 9;
    public FilingNotes Notes => (FilingNotes)(_due & 7);

    /// <summary>When the message was accepted: an id carries it.</summary>
    public long Accepted => Id.Value >> 22;
}
