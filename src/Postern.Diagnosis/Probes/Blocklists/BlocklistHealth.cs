using System.Collections.Concurrent;
using System.Net;
using Postern.Diagnosis.Evidence;

namespace Postern.Diagnosis.Probes.Blocklists;

/// <param name="Result">NotListed when the list is well; else why its answers are not to be believed.</param>
internal readonly record struct BlocklistState(BlocklistResult Result, string? Words)
{
    /// <summary>The answer that refuses; null where there is none.</summary>
    public string? Refusal { get; init; }

    public bool IsHealthy => Result == BlocklistResult.NotListed;
}

/// <summary>
/// Whether lists are well, by the test entries of RFC 5782 section 5: a list without the one is empty or dead, a list with the other lists everybody. Kept for 30 minutes, as
/// Haraka does; that a list did not answer is kept for one. Thread safe.
/// </summary>
internal sealed class BlocklistHealth(TimeProvider time)
{
    private static readonly TimeSpan Kept = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan KeptSilence = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<(string Zone, bool Ipv6), (BlocklistState State, DateTimeOffset Until)> _known = new();

    /// <param name="ask">Asks the list about an address.</param>
    public async Task<BlocklistState> OfAsync(BlocklistRow row, bool ipv6, Func<IPAddress, Task<BlocklistReading>> ask)
    {
        if (_known.TryGetValue((row.Zone, ipv6), out var known) && known.Until > time.GetUtcNow()) return known.State;
        var (listed, clean) = BlocklistName.TestPoints(ipv6);
        var answers = await Task.WhenAll(ask(listed), ask(clean));
        var (ofListed, ofClean) = (answers[0], answers[1]);
        // Lists with IPv4 and IPv6 entries may have the test entry in IPv4 only.
        if (ipv6 && row.Ipv4 && ofListed.Result == BlocklistResult.NotListed) ofListed = await ask(BlocklistName.TestPoints(ipv6: false).Listed);
        var state = Judge(row, ofListed, ofClean);
        _known[(row.Zone, ipv6)] = (state, time.GetUtcNow() + (state.Result == BlocklistResult.NoAnswer ? KeptSilence : Kept));
        return state;
    }

    internal static BlocklistState Judge(BlocklistRow row, BlocklistReading ofListed, BlocklistReading ofClean)
    {
        // A resolver or a list that refuses does so for every question; that is to be said before what follows from it.
        foreach (var bad in (BlocklistResult[])[BlocklistResult.Refused, BlocklistResult.Unhealthy, BlocklistResult.NoAnswer])
        {
            if (ofClean.Result == bad) return Bad(ofClean);
            if (ofListed.Result == bad) return Bad(ofListed);
        }
        if (ofClean.Result == BlocklistResult.Listed) return new BlocklistState(BlocklistResult.Unhealthy, "it lists 127.0.0.1, which no list may: it lists everybody, or a resolver rewrites its answers (RFC 5782 section 5)");
        if (row.HasTestPoints && ofListed.Result != BlocklistResult.Listed) return new BlocklistState(BlocklistResult.Unhealthy, "it does not list 127.0.0.2, which every list that works does: it is empty or closed (RFC 5782 section 5)");
        return new BlocklistState(BlocklistResult.NotListed, null);
    }

    private static BlocklistState Bad(BlocklistReading reading) =>
        new(reading.Result, reading.Meaning) { Refusal = reading.Refusal };
}
