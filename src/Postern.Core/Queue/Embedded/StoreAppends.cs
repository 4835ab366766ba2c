namespace Postern.Core.Queue.Embedded;

/// <summary>A message to be kept; it enters the queue when it is stable.</summary>
internal sealed class AcceptAppend(EmbeddedQueueStore store, WaitingMessage message) : JournalAppend
{
    public WaitingMessage Message { get; } = message;

    /// <summary>True when it takes effect with a settlement written just after it.</summary>
    public bool IsProvisional { get; init; }

    public override bool IsGrowth => !IsProvisional;

    public override void Apply(Exception? error)
    {
        if (error is null && !IsProvisional) store.Enter(this);
    }
}

/// <summary>A piece of a large message's body.</summary>
internal sealed class ChunkAppend : JournalAppend
{
    public override bool IsGrowth => true;
}

/// <summary>A change of a message's state, already made in memory; undone there when it cannot be written.</summary>
internal sealed class ChangeAppend(EmbeddedQueueStore store, WaitingMessage message, bool isDone) : JournalAppend
{
    public WaitingMessage Message { get; } = message;
    public bool IsDone { get; } = isDone;
    public override bool KeepsSegmentAlive => !IsDone;

    /// <summary>Memory as it was before.</summary>
    public required MessagePart FirstBefore { get; init; }
    public required MessagePart[]? MoreBefore { get; init; }
    public required Location SnapshotBefore { get; init; }
    public required int SnapshotBytesBefore { get; init; }

    /// <summary>Messages made in the same commit.</summary>
    public AcceptAppend[] NewMessages { get; init; } = [];

    public override void Apply(Exception? error)
    {
        if (error is not null)
        {
            store.Undo(this);
            return;
        }
        foreach (var accept in NewMessages) store.Enter(accept);
    }
}

/// <summary>A live record carried forward from the oldest segment; <paramref name="undo"/> puts back where it was when it cannot be written.</summary>
internal sealed class MoveAppend(Action undo) : JournalAppend
{
    public override void Apply(Exception? error)
    {
        if (error is not null) undo();
    }
}
