using System.CommandLine;
using Postern.Cli.Manual;

namespace Postern.Cli;

/// <summary>postern completion: the script with which a shell completes the commands and options.</summary>
internal sealed class CompletionCommand(CommandTree tree)
{
    private readonly Argument<string> _shell = new Argument<string>("shell") { Description = "bash, zsh, fish or powershell." }.AcceptOnlyFromAmong(Completions.Shells);

    public Command Build() => tree.Action(
        new Command("completion", "Print the completion script for a shell, such as: source <(postern completion bash).") { _shell },
        (parsed, _) =>
        {
            tree.Output.Text.Write(Completions.Write(parsed.GetRequiredValue(_shell), CommandShape.Of(tree.Build())));
            return Task.FromResult(ExitCode.Good);
        });
}
