using System.CommandLine;
using Postern.Api;

namespace Postern.Cli;

/// <summary>postern queue: look at the waiting mail and act on it.</summary>
internal sealed class QueueCommand(CommandTree tree)
{
    /// <summary>Between two looks at an action that takes long.</summary>
    private static readonly TimeSpan _poll = TimeSpan.FromSeconds(1);

    private readonly Option<string> _server = ServerOption.Create();
    private readonly IReadOnlyDictionary<string, Option<string>> _filters = QueueFilters.All.Where(f => f.Name is not ("ids" or "up_to"))
        .ToDictionary(f => f.Name, f => new Option<string>(f.Name == "q" ? "--search" : "--" + f.Name.Replace('_', '-')) { Description = f.Description, HelpName = f.Example });
    private readonly Option<int> _limit = new("--limit") { Description = "Messages to show at most.", HelpName = "N", DefaultValueFactory = _ => 100, CustomParser = Whole };
    private readonly Option<bool> _newest = new("--newest") { Description = "Newest first." };
    private readonly Option<bool> _all = new("--all") { Description = "Every message." };
    private readonly Option<bool> _dryRun = new("--dry-run", "-n") { Description = "Only say how many it would be." };
    private readonly Argument<string[]> _ids = new("id") { Description = "Queue ids.", Arity = ArgumentArity.ZeroOrMore };
    private readonly Argument<string> _id = new("id") { Description = "Queue id." };
    private readonly Option<string> _file = new("--output", "-o") { Description = "File to write; standard output without it.", HelpName = "FILE" };

    public Command Build() => new("queue", "List, show, retry, hold, release, bounce, export and remove waiting mail.")
    {
        tree.Action(Filtered(new Command("list", "List waiting messages, oldest first.") { _newest, _limit, _server }), ListAsync),
        tree.Action(new Command("show", "Show one message: envelope, recipients, what was last said.") { _id, _server }, ShowAsync),
        Act("retry", "Try messages again now."),
        Act("hold", "Keep messages back until released."),
        Act("release", "Let held messages go."),
        Act("bounce", "Give up on messages and tell their senders."),
        Act("remove", "Delete messages without telling anybody; export them first to keep a copy."),
        tree.Action(new Command("export", "Write a message's bytes, as it will be sent.") { _id, _file, _server }, ExportAsync),
    };

