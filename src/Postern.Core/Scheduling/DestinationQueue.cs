using Postern.Core.Routing;
using Postern.Core.Shaping;

namespace Postern.Core.Scheduling;

/// <summary>
/// What waits for one destination, and how many session loops work on it. Lives while something waits or works; everything but the
/// name is guarded by the scheduler's lock. Times are Unix milliseconds.
/// </summary>
internal sealed class DestinationQueue
{
    /// <summary>Parts that become ready in one look at most, so that the lock is held briefly when a million fall due together.</summary>
    private const int MostMovedAtOnce = 256;

    private readonly PartHeap _later = new(PartOrder.Due);
    private readonly PartHeap _ready = new(PartOrder.Turn);
    private SessionLimits? _limits;
    private int _limit;
    private int _cursor;

    public DestinationQueue(string name)
    {
        Name = name;
        IsKnown = Destination.TryParse(name, out var destination);
        Destination = destination;
    }

    public string Name { get; }
    public Destination Destination { get; }

    /// <summary>False when the key is not one of ours: its mail is routed anew when leased.</summary>
    public bool IsKnown { get; }

    /// <summary>Session loops that work on this destination.</summary>
    public int Workers { get; set; }

    /// <summary>When the last one was started.</summary>
    public long GrownAt { get; set; }

    /// <summary>Until when no loop is started; zero when the way is open.</summary>
    public long GatedUntil { get; set; }

    /// <summary>The destination could not be reached when last tried: one loop at a time may try, besides those that have a session.</summary>
    public bool HalfOpen { get; set; }

    /// <summary>That loop is at work.</summary>
    public bool Probing { get; set; }

    /// <summary>The operator asked for an attempt now, whatever the upstream's gate says. Taken by the next attempt.</summary>
    public bool RetryAsked { get; set; }

    /// <summary>Waits in the scheduler's line for a free session.</summary>
    public bool InLine { get; set; }

    /// <summary>The wake-up that counts, of those set; zero for none.</summary>
    public long Wake { get; set; }

    public int Ready => _ready.Count;
    public int Count => _ready.Count + _later.Count;
    public bool IsIdle => Workers == 0 && Count == 0;
    public long FirstReadyDue => _ready.First.Due;

    public void Add(in WaitingPart part, long now) => (part.Due <= now ? _ready : _later).Add(part);

    public WaitingPart Take() => _ready.TakeFirst();

    /// <summary>Moves what has become due to the ready ones.</summary>
    public void MoveDue(long now)
    {
        for (int i = 0; i < MostMovedAtOnce && _later.Count > 0 && _later.First.Due <= now; i++) _ready.Add(_later.TakeFirst());
    }

    /// <summary>When the next part that is not ready is due; <see cref="long.MaxValue"/> for none.</summary>
    public long NextDue => _later.Count > 0 ? _later.First.Due : long.MaxValue;

    public int Limit(SessionLimits limits)
    {
        if (ReferenceEquals(limits, _limits)) return _limit;
        _limits = limits;
        return _limit = IsKnown ? limits.For(Destination) : 1;
    }

    /// <summary>When the oldest message that waits was accepted; a scan, for snapshots only. <see cref="long.MaxValue"/> for none.</summary>
    public long OldestAccepted()
    {
        long oldest = long.MaxValue;
        foreach (ref readonly var part in _ready.Items) oldest = Math.Min(oldest, part.Accepted);
        foreach (ref readonly var part in _later.Items) oldest = Math.Min(oldest, part.Accepted);
        return oldest;
    }

    /// <summary>
    /// Takes out, of the next <paramref name="look"/> parts after the last scan, those for which time has run out although nothing can be
    /// sent: expired, or in need of a delay notice.
    /// </summary>
    public void TakeOverdue(in OverdueRule rule, ref int look, ref int room, List<WaitingPart> into)
    {
        int todo = Math.Min(look, Count);
        look -= todo;
        while (todo-- > 0 && room > 0 && Count > 0)
        {
            if (_cursor >= Count) _cursor = 0;
            bool fromReady = _cursor < _ready.Count;
            var heap = fromReady ? _ready : _later;
            int index = fromReady ? _cursor : _cursor - _ready.Count;
            if (rule.Applies(heap.Items[index]))
            {
                into.Add(heap.TakeAt(index));
                room--;
            }
            else
            {
                _cursor++;
            }
        }
    }
}

/// <summary>When a part that cannot be sent needs us all the same.</summary>
/// <param name="DelayNotice">Age in milliseconds for the delay notice; zero for never.</param>
internal readonly record struct OverdueRule(long Now, long DelayNotice)
{
    public bool Applies(in WaitingPart part) =>
        part.Expires <= Now
        || (part.Notes & Queue.FilingNotes.BounceRequested) != 0
        || (DelayNotice > 0 && (part.Notes & Queue.FilingNotes.DelayNotified) == 0 && part.Accepted + DelayNotice <= Now);
}
