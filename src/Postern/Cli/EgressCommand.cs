using System.CommandLine;
using Postern.Api;

namespace Postern.Cli;

/// <summary>postern egress: our own addresses: which are in use, who turns one away, how far the warm-up of a new one has come.</summary>
internal sealed class EgressCommand(CommandTree tree)
{
    private static readonly Option<string> _server = ServerOption.Create();
    private static readonly Option<bool> _all = new("--all", "-a") { Description = "Every provider of a warm-up." };

    public Command Build() => tree.Action(new Command("egress", "Show our addresses: in use, turned away by whom and why, progress of a warm-up.") { _server, _all }, RunAsync);

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancel)
    {
        using var client = RelayClient.Of(parsed, _server);
        var answer = await client.GetAsync("api/v1/egress", ApiJson.Default.EgressesContract, cancel);
        if (parsed.GetValue(CommandTree.JsonOption)) tree.Output.Json(answer, ApiJson.Default.EgressesContract);
        else new EgressText(tree.Output, tree.Time.GetUtcNow()).Print(answer, parsed.GetValue(_all));
        return answer.Egress.Any(e => e.Rests.Count > 0 || e.WarmUp is { Waiting: > 0 }) ? ExitCode.ProblemFound : ExitCode.Good;
    }
}
