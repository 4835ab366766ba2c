using System.Collections.Concurrent;
using System.Net;
using Postern.Core.Upstreams;
using Postern.Diagnosis.Evidence;

namespace Postern.Core.Diagnoses;

/// <summary>What the blocklists said of one address of ours.</summary>
/// <param name="At">When they were asked.</param>
/// <param name="Answers">One for each list; empty where nothing may be looked up (diagnosis.probe = false).</param>
internal sealed record AddressStanding(IPAddress Address, DateTimeOffset At, IReadOnlyList<BlocklistFact> Answers);

/// <summary>
/// The last answers of the blocklists about our addresses, asked for by people who look: all lists of one address at a time, and the same address not again within
/// <see cref="Fresh"/>, so that a page that is reloaded in a hurry costs the lists nothing. Bounded, thread safe.
/// </summary>
internal sealed class AddressStandings(BlocklistLook look, TimeProvider time)
{
    /// <summary>More egress addresses than that are not shown at once.</summary>
    internal const int Most = 64;

    /// <summary>Answers of lists live about as long in a resolver's cache.</summary>
    public static readonly TimeSpan Fresh = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<IPAddress, AddressStanding> _known = new();
    private readonly SemaphoreSlim _one = new(1);

    /// <summary>Null when nobody looked.</summary>
    public AddressStanding? Of(IPAddress address) => _known.GetValueOrDefault(address);

    /// <summary>Asks the lists, or gives what they said a moment ago.</summary>
    public async Task<AddressStanding> LookAsync(IPAddress address, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            var now = time.GetUtcNow();
            if (_known.TryGetValue(address, out var known) && now - known.At < Fresh) return known;
            var standing = new AddressStanding(address, now, await look(address, [], cancel));
            if (_known.Count >= Most && !_known.ContainsKey(address) && _known.Values.MinBy(s => s.At) is { } oldest) _known.TryRemove(oldest.Address, out _);
            return _known[address] = standing;
        }
        finally
        {
            _one.Release();
        }
    }
}
