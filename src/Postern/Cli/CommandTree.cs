using System.CommandLine;
using Postern.Core.Diagnoses;
using Postern.Hosting;

namespace Postern.Cli;

/// <summary>All commands, and the one place where a command's failure becomes a line and an exit code.</summary>
/// <param name="start">Null leaves out the commands that run a relay.</param>
/// <param name="diagnosis">Null for the real probes.</param>
internal sealed class CommandTree(Output output, TimeProvider time, RelayStarter? start = null, DiagnosisSetup? diagnosis = null)
{
    public static readonly Option<bool> JsonOption = new("--json") { Description = "Print JSON for programs.", Recursive = true };

    public Output Output => output;
    public TimeProvider Time => time;

    public RootCommand Build()
    {
        var root = new RootCommand("Postern, an outbound SMTP relay that says why mail does not arrive.") { JsonOption };
        if (start is not null)
        {
            root.Add(new ServeCommand(this, start).Build());
            root.Add(new DemoCommand(this, start).Build());
        }
        root.Add(new CheckCommand(this, diagnosis ?? DiagnosisSetup.Default).Build());
        root.Add(new DoctorCommand(this, diagnosis ?? DiagnosisSetup.Default).Build());
        root.Add(new ExplainCommand(this, diagnosis ?? DiagnosisSetup.Default).Build());
        root.Add(new StatusCommand(this).Build());
        root.Add(new IncidentsCommand(this).Build());
        root.Add(new EventsCommand(this).Build());
        root.Add(new QueueCommand(this).Build());
        root.Add(new WhyCommand(this).Build());
        root.Add(new UpstreamsCommand(this).Build());
        root.Add(new EgressCommand(this).Build());
        root.Add(new ConfigCommand(this).Build());
        root.Add(new HealthCommand(this).Build());
        root.Add(new ServiceCommand(this, start).Build());
        root.Add(new CompletionCommand(this).Build());
        AddToken(root);
        return root;
    }

    /// <summary>What talks to a relay may have to say who asks.</summary>
    private static void AddToken(Command command)
    {
        if (command.Options.Any(o => o.Name == ServerOption.Name)) command.Add(ServerOption.CreateToken());
        foreach (var child in command.Subcommands) AddToken(child);
    }

    public async Task<int> RunAsync(string[] args, CancellationToken cancel)
    {
        var parsed = Build().Parse(args);
        if (parsed.Errors.Count > 0)
        {
            output.Problem(UsageProblem.Of(parsed));
            return ExitCode.WrongUsage;
        }
        return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null, Output = output.Text }, cancel);
    }

    /// <summary>Gives a command its action; expected failures become one line on standard error.</summary>
    public Command Action(Command command, Func<ParseResult, CancellationToken, Task<int>> action)
    {
        command.SetAction(async (parsed, cancel) =>
        {
            try
            {
                return await action(parsed, cancel);
            }
            catch (CommandException e)
            {
                output.Problem(e.Message);
                return e.ExitCode;
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return ExitCode.NotDetermined;
            }
        });
        return command;
    }
}

/// <summary>The option of every command that talks to a running relay.</summary>
internal static class ServerOption
{
    public const string Name = "--server", TokenName = "--token-file";

    public static Option<string> Create() => new(Name) { Description = "Address of the relay's HTTP server.", HelpName = "HOST:PORT", DefaultValueFactory = _ => RelayClient.DefaultServer };

    public static Option<FileInfo> CreateToken() => new(TokenName) { Description = "File with the token for a relay that asks for one; without it environment POSTERN_TOKEN.", HelpName = "FILE" };
}
