using System.CommandLine;
using System.Net;
using Postern.Core.Configuration;
using Postern.Core.Diagnoses;
using Postern.Diagnosis.Checks;
using Postern.Diagnosis.Probes;
using Spectre.Console;

namespace Postern.Cli;

/// <summary>postern doctor: our own side of sending mail, without any destination and without a relay.</summary>
internal sealed class DoctorCommand(CommandTree tree, DiagnosisSetup setup)
{
    private readonly CheckSetup _options = new();
    private readonly Option<string[]> _public = new("--public") { Description = "Our address as others see it, where that is a router's (NAT). May be repeated.", HelpName = "ADDRESS" };

    public Command Build()
    {
        var command = new Command("doctor", "Examine our own side: outgoing ports, reverse name, HELO and SPF, blocklists for every address of ours, resolver, clock, disk.") { _public };
        _options.AddTo(command);
        return tree.Action(command, RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancel)
    {
        var config = _options.Load(parsed);
        var service = CheckSetup.Service(config, tree.Time, setup);
        var target = new ProbeTarget("", null, [], CheckTarget.SmtpPort);
        var context = service.Context(new CheckRequest(target) { Egress = _options.From(parsed), Senders = _options.Senders(parsed) });
        var options = new DoctorOptions(Public(parsed), SubmissionControls(config), config.Server.Data, config.Queue.MinFreeBytes);
        var findings = await new Doctor(setup.Probes(config, tree.Time)).RunAsync(context, options, progress: null, cancel);
        if (parsed.GetValue(CommandTree.JsonOption)) tree.Output.Json(new DoctorContract(!findings.Any(f => f.State == FindingState.Problem), findings), CliJson.Default.DoctorContract);
        else Print(findings);
        return findings.Any(f => f.State == FindingState.Problem) ? ExitCode.ProblemFound : findings.All(f => f.State == FindingState.Unknown) ? ExitCode.NotDetermined : ExitCode.Good;
    }

    /// <summary>Public submission servers, unless the operator has other references or none: then those on 465 and 587 alone.</summary>
    private static IReadOnlyList<string> SubmissionControls(PosternConfig config) => config.Diagnosis.Controls.SequenceEqual(new DiagnosisConfig().Controls)
        ? ["smtp.gmail.com:465", "smtp.mail.yahoo.com:465", "smtp.gmail.com:587", "smtp.office365.com:587"]
        : config.Diagnosis.Controls;

    private IReadOnlyList<IPAddress> Public(ParseResult parsed) =>
        [.. (parsed.GetValue(_public) ?? []).Select(text => IPAddress.TryParse(text, out var address) ? address : throw new CommandException(ExitCode.WrongUsage, $"--public {text}: expected an address"))];

    private void Print(IReadOnlyList<Finding> findings)
    {
        var output = tree.Output;
        foreach (var finding in findings)
        {
            string mark = finding.State switch { FindingState.Good => "[green]✓[/]", FindingState.Problem => "[red]✗[/]", FindingState.Warning => "[yellow]![/]", _ => "[dim]?[/]" };
            string subject = finding.Subject.Length > 0 ? $"{finding.Subject}: " : "";
            output.Ansi.MarkupLine($"{mark} {Markup.Escape(finding.Id),-26} {Markup.Escape(subject + finding.Observed)}");
        }
        foreach (var finding in findings.Where(f => f.Fix is not null && f.State is FindingState.Problem or FindingState.Warning))
        {
            output.Line("");
            output.Ansi.MarkupLine($"[bold]{Markup.Escape(finding.Id)}[/] {Markup.Escape(finding.Subject)}: {Markup.Escape(finding.Observed)}");
            foreach (string line in finding.Fix!.Split('\n')) output.Line("  " + line);
        }
        int problems = findings.Count(f => f.State == FindingState.Problem);
        int unknown = findings.Count(f => f.State == FindingState.Unknown);
        output.Line("");
        output.Line((problems == 0 ? "No problem found on our side" : problems == 1 ? "1 problem found" : $"{problems} problems found") + (unknown > 0 ? $"; {unknown} could not be determined" : "") + ".");
    }
}
