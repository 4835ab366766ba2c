using System.CommandLine;
using Postern.Api;
using Postern.Core.Diagnoses;
using Postern.Diagnosis.Causes;

namespace Postern.Cli;

/// <summary>postern check: full diagnosis of a destination, without sending mail and without a relay.</summary>
internal sealed class CheckCommand(CommandTree tree, DiagnosisSetup setup)
{
    private readonly Argument<string> _target = new("target") { Description = "A domain (its mail exchangers are examined), an address, host:port, or an upstream's name in the configuration." };
    private readonly CheckSetup _options = new();

    public Command Build()
    {
        var command = new Command("check", "Say why a destination cannot be reached, or that it can: names, connections, greeting, path, blocklists. Sends no mail.") { _target };
        _options.AddTo(command);
        return tree.Action(command, RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancel)
    {
        var service = CheckSetup.Service(_options.Load(parsed), tree.Time, setup);
        string text = parsed.GetValue(_target)!;
        if (service.Target(text, out string? problem) is not { } target) throw new CommandException(ExitCode.WrongUsage, $"{text}: {problem}");
        var request = new CheckRequest(target) { Egress = _options.From(parsed), Senders = _options.Senders(parsed) };
        DiagnosisReport report;
        if (parsed.GetValue(CommandTree.JsonOption))
        {
            report = (await service.RunAsync(request, progress: null, cancel)).Report;
            tree.Output.Json(report, ApiJson.Default.DiagnosisReport);
        }
        else
        {
            var display = new CheckDisplay(tree.Output);
            var result = await display.ShowAsync(() => service.RunAsync(request, display, cancel));
            report = result.Report;
            tree.Output.Line("");
            // That very command has just been run.
            new DiagnosisText(tree.Output).Print(report with { Verdict = report.Verdict with { Confirm = [.. report.Verdict.Confirm.Where(c => !c.StartsWith("postern check ", StringComparison.Ordinal))] } });
        }
        return ExitOf(report);
    }

    public static int ExitOf(DiagnosisReport report) => report.Verdict.Id switch
    {
        CauseId.None => ExitCode.Good,
        CauseId.Unknown => ExitCode.NotDetermined,
        _ => ExitCode.ProblemFound,
    };
}
