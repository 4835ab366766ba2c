using System.Net;
using Microsoft.Extensions.Logging;
using Postern.Core.Telemetry;
using Postern.Diagnosis.Evidence;

namespace Postern.Core.Upstreams;

/// <summary>What the DNS blocklists say of one address of ours: the named zones, or all that are known where none is named.</summary>
internal delegate Task<IReadOnlyList<BlocklistFact>> BlocklistLook(IPAddress address, IReadOnlyList<string> zones, CancellationToken cancel);

/// <summary>
/// Asks the blocklists about addresses that rest, beside the delivery: all lists once, then those that list it, once a minute, until none does; then the
/// rest ends. One answer serves every group that turns the address away. A list that does not answer has not delisted anybody.
/// </summary>
/// <param name="look">Null where nothing may be looked up.</param>
internal sealed class RestWatch(EgressRests rests, BlocklistLook? look, ILogger logger, TimeProvider time) : IAsyncDisposable
{
    /// <summary>Addresses in one pass.</summary>
    private const int Most = 16;

    /// <summary>A little more than a minute: an answer with a TTL of one minute has left the resolver's cache then.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(61);

    /// <summary>An address that no list had may be listed a little later.</summary>
    private static readonly TimeSpan Again = TimeSpan.FromMinutes(10);

    private readonly Dictionary<IPAddress, (DateTimeOffset At, IReadOnlyList<string> Lists)> _known = [];
    private readonly CancellationTokenSource _stop = new();
    private Task _work = Task.CompletedTask;
    private volatile bool _isStopped;

    /// <summary>Starts a pass where one is due. Called every second, never at the same time as itself.</summary>
    public void Look()
    {
        if (look is null || rests.IsEmpty || !_work.IsCompleted || _isStopped) return;
        var now = time.GetUtcNow();
        var resting = rests.Snapshot().Where(r => r.Address is not null).ToLookup(r => r.Address!);
        foreach (var gone in _known.Keys.Where(a => !resting.Contains(a)).ToList()) _known.Remove(gone);
        var due = resting.Where(r => !_known.TryGetValue(r.Key, out var known) || known.At + (known.Lists.Count > 0 ? Interval : Again) <= now).Take(Most).ToList();
        // A group that began to turn an address away after the lists were asked about it.
        foreach (var rest in resting.SelectMany(r => r))
        {
            if (rest.Lists.Count == 0 && _known.TryGetValue(rest.Address!, out var known) && known.Lists.Count > 0) rests.Looked(rest, Concerning(rest, known.Lists));
        }
        if (due.Count > 0) _work = Task.Run(() => PassAsync(look, due));
    }

    /// <summary>The same, and waits for the pass; for tests.</summary>
    internal Task LookAsync()
    {
        Look();
        return _work;
    }

    public async ValueTask DisposeAsync()
    {
        if (_isStopped) return;
        _isStopped = true;
        await _stop.CancelAsync();
        await _work;
        _stop.Dispose();
    }

    private async Task PassAsync(BlocklistLook ask, List<IGrouping<IPAddress, EgressRest>> due)
    {
        foreach (var address in due)
        {
            try
            {
                IReadOnlyList<string> asked = _known.TryGetValue(address.Key, out var known) ? known.Lists : [];
                var answers = await ask(address.Key, asked, _stop.Token);
                string[] lists = [.. answers.Where(a => a.Result == BlocklistResult.Listed || (asked.Contains(a.Zone) && a.Result is not (BlocklistResult.NotListed or BlocklistResult.Dead))).Select(a => a.Zone).Distinct()];
                // A zone that was asked for and is not among the answers has left the catalogue.
                _known[address.Key] = (time.GetUtcNow(), lists);
                foreach (var rest in address) rests.Looked(rest, Concerning(rest, lists));
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // A bug of a probe must not end the watch; the address is tried by messages all the same.
                _known[address.Key] = (time.GetUtcNow(), _known.TryGetValue(address.Key, out var before) ? before.Lists : []);
                PosternLog.RestLookBroke(logger, e, address.Key);
            }
        }
    }

    /// <summary>The list that the refusal named, where it is among them: who asks one list does not care for the others.</summary>
    private static IReadOnlyList<string> Concerning(EgressRest rest, IReadOnlyList<string> lists) =>
        rest.NamedList is { } named && (lists.Contains(named) || rest.Lists.Contains(named)) ? [.. lists.Where(l => l == named)] : lists;
}
