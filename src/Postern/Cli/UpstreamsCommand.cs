using System.CommandLine;
using Postern.Api;

namespace Postern.Cli;

/// <summary>postern upstreams: the health of each upstream and MX host in use, what was learned of its limits, which of our addresses rest there; reset forgets that.</summary>
internal sealed class UpstreamsCommand(CommandTree tree)
{
    private static readonly Option<string> _server = ServerOption.Create();
    private static readonly Option<bool> _all = new("--all", "-a") { Description = "Also mail exchangers of which there is nothing to tell." };
    private static readonly Argument<string> _name = new("name") { Description = "Name of an upstream, a provider, a group or an MX host, as 'postern upstreams' shows it." };

    public Command Build()
    {
        var command = new Command("upstreams", "Show each upstream: up or down, sessions, rate, learned limits, our addresses that rest there.") { _server, _all };
        command.Add(tree.Action(new Command("reset", "Forget what was learned of an upstream: its limits, and that our addresses rest there.") { _name, _server }, ResetAsync));
        return tree.Action(command, RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancel)
    {
        using var client = RelayClient.Of(parsed, _server);
        var answer = await client.GetAsync("api/v1/upstreams", ApiJson.Default.UpstreamsContract, cancel);
        if (parsed.GetValue(CommandTree.JsonOption)) tree.Output.Json(answer, ApiJson.Default.UpstreamsContract);
        else new UpstreamsText(tree.Output, tree.Time.GetUtcNow()).Print(answer, parsed.GetValue(_all));
        return answer.Upstreams.Any(u => u.State != "up") ? ExitCode.ProblemFound : ExitCode.Good;
    }

    private async Task<int> ResetAsync(ParseResult parsed, CancellationToken cancel)
    {
        using var client = RelayClient.Of(parsed, _server);
        var done = await client.PostAsync("api/v1/upstreams/reset", new ResetContract(parsed.GetValue(_name)!), ApiJson.Default.ResetContract, ApiJson.Default.ResetResultContract, cancel);
        if (parsed.GetValue(CommandTree.JsonOption)) tree.Output.Json(done, ApiJson.Default.ResetResultContract);
        else tree.Output.Line($"reset: {string.Join(", ", done.Upstreams)}: {Count(done.Limits, "learned limit")} and {Count(done.Rests, "rest")} forgotten");
        return ExitCode.Good;
    }

    private static string Count(int count, string what) => $"{count} {what}{(count == 1 ? "" : "s")}";
}
