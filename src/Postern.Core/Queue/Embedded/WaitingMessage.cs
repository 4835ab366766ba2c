namespace Postern.Core.Queue.Embedded;

[Flags]
internal enum PartFlags : byte { None = 0, Held = 1, DelayNotified = 2, BounceRequested = 4 }

/// <summary>The recipients of one message that share a destination, as far as scheduling needs to know.</summary>
internal struct MessagePart
{
    public DestinationCount Destination;
    public long DueMs;
    public EmbeddedLease? Lease;
    public ushort Attempts;
    public PartFlags Flags;

    /// <summary>An operator's wish for a leased part; applied when the lease ends. Zero for none, else the action plus one.</summary>
    public byte Wish;

    /// <summary>The operator asked for an attempt now; told to the scheduler with the next filing, then forgotten.</summary>
    public bool IsRetryAsked;

    public readonly bool IsHeld => (Flags & PartFlags.Held) != 0;
}

/// <summary>
/// What memory holds of a waiting message: where its records are and when its parts are due. Kept small, for there may be a million; all else is read
/// back from the journal when needed. Guarded by the store's gate.
/// </summary>
internal sealed class WaitingMessage
{
    public required MessageId Id { get; init; }
    public Location Accept { get; set; }
    public Location Snapshot { get; set; }
    public int AcceptBytes { get; set; }
    public int SnapshotBytes { get; set; }
    public Extent[]? Extents { get; set; }
    public MessageState? State { get; set; }
    public long ExpiresMs { get; init; }
    public MessagePart First;
    public MessagePart[]? More;

    /// <summary>See <see cref="SearchText"/>.</summary>
    public byte[] Text { get; init; } = [];

    /// <summary>Set through <see cref="AttemptMarks"/> only. Null before the first attempt.</summary>
    public AttemptMark? Mark { get; set; }

    /// <summary>Of its content.</summary>
    public long ContentBytes { get; init; }
    public sbyte Priority { get; init; }
    public ushort Tenant { get; init; }
    public bool IsGone { get; set; }

    /// <summary>There are more recipients than <see cref="Text"/> names.</summary>
    public bool IsTextCut { get; init; }

    /// <summary>Whether it is in the count of held messages.</summary>
    public bool IsCountedHeld { get; set; }

    public int PartCount => 1 + (More?.Length ?? 0);

    public ref MessagePart Part(int index)
    {
        if (index == 0) return ref First;
        return ref More![index - 1];
    }

    /// <summary>-1 when there is none.</summary>
    public int Find(string destination)
    {
        for (int i = 0; i < PartCount; i++)
        {
            if (Part(i).Destination.Key == destination) return i;
        }
        return -1;
    }

    public void Add(in MessagePart part)
    {
        var more = More ?? [];
        Array.Resize(ref more, more.Length + 1);
        more[^1] = part;
        More = more;
    }

    public void RemoveAt(int index)
    {
        if (More is null) throw new InvalidOperationException("a message has at least one part");
        if (index == 0) (First, index) = (More[0], 1);
        var rest = new MessagePart[More.Length - 1];
        Array.Copy(More, rest, index - 1);
        Array.Copy(More, index, rest, index - 1, rest.Length - (index - 1));
        More = rest.Length == 0 ? null : rest;
    }

    public ScheduleEntry Entry(int index)
    {
        ref var part = ref Part(index);
        return new ScheduleEntry(Id, part.Destination.Key, DateTimeOffset.FromUnixTimeMilliseconds(part.DueMs), DateTimeOffset.FromUnixTimeMilliseconds(ExpiresMs), part.Attempts, Priority, Notes(ref part), Tenant);
    }

    private static FilingNotes Notes(ref MessagePart part)
    {
        var notes = FilingNotes.None;
        if ((part.Flags & PartFlags.DelayNotified) != 0) notes |= FilingNotes.DelayNotified;
        if ((part.Flags & PartFlags.BounceRequested) != 0) notes |= FilingNotes.BounceRequested;
        if (part.IsRetryAsked) notes |= FilingNotes.RetryRequested;
        part.IsRetryAsked = false;
        return notes;
    }

    /// <summary>Also without the gate: then as it was a moment ago.</summary>
    public QueueState QueueState
    {
        get
        {
            if (First.Lease is not null) return QueueState.Leased;
            bool held = First.IsHeld, deferred = First.Attempts > 0;
            foreach (ref readonly var part in More.AsSpan())
            {
                if (part.Lease is not null) return QueueState.Leased;
                held &= part.IsHeld;
                deferred |= part.Attempts > 0;
            }
            return held ? QueueState.Held : deferred ? QueueState.Deferred : QueueState.Waiting;
        }
    }
}
