using System.CommandLine;
using System.Net.ServerSentEvents;
using System.Text.Json;
using Postern.Api;
using Postern.Core.Events;

namespace Postern.Cli;

/// <summary>postern events: what happened, and with --follow what happens; from the running relay, or from its files.</summary>
internal sealed class EventsCommand(CommandTree tree)
{
    /// <summary>Without --since.</summary>
    private const int Latest = 50;

    /// <summary>Before a relay that is gone is looked for again.</summary>
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(1);

    private readonly Option<string> _server = ServerOption.Create();
    private readonly Option<bool> _follow = new("--follow", "-f") { Description = "Go on with what happens until interrupted, over restarts of the relay too." };
    private readonly Option<string> _since = new("--since") { Description = "After the event with this id, or since so long ago (2h), or since a time; without it the last 50.", HelpName = "ID|DURATION" };
    private readonly Option<string[]> _types = new("--type") { Description = "Types (incident.opened) or families (incident.*) to show. May be repeated.", HelpName = "TYPE" };
    private readonly Option<string> _data = new("--data") { Description = "Read the files of this data folder; no relay has to run.", HelpName = "FOLDER" };

    public Command Build() => tree.Action(new Command("events", "Show what happened: incidents, upstreams down and up, limits learned, mail returned.") { _follow, _since, _types, _data, _server }, RunAsync);

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancel)
    {
        bool asJson = parsed.GetValue(CommandTree.JsonOption);
        var filters = Filters(parsed);
        if (parsed.GetValue(_data) is { } data)
        {
            if (parsed.GetValue(_follow)) throw new CommandException(ExitCode.WrongUsage, "--follow and --data: only a running relay can be followed; leave one of them out");
            foreach (var line in ReadFiles(data, filters)) Print(line, asJson);
            return ExitCode.Good;
        }
        using var client = RelayClient.Of(parsed, _server);
        long last = await ReadRelayAsync(client, filters, asJson, cancel);
        if (parsed.GetValue(_follow)) await FollowAsync(client, filters.GetValueOrDefault("type"), last, asJson, cancel);
        return ExitCode.Good;
    }

    private Dictionary<string, string> Filters(ParseResult parsed)
    {
        var filters = new Dictionary<string, string>(StringComparer.Ordinal) { ["limit"] = $"{EventQuery.MostAtOnce}" };
        if (parsed.GetValue(_types) is { Length: > 0 } types) filters["type"] = string.Join(',', types);
        if (parsed.GetValue(_since) is not { } since) filters["latest"] = $"{Latest}";
        else filters[since.All(char.IsAsciiDigit) ? "after" : "since"] = since;
        return filters;
    }

    private static IEnumerable<JsonElement> ReadFiles(string data, Dictionary<string, string> filters)
    {
        string folder = Path.Combine(data, "events");
        if (!Directory.Exists(folder)) throw new CommandException(ExitCode.WrongUsage, $"there are no events in {data}; name the relay's data folder (its server.data)");
        if (EventText.ReadQuery(filters.GetValueOrDefault, TimeProvider.System.GetUtcNow(), out var problem) is not { } query) throw new CommandException(ExitCode.WrongUsage, $"{problem!.Detail}; {problem.Mend}");
        long last = EventSearch.LastId(folder);
        for (long? next = query.After ?? 0; next is not null;)
        {
            var page = EventSearch.Find(folder, last, query);
            foreach (var line in EventText.Contract(page).Events) yield return line;
            next = query.Latest is null ? page.Next : null;
            query = query with { After = next };
        }
    }

    /// <summary>Returns the id of the last event that there is.</summary>
    private async Task<long> ReadRelayAsync(RelayClient client, Dictionary<string, string> filters, bool asJson, CancellationToken cancel)
    {
        filters = new(filters);
        while (true)
        {
            EventsContract page;
            try
            {
                page = await client.GetAsync("api/v1/events?" + string.Join('&', filters.Select(f => $"{f.Key}={Uri.EscapeDataString(f.Value)}")), ApiJson.Default.EventsContract, cancel);
            }
            catch (CommandException e) when (e.ExitCode == ExitCode.NotDetermined)
            {
                throw new CommandException(e.ExitCode, $"{e.Message}; its files can be read with --data FOLDER", e);
            }
            foreach (var line in page.Events) Print(line, asJson);
            if (page.Next is not { } next || filters.ContainsKey("latest")) return page.Last;
            filters["after"] = $"{next}";
        }
    }

    private async Task FollowAsync(RelayClient client, string? types, long last, bool asJson, CancellationToken cancel)
    {
        bool isGone = false;
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                string path = $"api/v1/events/stream?after={last}{(types is null ? "" : "&type=" + Uri.EscapeDataString(types))}";
                await client.ReadAsync(path, async (stream, stop) =>
                {
                    isGone = false;
                    await foreach (var item in SseParser.Create(stream).EnumerateAsync(stop))
                    {
                        using var line = JsonDocument.Parse(item.Data);
                        last = line.RootElement.GetProperty("id").GetInt64();
                        Print(line.RootElement, asJson);
                    }
                }, cancel);
            }
            catch (CommandException e) when (e.ExitCode == ExitCode.NotDetermined)
            {
                if (!isGone) tree.Output.Problem("the relay is gone; what happens is shown when it is back");
                isGone = true;
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return;
            }
            await Task.Delay(Again, tree.Time, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Print(JsonElement line, bool asJson)
    {
        var output = tree.Output;
        if (asJson)
        {
            // One line for each, as it is in the log.
            output.Line(line.GetRawText());
            return;
        }
        string type = line.GetProperty("type").GetString()!;
        string word = type.PadRight(16);
        word = EventWords.IsTrouble(type) ? output.Bad(word) : EventWords.IsGood(type) ? output.Good(word) : word;
        output.Line($"{line.GetProperty("id").GetInt64(),6}  {output.Dim($"{line.GetProperty("at").GetDateTimeOffset().UtcDateTime:yyyy-MM-dd HH:mm:ss}Z")}  {word}  {line.GetProperty("subject").GetString()}: {EventWords.Of(type, line.GetProperty("data"))}");
    }
}
