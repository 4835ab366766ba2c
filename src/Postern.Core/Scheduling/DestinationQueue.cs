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

    private readonly PartHeap _later = new();
    private readonly ReadyParts _ready = new();
    private SessionLimits? _limits;
    private int _limit;
    private int _cursor;
    private long _backlogBefore;

    /// <param name="backlogBefore">Parts accepted earlier waited while nothing could be sent, see <see cref="BeginBacklog"/>; zero for none.</param>
    public DestinationQueue(string name, Standing standing = Standing.New, long backlogBefore = 0)
    {
        Name = name;
        Standing = standing;
        _backlogBefore = backlogBefore;
        IsKnown = Destination.TryParse(name, out var destination);
        Destination = destination;
    }

    public string Name { get; }
    public Destination Destination { get; }

    /// <summary>False when the key is not one of ours: its mail is routed anew when leased.</summary>
    public bool IsKnown { get; }

    /// <summary>Session loops that work on this destination.</summary>
    public int Workers { get; set; }

    /// <summary>What is known of the way there.</summary>
    public Standing Standing { get; set; }

    /// <summary>When the last one was started.</summary>
    public long GrownAt { get; set; }

    /// <summary>Until when no loop is started; zero when the way is open.</summary>
    public long GatedUntil { get; set; }

    /// <summary>The destination could not be reached when last tried: one loop at a time may try, besides those that have a session.</summary>
    public bool HalfOpen { get; set; }

    /// <summary>Until when nothing is given out, because of a limit of the upstream; zero for no pause. Unlike a gate it says nothing against the way there.</summary>
    public long PausedUntil { get; set; }

    /// <summary>Session loops that the upstream is known to allow now; null for no more than the configuration says. At least one counts: a destination that may have none is paused.</summary>
    public int? MaxWorkers { get; set; }

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

    public void Add(in WaitingPart part, TenantWeights weights, long now)
    {
        if (part.Due <= now) _ready.Add(part, weights, _backlogBefore);
        else _later.Add(part);
    }

    public WaitingPart Take(TenantWeights weights) => _ready.Take(weights);

    /// <summary>True when some part has been due since then.</summary>
    public bool HasDueSince(long time) => _ready.HasDueSince(time);

    /// <summary>Nothing could be sent until now: what was accepted before is served first, but for each fourth turn, which is for what came since.</summary>
    public void BeginBacklog(long now)
    {
        _backlogBefore = now;
        _ready.BeginBacklog();
    }

    /// <summary>Moves what has become due to the ready ones.</summary>
    public void MoveDue(TenantWeights weights, long now)
    {
        for (int i = 0; i < MostMovedAtOnce && _later.Count > 0 && _later.First.Due <= now; i++) _ready.Add(_later.TakeFirst(), weights, _backlogBefore);
    }

    /// <summary>When the next part that is not ready is due; <see cref="long.MaxValue"/> for none.</summary>
    public long NextDue => _later.Count > 0 ? _later.First.Due : long.MaxValue;

    /// <summary>Session loops it may have now.</summary>
    public int Limit(SessionLimits limits)
    {
        if (!ReferenceEquals(limits, _limits))
        {
            _limits = limits;
            _limit = IsKnown ? limits.For(Destination) : 1;
        }
        return MaxWorkers is { } allowed ? Math.Min(_limit, Math.Max(allowed, 1)) : _limit;
    }

    /// <summary>What it weighs when all sessions are in use.</summary>
    public double Weight(SessionLimits limits) => limits.WeightOf(IsKnown ? limits.For(Destination) : 1);

    /// <summary>When a loop may be started; not in the future when that is now.</summary>
    public long ClosedUntil => Math.Max(GatedUntil, PausedUntil);

    /// <summary>When the oldest message that waits was accepted; a scan, for snapshots only. <see cref="long.MaxValue"/> for none.</summary>
    public long OldestAccepted()
    {
        long oldest = long.MaxValue;
        foreach (var heap in Heaps())
        {
            foreach (ref readonly var part in heap.Items) oldest = Math.Min(oldest, part.Accepted);
        }
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
        while (todo > 0 && room > 0 && Count > 0)
        {
            if (_cursor >= Count) _cursor = 0;
            int before = 0;
            foreach (var heap in Heaps())
            {
                int index = Math.Max(_cursor - before, 0);
                while (index < heap.Count && todo > 0 && room > 0)
                {
                    todo--;
                    if (rule.Applies(heap.Items[index]))
                    {
                        into.Add(heap.TakeAt(index));
                        room--;
                    }
                    else
                    {
                        _cursor = before + ++index;
                    }
                }
                before += heap.Count;
            }
            _ready.Tidy();
        }
    }

    private IEnumerable<PartHeap> Heaps() => _ready.Heaps().Append(_later);
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
