using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Postern.Core.Submission;

/// <summary>
/// Remembers failed AUTH attempts by client address (for IPv6 by its /64: one host has them all): at most so many within ten minutes, and each failure
/// is answered later than the one before. Attempts under way count as failures until they succeed, so that a hundred sessions at once gain nothing.
/// The table is bounded: when full, the address whose window ends first makes room. Thread safe.
/// </summary>
internal sealed class AuthThrottle(TimeProvider time)
{
    internal const int MaxAddresses = 10_000;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(8);

    private readonly Lock _lock = new();
    private readonly Dictionary<UInt128, Entry> _entries = [];

    private sealed class Entry
    {
        public int Failures;
        public int Pending;
        public long Since;
    }

    /// <summary>Addresses remembered.</summary>
    public int Count
    {
        get { lock (_lock) return _entries.Count; }
    }

    /// <summary>False when the address has used up its failures. After true, exactly one of <see cref="Failed"/> and <see cref="Succeeded"/> is to follow.</summary>
    public bool TryBegin(IPAddress address, int maxFailures)
    {
        var key = Key(address);
        lock (_lock)
        {
            var entry = Find(key);
            if (entry is null)
            {
                if (_entries.Count >= MaxAddresses) MakeRoomNeedsLock();
                _entries[key] = entry = new Entry { Since = time.GetTimestamp() };
            }
            if (entry.Failures + entry.Pending >= maxFailures) return false;
            entry.Pending++;
            return true;
        }
    }

    /// <summary>Returns how long the reply is to wait.</summary>
    public TimeSpan Failed(IPAddress address)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(Key(address), out var entry)) return FirstDelay;
            if (entry.Pending > 0) entry.Pending--;
            entry.Failures++;
            int doublings = Math.Min(entry.Failures - 1, 10);
            var delay = FirstDelay * (1 << doublings);
            return delay < LongestDelay ? delay : LongestDelay;
        }
    }

    /// <summary>Failures of the address stay counted: one good password must not buy more guesses at others.</summary>
    public void Succeeded(IPAddress address)
    {
        lock (_lock)
        {
            var key = Key(address);
            if (!_entries.TryGetValue(key, out var entry)) return;
            if (entry.Pending > 0) entry.Pending--;
            if (entry.Pending == 0 && entry.Failures == 0) _entries.Remove(key);
        }
    }

    private Entry? Find(UInt128 key)
    {
        if (!_entries.TryGetValue(key, out var entry)) return null;
        if (time.GetElapsedTime(entry.Since) < Window) return entry;
        entry.Failures = 0;
        entry.Since = time.GetTimestamp();
        return entry;
    }

    /// <summary>Rare: only when ten thousand addresses fail within ten minutes; then one pass over them drops what has lapsed, or the oldest tenth.</summary>
    private void MakeRoomNeedsLock()
    {
        foreach (var (key, entry) in _entries)
        {
            if (entry.Pending == 0 && time.GetElapsedTime(entry.Since) >= Window) _entries.Remove(key);
        }
        if (_entries.Count < MaxAddresses) return;
        foreach (var key in _entries.OrderBy(e => e.Value.Since).Take(MaxAddresses / 10).Select(e => e.Key).ToArray()) _entries.Remove(key);
    }

    private static UInt128 Key(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        return address.AddressFamily == AddressFamily.InterNetwork
            ? BinaryPrimitives.ReadUInt32BigEndian(bytes)
            : (UInt128)BinaryPrimitives.ReadUInt64BigEndian(bytes) << 64;
    }
}
