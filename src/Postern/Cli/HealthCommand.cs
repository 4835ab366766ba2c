using System.CommandLine;
using Postern.Api;

namespace Postern.Cli;

/// <summary>postern health: is the relay of this machine ready? For container health checks and scripts, where no other HTTP client is at hand.</summary>
internal sealed class HealthCommand(CommandTree tree)
{
    private readonly Option<string> _server = new("--server") { Description = "Address of the relay's HTTP server; also from POSTERN_SERVER__HTTP.", HelpName = "HOST:PORT", DefaultValueFactory = _ => Here(Environment.GetEnvironmentVariable("POSTERN_SERVER__HTTP")) };

    public Command Build() => tree.Action(new Command("health", "Ask the relay whether it takes mail; exit code 0 when it does.") { _server }, RunAsync);

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancel)
    {
        using var client = new RelayClient(parsed.GetValue(_server)!);
        var answer = await client.GetReadinessAsync(cancel);
        if (parsed.GetValue(CommandTree.JsonOption)) tree.Output.Json(answer, ApiJson.Default.ReadinessContract);
        else tree.Output.Line(answer.Ready ? "ready" : $"not ready: {string.Join("; ", answer.Problems)}");
        return answer.Ready ? ExitCode.Good : ExitCode.ProblemFound;
    }

    /// <summary>Where a server that listens on all addresses is reached from here.</summary>
    internal static string Here(string? listen)
    {
        if (listen is not { Length: > 0 }) return RelayClient.DefaultServer;
        int colon = listen.LastIndexOf(':');
        return colon > 0 && listen[..colon] is "*" or "0.0.0.0" or "[::]" ? "127.0.0.1" + listen[colon..] : listen;
    }
}
