using System.Buffers;
using System.Threading.Tasks.Sources;

namespace Postern.Core.Queue.Embedded;

/// <summary>When the journal acts on an append.</summary>
internal enum AppendUrgency : byte
{
    /// <summary>With the next group, or within milliseconds; stable within a tenth of a second.</summary>
    Lazy,

    /// <summary>Written at once; the waiter hears when it is written, not yet stable.</summary>
    Written,

    /// <summary>Written and synced at once; the waiter hears when it is stable.</summary>
    Stable,
}

/// <summary>One record on its way to the journal, or a marker without bytes that completes after all before it. Used once.</summary>
internal class JournalAppend : IValueTaskSource
{
    private ManualResetValueTaskSourceCore<bool> _done = new() { RunContinuationsAsynchronously = true };
    private byte[]? _buffer;

    /// <summary>Of the record with header and padding; 0 for a marker.</summary>
    public int Length { get; private set; }

    public AppendUrgency Urgency { get; init; }
    public Location At { get; internal set; }

    /// <summary>False for what nobody will ever read again, but to recover.</summary>
    public virtual bool KeepsSegmentAlive => true;

    /// <summary>True for new mail, which is refused before it could use up the space that the fate of older mail is written to.</summary>
    public virtual bool IsGrowth => false;

    public ReadOnlySpan<byte> Record => _buffer.AsSpan(0, Length);

    /// <summary>Takes over a rented buffer with room for a header before the payload; computes its checksum here, on the caller's thread.</summary>
    public void Take(byte[] rented, int payload, RecordType type)
    {
        _buffer = rented;
        Length = RecordFormat.Padded(payload);
        RecordFormat.Prepare(rented, payload, type);
    }

    internal void Seal() => RecordFormat.Seal(_buffer.AsSpan(0, Length), At);

    /// <summary>On the writer's thread, in journal order (failures in the reverse order, to be undone), before any waiter of the group hears of it. Quick; never throws.</summary>
    public virtual void Apply(Exception? error) { }

    internal void ReturnBuffer()
    {
        if (_buffer is null) return;
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = null;
    }

    internal void Complete(Exception? error)
    {
        if (error is null) _done.SetResult(true);
        else _done.SetException(error);
    }

    /// <summary>Waited for at most once; what nobody waits for completes all the same.</summary>
    public ValueTask Task => new(this, _done.Version);

    void IValueTaskSource.GetResult(short token) => _done.GetResult(token);
    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _done.GetStatus(token);
    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) => _done.OnCompleted(continuation, state, token, flags);
}