    /// <summary>The parser's own words would name a .NET type.</summary>
    private static int Whole(System.CommandLine.Parsing.ArgumentResult argument)
    {
        string text = argument.Tokens.Count == 0 ? "" : argument.Tokens[0].Value;
        if (int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int number) && number > 0) return number;
        argument.AddError($"--limit {text}: expected a whole number from 1");
        return 0;
    }

    private Command Act(string name, string description)
    {
        var command = Filtered(new Command(name, description) { _ids, _all, _dryRun, _server });
        return tree.Action(command, (parsed, cancel) => ActAsync(name, parsed, cancel));
    }

    private Command Filtered(Command command)
    {
        foreach (var filter in _filters.Values) command.Add(filter);
        return command;
    }

    private async Task<int> ListAsync(ParseResult parsed, CancellationToken cancel)
    {
        using var client = RelayClient.Of(parsed, _server);
        int limit = parsed.GetValue(_limit);
        var query = _filters.Select(f => (f.Key, parsed.GetValue(f.Value))).Append(("order", parsed.GetValue(_newest) ? "newest" : null));
        var found = new List<QueueItemContract>();
        string? after = null;
        do
        {
            var parts = query.Append(("limit", $"{Math.Min(1000, limit - found.Count)}")).Append(("after", after));
            string path = "api/v1/queue?" + string.Join('&', parts.Where(p => p.Item2 is not null).Select(p => $"{p.Item1}={Uri.EscapeDataString(p.Item2!)}"));
            var page = await client.GetAsync(path, ApiJson.Default.QueuePageContract, cancel);
            found.AddRange(page.Messages);
            after = page.Next;
        }
        while (after is not null && found.Count < limit);
        if (parsed.GetValue(CommandTree.JsonOption)) tree.Output.Json(new QueuePageContract(found, after), ApiJson.Default.QueuePageContract);
        else PrintList(found, after is not null);
        return ExitCode.Good;
    }

    private void PrintList(List<QueueItemContract> found, bool isCut)
    {
        if (found.Count == 0)
        {
            tree.Output.Line("no such message waits");
            return;
        }
        var now = tree.Time.GetUtcNow();
        tree.Output.Table(["id", "age", "state", "next", "tries", "size", "from", "to", "last reply"], found.Select(m => new[]
        {
            m.Id, Output.Age(now - m.AcceptedAt), m.State, m.State == "held" ? "-" : m.NextDue is { } due ? due <= now ? "now" : "in " + Output.Age(due - now) : "-",
            $"{m.Attempts}", Output.Size(m.SizeBytes), m.Sender.Length == 0 ? "<>" : m.Sender,
            $"{string.Join(", ", m.Destinations.Take(2))}{(m.Destinations.Count > 2 ? ", …" : "")}{(m.RecipientsTotal > 1 ? $" ({m.RecipientsWaiting}/{m.RecipientsTotal})" : "")}",
            m.LastReply ?? "",
        }));
        if (isCut) tree.Output.Line("… and more; --limit shows them");
    }

    private async Task<int> ShowAsync(ParseResult parsed, CancellationToken cancel)
    {
        using var client = RelayClient.Of(parsed, _server);
        var details = await client.GetAsync($"api/v1/queue/{Uri.EscapeDataString(parsed.GetValue(_id)!)}", ApiJson.Default.QueueDetailsContract, cancel);
        if (parsed.GetValue(CommandTree.JsonOption)) tree.Output.Json(details, ApiJson.Default.QueueDetailsContract);
        else PrintDetails(tree.Output, details, tree.Time.GetUtcNow());
        return ExitCode.Good;
    }

    internal static void PrintDetails(Output output, QueueDetailsContract details, DateTimeOffset now)
    {
        var message = details.Message;
        output.Line($"{output.Bold(message.Id)}  {(message.State is "deferred" or "held" ? output.Warn(message.State) : message.State)}  {Output.Size(message.SizeBytes)}");
        output.Line($"{output.Dim("from")}       {(message.Sender.Length == 0 ? "<> (a bounce)" : message.Sender)}");
        output.Line($"{output.Dim("accepted")}   {message.AcceptedAt:yyyy-MM-dd HH:mm:ss}Z, {Output.Age(now - message.AcceptedAt)} ago, by {details.Protocol} on {details.Listener}{(details.ClientAddress is { } client ? $" from {client}" : "")}{(details.User is { } user ? $" as {user}" : "")}");
        output.Line($"{output.Dim("tries")}      {message.Attempts}{(message.NextDue is { } due && message.State != "held" ? due <= now ? ", next now" : $", next in {Output.Age(due - now)}" : "")}; given up in {Output.Age(details.ExpiresAt - now)}");
        if (details.EnvelopeId is { } envelope) output.Line($"{output.Dim("envid")}      {envelope}");
        output.Line("");
        output.Table(["recipient", "status", "destination", "last reply"], details.Recipients.Select(r => new[] { r.Address, r.Status, r.Destination, r.LastReply ?? "" }));
    }

    private async Task<int> ActAsync(string name, ParseResult parsed, CancellationToken cancel)
    {
        using var client = RelayClient.Of(parsed, _server);
        string? Text(string filter) => parsed.GetValue(_filters[filter]);
        var request = new QueueActionContract
        {
            Action = name,
            Ids = parsed.GetValue(_ids),
            Q = Text("q"),
            Destination = Text("destination"),
            Sender = Text("sender"),
            Recipient = Text("recipient"),
            User = Text("user"),
            Client = Text("client"),
            Tenant = Text("tenant"),
            Upstream = Text("upstream"),
            Cause = Text("cause"),
            Reply = Text("reply"),
            State = Text("state"),
            OlderThan = Text("older_than"),
            YoungerThan = Text("younger_than"),
            MinSize = Text("min_size"),
            MaxSize = Text("max_size"),
            All = parsed.GetValue(_all),
            DryRun = parsed.GetValue(_dryRun),
        };
        if (QueueFilters.IsEmpty(request) && request.All != true)
            throw new CommandException(ExitCode.WrongUsage, $"which messages? name queue ids, filter with --destination, --sender, --recipient, --state, --older-than or another, or say --all; see 'postern queue {name} --help'");
        var result = await client.PostAsync("api/v1/queue/actions", request, ApiJson.Default.QueueActionContract, ApiJson.Default.QueueActionResultContract, cancel);
        while (result.State == "running")
        {
            await Task.Delay(_poll, tree.Time, cancel);
            result = await client.GetAsync($"api/v1/queue/operations/{result.Operation}", ApiJson.Default.QueueActionResultContract, cancel);
        }
        if (parsed.GetValue(CommandTree.JsonOption)) tree.Output.Json(result, ApiJson.Default.QueueActionResultContract);
        else tree.Output.Line($"{name}: {(request.DryRun == true ? "would be " : "")}{result.Messages} {(result.Messages == 1 ? "message" : "messages")}");
        if (result.State is "failed" or "cancelled") throw new CommandException(ExitCode.NotDetermined, $"{name} {result.State} after {result.Messages} messages{(result.Problem is { } problem ? $": {problem}" : "")}; the same command goes on from there");
        return result.Messages > 0 ? ExitCode.Good : ExitCode.ProblemFound;
    }

    private async Task<int> ExportAsync(ParseResult parsed, CancellationToken cancel)
    {
        using var client = RelayClient.Of(parsed, _server);
        string path = $"api/v1/queue/{Uri.EscapeDataString(parsed.GetValue(_id)!)}/message";
        if (parsed.GetValue(_file) is not { } file)
        {
            await using var output = Console.OpenStandardOutput();
            await client.CopyAsync(path, output, cancel);
            return ExitCode.Good;
        }
        try
        {
            await using var target = new FileStream(file, FileMode.CreateNew);
            await client.CopyAsync(path, target, cancel);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.WrongUsage, $"cannot write {file}: {e.Message}; choose another file", e);
        }
        return ExitCode.Good;
    }
}
