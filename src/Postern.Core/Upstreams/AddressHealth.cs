using System.Net;
using System.Net.Sockets;
using Postern.Protocols.Smtp;

namespace Postern.Core.Upstreams;

/// <summary>One opening's addresses in the order to race them.</summary>
/// <param name="NotBefore">Not null: none is to be tried now, because somebody already waits for the only ones there are.</param>
internal sealed record AddressTry(string Egress, IReadOnlyList<IPEndPoint> Addresses, DateTimeOffset? NotBefore, IReadOnlyList<IPEndPoint> Probes, bool ProbesFamily);

/// <summary>
/// Which addresses of hosts did not answer lately, from which of ours. Such an address is left out while there are others; one session at a time tries it
/// again, at growing intervals. One that was only slow, and a family all of whose addresses fail from here, goes last. A race hides a dead address only as long as
/// another one answers, and costs each session the head start. Bounded, in memory, thread safe.
/// </summary>
internal sealed class AddressHealth(TimeProvider time)
{
    internal const int Most = 10_000;

    /// <summary>Addresses of a family that must fail, and none answer, before the family is blamed.</summary>
    private const int FamilyFailures = 3;

    /// <summary>A connect that has waited so long is not copied by others: the first SYN is repeated after 1 s, the second after 3 s (RFC 6298).</summary>
    private static readonly TimeSpan Suspicious = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan First = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan Memory = TimeSpan.FromHours(1);

    /// <summary>An address that started so much before the one that won, and still had not answered, is put last too.</summary>
    private const double HeadStartMilliseconds = 200;

    private readonly Lock _lock = new();
    private readonly Dictionary<(IPEndPoint Address, string Egress), Entry> _addresses = [];
    private readonly Dictionary<(AddressFamily Family, string Egress), FamilyEntry> _families = [];

    private class Entry
    {
        public int Failures;
        public DateTimeOffset Until;
        public bool IsProbed;

        /// <summary>It never failed, another one was only much faster.</summary>
        public bool IsSlow;

        /// <summary>Connects under way, and since when the first of them waits without a sign of life.</summary>
        public int Pending;
        public DateTimeOffset PendingSince;

        public bool IsDown => Failures > 0;

        public void Fail(DateTimeOffset now, bool isSlow)
        {
            bool isWorse = IsDown && IsSlow && !isSlow;
            IsSlow = isSlow && (IsSlow || !IsDown);
            // Those that were under way together count once.
            if (IsDown && Until > now && !isWorse) return;
            Failures++;
            var wait = First * Math.Pow(2, Math.Min(Failures - 1, 10));
            Until = now + (wait < Longest ? wait : Longest);
        }
    }

    private sealed class FamilyEntry : Entry
    {
        public HashSet<IPEndPoint> Failed { get; } = [];
    }

    /// <summary>Addresses remembered; for tests.</summary>
    internal int Count
    {
        get
        {
            lock (_lock) return _addresses.Count;
        }
    }

    /// <param name="addresses">Preferred first.</param>
    /// <param name="force">The operator asked: everything may be tried.</param>
    public AddressTry Begin(IReadOnlyList<IPEndPoint> addresses, string egress, bool force = false)
    {
        var now = time.GetUtcNow();
        lock (_lock)
        {
            List<IPEndPoint> due = [], living = [], last = [];
            bool probesFamily = false, isSuspect = false;
            foreach (var address in addresses)
            {
                var entry = _addresses.GetValueOrDefault((address, egress));
                var family = _families.GetValueOrDefault((address.AddressFamily, egress));
                bool isDue = entry is { IsDown: true, IsProbed: false } && entry.Until <= now;
                bool isFamilyDue = family is { IsDown: true, IsProbed: false } && family.Until <= now;
                if (entry is { IsDown: true } && !isDue)
                {
                    if (entry.IsSlow) last.Add(address);
                }
                else if (entry is { Pending: > 0 } && now - entry.PendingSince >= Suspicious) isSuspect = true;
                else if (family is { IsDown: true } && !isFamilyDue) last.Add(address);
                else if ((isDue || family is { IsDown: true }) && due.Count == 0)
                {
                    due.Add(address);
                    if (entry is not null) entry.IsProbed = true;
                    if (family is { IsDown: true }) family.IsProbed = probesFamily = true;
                }
                else if (isDue || family is { IsDown: true }) last.Add(address);
                else living.Add(address);
            }
            IReadOnlyList<IPEndPoint> order = [.. due, .. living, .. last];
            if (order.Count == 0 && isSuspect && !force) return new AddressTry(egress, [], now + AskAgain, [], false);
            // None is better than another: the gate has let this session through, and it tries them all.
            if (order.Count == 0) order = addresses;
            Note(order[0], egress, now);
            return new AddressTry(egress, order, null, due, probesFamily);
        }
    }

