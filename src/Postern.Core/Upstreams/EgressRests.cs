using System.Collections.Concurrent;
using System.Net;
using Postern.Protocols.Smtp;

namespace Postern.Core.Upstreams;

/// <summary>
/// Which of our addresses are turned away by whom. A rested address is passed over there and the others carry on; it is tried again by one message
/// at a time, at growing intervals, and at once when the blocklists that were seen to list it do so no more. Bounded, thread safe; costs nothing while nothing rests.
/// </summary>
internal sealed class EgressRests(TimeProvider time)
{
    internal const int Most = 10_000;

    /// <summary>After its next try was due.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<(string At, string Egress), Entry> _entries = new();
    private volatile int _count;

    private sealed class Entry(UpstreamHealth gate, DateTimeOffset since, string group)
    {
        public string Group { get; } = group;
        public UpstreamHealth Gate { get; } = gate;
        public DateTimeOffset Since { get; } = since;
        public string Reason { get; set; } = "";
        public IPAddress? Address { get; set; }
        public IReadOnlyList<string> Lists { get; set; } = [];
        public string? NamedList { get; set; }
    }

    public bool IsEmpty => _count == 0;

    /// <summary>A rest began, or its reason changed. On the delivery path: must not block.</summary>
    public Action<EgressRest>? Began { get; set; }

    /// <summary>A rest is over.</summary>
    public Action<EgressRest, RestEnd>? Ended { get; set; }

    /// <summary>True when the address is passed over now; false when its next try is due.</summary>
    public bool IsRested(string at, string egress, DateTimeOffset now) =>
        _count > 0 && _entries.TryGetValue((at, egress), out var entry) && !entry.Gate.CanEnter(now);

    /// <summary>
    /// Asks to use the address there. True obliges the caller to report <see cref="Accepted"/>, <see cref="Refused"/> or <see cref="Abandoned"/>.
    /// </summary>
    /// <param name="now">True lets a rested one through (the operator asked).</param>
    /// <param name="until">When to ask again.</param>
    public bool TryEnter(string at, string egress, bool now, out DateTimeOffset until)
    {
        until = default;
        return _count == 0 || !_entries.TryGetValue((at, egress), out var entry) || entry.Gate.TryEnter(now, out until);
    }

    /// <summary>The address was turned away. Begins a rest or prolongs it.</summary>
    /// <param name="begun">Timestamp taken after <see cref="TryEnter"/>.</param>
    /// <param name="group">Null: the same as <paramref name="at"/>.</param>
    /// <param name="address">See <see cref="EgressRest"/>; so is <paramref name="namedList"/>.</param>
    public EgressRest Refused(string at, string egress, StageFailure failure, IPAddress? address, string? namedList, long begun, string? group = null)
    {
        bool isNew = false;
        if (!_entries.TryGetValue((at, egress), out var entry))
        {
            if (_count >= Most) Drop();
            var made = new Entry(new UpstreamHealth(GateLadder.Rest, time), time.GetUtcNow(), group ?? at);
            entry = _entries.GetOrAdd((at, egress), made);
            isNew = ReferenceEquals(entry, made);
            if (isNew) Interlocked.Increment(ref _count);
        }
        entry.Gate.Failed(failure, begun);
        entry.Reason = failure.Detail;
        entry.Address = address ?? entry.Address;
        entry.NamedList = namedList ?? entry.NamedList;
        var rest = Of((at, egress), entry);
        if (isNew) Began?.Invoke(rest);
        return rest;
    }

    /// <summary>A message was taken from the address: its rest is over. True when there was one.</summary>
    public bool Accepted(string at, string egress)
    {
        if (_count == 0 || !_entries.TryRemove((at, egress), out var entry)) return false;
        Interlocked.Decrement(ref _count);
        Ended?.Invoke(Of((at, egress), entry), RestEnd.Accepted);
        return true;
    }

    /// <summary>The try ended without an answer to the question.</summary>
    public void Abandoned(string at, string egress, long begun)
    {
        if (_count > 0 && _entries.TryGetValue((at, egress), out var entry)) entry.Gate.Abandoned(begun);
    }

    /// <summary>Blocklists were asked about the address.</summary>
    /// <param name="lists">Those that list it; when none does and some did, one message may try at once.</param>
    public void Looked(EgressRest rest, IReadOnlyList<string> lists)
    {
        if (!_entries.TryGetValue((rest.At, rest.Egress), out var entry)) return;
        bool isListed = lists.Count > 0 && entry.Lists.Count == 0, isDelisted = lists.Count == 0 && entry.Lists.Count > 0;
        entry.Lists = lists;
        if (isListed) Began?.Invoke(Of((rest.At, rest.Egress), entry));
        if (!isDelisted) return;
        entry.Gate.Reset(afresh: true);
        Ended?.Invoke(Of((rest.At, rest.Egress), entry), RestEnd.Delisted);
    }

    /// <summary>Forgets what nobody has wanted to use for long: it would be tried anyway.</summary>
    public void Sweep()
    {
        if (_count == 0) return;
        var before = time.GetUtcNow() - Memory;
        foreach (var (key, entry) in _entries)
        {
            if (entry.Gate.Snapshot() is { State: GateState.Closed } gate && gate.Until < before && _entries.TryRemove(key, out _)) Interlocked.Decrement(ref _count);
        }
    }

    /// <summary>The operator knows better: what rests at a group is used again at once.</summary>
    /// <returns>Addresses that rested.</returns>
    public int Forget(string group)
    {
        if (_count == 0) return 0;
        int count = 0;
        foreach (var (key, entry) in _entries)
        {
            if (entry.Group != group || !_entries.TryRemove(key, out _)) continue;
            Interlocked.Decrement(ref _count);
            count++;
            Ended?.Invoke(Of(key, entry), RestEnd.Asked);
        }
        return count;
    }

    /// <summary>In any order.</summary>
    public IReadOnlyList<EgressRest> Snapshot() => _count == 0 ? [] : [.. _entries.Select(e => Of(e.Key, e.Value))];

    private static EgressRest Of((string At, string Egress) key, Entry entry)
    {
        var gate = entry.Gate.Snapshot();
        return new EgressRest(entry.Group, key.At, key.Egress, entry.Since, gate.Until ?? default, entry.Reason, entry.Address, entry.Lists, entry.NamedList, gate.Failures);
    }

    /// <summary>Full: the one that rests longest goes; it is found out again by one message.</summary>
    private void Drop()
    {
        if (_entries.Count > 0 && _entries.TryRemove(_entries.MinBy(e => e.Value.Since).Key, out _)) Interlocked.Decrement(ref _count);
    }
}
