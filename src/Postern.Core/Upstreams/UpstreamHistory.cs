using Postern.Core.Queue;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;

namespace Postern.Core.Upstreams;

/// <summary>One attempt in few words.</summary>
/// <param name="Target">"host[address]:port".</param>
/// <param name="Stage">Last stage reached.</param>
public readonly record struct AttemptSummary(DateTimeOffset At, MessageId Id, string Target, ClientStage Stage, int Delivered, int Deferred, int Refused, float Milliseconds, bool SessionReused);

/// <summary>The last 50 attempts at one upstream and, apart, the last 50 failures with their whole evidence. Bounded, in memory, thread safe.</summary>
internal sealed class UpstreamHistory
{
    private const int Kept = 50;

    private readonly Lock _lock = new();
    private readonly Ring<AttemptSummary> _attempts = new(Kept);
    private readonly Ring<AttemptEvidence> _failures = new(Kept);

    /// <param name="evidence">Null for an attempt that went well.</param>
    public void Add(in AttemptSummary summary, AttemptEvidence? evidence)
    {
        lock (_lock)
        {
            _attempts.Add(summary);
            if (evidence is not null) _failures.Add(evidence);
        }
    }

    /// <summary>Newest first.</summary>
    public IReadOnlyList<AttemptSummary> Attempts()
    {
        lock (_lock) return _attempts.NewestFirst();
    }

    /// <summary>Newest first.</summary>
    public IReadOnlyList<AttemptEvidence> Failures()
    {
        lock (_lock) return _failures.NewestFirst();
    }
}

/// <summary>A bounded list that forgets the oldest. Grows as needed: most MX hosts see few attempts.</summary>
internal sealed class Ring<T>(int capacity)
{
    private readonly List<T> _items = [];
    private int _next;

    public void Add(in T item)
    {
        if (_items.Count < capacity)
        {
            _items.Add(item);
            return;
        }
        _items[_next] = item;
        _next = (_next + 1) % capacity;
    }

    public IReadOnlyList<T> NewestFirst()
    {
        var list = new T[_items.Count];
        for (int i = 0; i < list.Length; i++) list[i] = _items[(_next + list.Length - 1 - i) % list.Length];
        return list;
    }
}
