using System.CommandLine;
using Postern.Hosting;

namespace Postern.Cli;

/// <summary>postern serve: run the relay until a signal.</summary>
internal sealed class ServeCommand(CommandTree tree, RelayStarter start)
{
    private readonly ConfigSources _sources = new();

    public Command Build()
    {
        var command = new Command("serve", "Run the relay. Nothing but --upstream or --mx is needed; a file gives the rest.");
        _sources.AddTo(command);
        return tree.Action(command, RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancel)
    {
        var process = new RelayProcess(() => _sources.Load(parsed), _sources.File(parsed), start, tree.Output, tree.Time);
        await using var log = Console.OpenStandardOutput();
        return await process.RunAsync(log, started: null, cancel);
    }
}
