using System.Net;
using System.Net.Sockets;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Dns;
using Postern.Protocols.Smtp;

namespace Postern.Diagnosis.Probes.Blocklists;

/// <summary>
/// Asks the DNS blocklists about the addresses that mail leaves from. Listed, not listed, refused, not well, dead, no answer: never two where there are six. Keeps
/// what it knows of the lists' health between runs; thread safe.
/// </summary>
internal sealed class BlocklistProbe(BlocklistCatalogue catalogue, TimeProvider time)
{
    /// <summary>Questions under way at once: more would look like an attack to a small resolver.</summary>
    private const int AtOnce = 16;
    private const int MaxReason = 300;
    private static readonly TimeSpan PerQuestion = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan InAll = TimeSpan.FromSeconds(5);

    private readonly BlocklistHealth _health = new(time);

    /// <summary>One fact for each list and address that it could hold; lists that were not reached in time count as not having answered.</summary>
    public async ValueTask<IReadOnlyList<Fact>> RunAsync(ProbeContext context, CancellationToken cancel)
    {
        // The loopback address is every list's test entry, and no receiver sees it.
        var addresses = OurAddresses.Of(context).Where(a => !IPAddress.IsLoopback(a)).ToList();
        using var late = new CancellationTokenSource(InAll, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancel);
        using var gate = new SemaphoreSlim(AtOnce);
        var resolver = new PatientResolver(context.Resolver, PerQuestion, context.Time);
        // A list that is asked for by its name is looked at again, to see whether it has let go.
        var own = context.Lists.Count == 0 ? null : new ListServers(new AuthorityInquiry(resolver, context.NameServerPort, context.Time));
        var run = new Run(resolver, own, gate, either.Token);
        var rows = context.Lists.Count == 0 ? catalogue.Asked : [.. catalogue.Asked.Where(r => context.Lists.Contains(r.PublicZone))];
        var pairs = rows.SelectMany(_ => addresses, (row, address) => (Row: row, Address: address)).Where(p => p.Row.Holds(p.Address)).ToList();
        var facts = await Task.WhenAll(pairs.Select(p => AskAsync(run, p.Row, p.Address)));
        cancel.ThrowIfCancellationRequested();
        return facts;
    }

    private sealed record Run(IResolver Resolver, ListServers? Own, SemaphoreSlim Gate, CancellationToken Cancel);

    private async Task<Fact> AskAsync(Run run, BlocklistRow row, IPAddress address)
    {
        long begun = time.GetTimestamp();
        var (state, reading, text) = catalogue.FindDead(row.Zone) is { } dead
            ? (new BlocklistState(BlocklistResult.Dead, $"closed since {dead.Since}: {dead.Now}"), null, null)
            : await ReadAsync(run, row, address);
        var result = !state.IsHealthy ? state.Result : reading!.Result;
        bool listed = result == BlocklistResult.Listed;
        string? reason = listed ? Join(reading!.Meaning, text) : state.Words ?? reading?.Meaning;
        return new BlocklistFact
        {
            SaidBy = result is BlocklistResult.Dead or BlocklistResult.NoAnswer ? Speaker.Us : Speaker.Dns,
            Zone = row.PublicZone, Name = row.Name, Address = address.ToString(), Result = result, Weight = row.Weight,
            Codes = listed ? reading!.Codes : [], Reason = reason, Delisting = row.Delisting ?? row.Lookup,
            Refusal = result == BlocklistResult.Refused ? state.Refusal ?? reading?.Refusal : null,
            Observed = Sentence(row, address, result, reading, reason), Milliseconds = time.GetElapsedTime(begun).TotalMilliseconds,
        };
    }

    private async Task<(BlocklistState State, BlocklistReading? Reading, string? Text)> ReadAsync(Run run, BlocklistRow row, IPAddress address)
    {
        string zone = row.NeedsKey is { } key ? row.Zone.Replace("{key}", catalogue.Keys[key], StringComparison.Ordinal) : row.Zone;
        try
        {
            // Together: a list that is not well costs no more time than one that is.
            var health = _health.OfAsync(row, address.AddressFamily == AddressFamily.InterNetworkV6, a => QuestionAsync(run, row, a, zone));
            var question = QuestionAsync(run, row, address, zone);
            await Task.WhenAll(health, question);
            var (state, reading) = (await health, await question);
            string? text = reading.Result == BlocklistResult.Listed && state.IsHealthy ? await TextAsync(run, row, BlocklistName.Of(address, zone)) : null;
            return (state, reading, text);
        }
        catch (OperationCanceledException)
        {
            return (new BlocklistState(BlocklistResult.NoAnswer, "there was no time left to ask it"), null, null);
        }
    }

    private static async Task<BlocklistReading> QuestionAsync(Run run, BlocklistRow row, IPAddress address, string zone)
    {
        await run.Gate.WaitAsync(run.Cancel);
        try
        {
            string name = BlocklistName.Of(address, zone);
            var answer = await run.Resolver.AddressesAsync(name, AddressFamily.InterNetwork, run.Cancel);
            var reading = BlocklistReading.Of(row, answer);
            return reading.Result == BlocklistResult.Listed && run.Own is { } own && await own.HaveLetGoAsync(name, zone, answer.Observation, run.Cancel)
                ? BlocklistReading.LetGo(answer.Observation.Ttl) : reading;
        }
        finally
        {
            run.Gate.Release();
        }
    }

    /// <summary>The list's own words; that there are none, or no time for them, takes nothing from a listing.</summary>
    private async Task<string?> TextAsync(Run run, BlocklistRow row, string name)
    {
        bool entered = false;
        try
        {
            await run.Gate.WaitAsync(run.Cancel);
            entered = true;
            var answer = await run.Resolver.TxtAsync(name, run.Cancel);
            string text = string.Join(' ', answer.Records.Select(Printable)).Trim();
            if (row.NeedsKey is { } key) text = text.Replace(catalogue.Keys[key], "***", StringComparison.OrdinalIgnoreCase);
            return text.Length == 0 ? null : text.Length > MaxReason ? text[..MaxReason] : text;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
        finally
        {
            if (entered) run.Gate.Release();
        }
    }

    private static string Sentence(BlocklistRow row, IPAddress address, BlocklistResult result, BlocklistReading? reading, string? reason)
    {
        string because = reason is null ? "" : $": {reason}";
        string what = result switch
        {
            BlocklistResult.Listed => $"{row.Name} ({row.PublicZone}) lists {address} ({string.Join(", ", reading!.Codes)}){because}",
            BlocklistResult.NotListed => $"{row.Name} ({row.PublicZone}) does not list {address}{because}",
            BlocklistResult.Refused => $"{row.Name} ({row.PublicZone}) refuses to answer us, which says nothing of {address}{because}",
            BlocklistResult.Unhealthy => $"{row.Name} ({row.PublicZone}) is not well, and what it says is not to be believed{because}",
            BlocklistResult.Dead => $"{row.Name} ({row.PublicZone}) is {reason}",
            _ => $"{row.Name} ({row.PublicZone}) did not answer{because}",
        };
        return result is BlocklistResult.NotListed && AddressScopes.Of(address) == AddressScope.Private ? $"{what}; but it is {AddressScopes.WordsOf(address)}, and receivers see another one" : what;
    }

    private static string? Join(string? meaning, string? text) => meaning is null ? text : text is null ? meaning : $"{meaning}; \"{text}\"";

    private static string Printable(string text) => string.Concat(text.Select(c => c is >= ' ' and < '\x7f' ? c : '?'));
}
