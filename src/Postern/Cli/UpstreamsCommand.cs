using System.CommandLine;
using Postern.Api;

namespace Postern.Cli;

/// <summary>postern upstreams: the health of each upstream and MX host in use.</summary>
internal sealed class UpstreamsCommand(CommandTree tree)
{
    private static readonly Option<string> _server = ServerOption.Create();

    public Command Build() => tree.Action(new Command("upstreams", "Show each upstream: up or down, since when, sessions, what it last said.") { _server }, RunAsync);

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancel)
    {
        using var client = new RelayClient(parsed.GetValue(_server)!);
        var answer = await client.GetAsync("api/v1/upstreams", ApiJson.Default.UpstreamsContract, cancel);
        bool isDown = answer.Upstreams.Any(u => u.State != "up");
        if (parsed.GetValue(CommandTree.JsonOption)) tree.Output.Json(answer, ApiJson.Default.UpstreamsContract);
        else if (answer.Upstreams.Count == 0) tree.Output.Line("no upstream has been used yet");
        else
        {
            var now = tree.Time.GetUtcNow();
            tree.Output.Table(["upstream", "address", "state", "for", "next try", "sessions", "waiting", "last problem"], answer.Upstreams.Select(u => new[]
            {
                u.Name, u.Address, u.State, u.Since is { } since ? Output.Age(now - since) : "", u.NextProbe is { } next ? next <= now ? "now" : "in " + Output.Age(next - now) : "", $"{u.Sessions}", $"{u.Waiting}", u.LastProblem ?? "",
            }));
        }
        return isDown ? ExitCode.ProblemFound : ExitCode.Good;
    }
}