    /// <summary>What became of them.</summary>
    /// <param name="isOurs">The connects failed for another reason than the addresses: a limit, our own trouble, or our stop.</param>
    public void End(AddressTry opening, IReadOnlyList<ConnectTry> tries, bool isOurs)
    {
        if (opening.Addresses.Count == 0) return;
        var now = time.GetUtcNow();
        double won = double.NaN;
        foreach (var one in tries)
        {
            if (one.Error is null) won = one.Milliseconds;
        }
        lock (_lock)
        {
            if (_addresses.TryGetValue((opening.Addresses[0], opening.Egress), out var pending)) pending.Pending--;
            foreach (var one in tries)
            {
                var address = opening.Addresses.FirstOrDefault(a => a.Port == one.Port && a.Address.ToString() == one.Address);
                if (address is null) continue;
                if (one.Error is null) Answered(address, opening.Egress, now);
                else if (one.Kind == FailureKind.Cancelled && one.Milliseconds > won + HeadStartMilliseconds) Failed(address, opening.Egress, now, isSlow: true);
                else if (!isOurs && one.Kind is not (null or FailureKind.Cancelled or FailureKind.LocalError)) Failed(address, opening.Egress, now, isSlow: false);
            }
            foreach (var probe in opening.Probes)
            {
                if (_addresses.TryGetValue((probe, opening.Egress), out var entry)) entry.IsProbed = false;
                if (opening.ProbesFamily && _families.TryGetValue((probe.AddressFamily, opening.Egress), out var family)) family.IsProbed = false;
            }
            Tidy((opening.Addresses[0], opening.Egress));
        }
    }

    /// <summary>Forgets what is long past.</summary>
    public void Sweep()
    {
        var now = time.GetUtcNow();
        lock (_lock)
        {
            foreach (var (key, entry) in _addresses)
            {
                if (entry.Pending == 0 && !entry.IsProbed && entry.Until + Memory < now) _addresses.Remove(key);
            }
            foreach (var (key, entry) in _families)
            {
                if (!entry.IsProbed && entry.Until + Memory < now) _families.Remove(key);
            }
        }
    }

    private void Note(IPEndPoint address, string egress, DateTimeOffset now)
    {
        if (Get(address, egress) is { } entry && entry.Pending++ == 0) entry.PendingSince = now;
    }

    private void Answered(IPEndPoint address, string egress, DateTimeOffset now)
    {
        if (_addresses.TryGetValue((address, egress), out var entry))
        {
            entry.Failures = 0;
            entry.IsSlow = false;
            // It lives: the others that wait are slow, not lost.
            entry.PendingSince = now;
            Tidy((address, egress));
        }
        _families.Remove((address.AddressFamily, egress));
    }

    private void Failed(IPEndPoint address, string egress, DateTimeOffset now, bool isSlow)
    {
        Get(address, egress)?.Fail(now, isSlow);
        var key = (address.AddressFamily, egress);
        if (!_families.TryGetValue(key, out var family)) _families.Add(key, family = new FamilyEntry { Until = now });
        if (family.Failed.Count < FamilyFailures) family.Failed.Add(address);
        if (family.Failed.Count >= FamilyFailures) family.Fail(now, isSlow: true);
    }

    private Entry? Get(IPEndPoint address, string egress)
    {
        if (_addresses.TryGetValue((address, egress), out var entry)) return entry;
        if (_addresses.Count >= Most) return null;
        _addresses.Add((address, egress), entry = new Entry());
        return entry;
    }

    private void Tidy((IPEndPoint, string) key)
    {
        if (_addresses.TryGetValue(key, out var entry) && entry is { IsDown: false, Pending: 0, IsProbed: false }) _addresses.Remove(key);
    }
}
