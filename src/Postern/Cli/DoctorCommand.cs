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

    /// <summary>With whom it is about, where the words do not say so themselves.</summary>
    private static string Words(Finding finding) =>
        finding.Subject.Length == 0 || finding.Observed.Contains(finding.Subject, StringComparison.Ordinal) ? finding.Observed : $"{finding.Subject}: {finding.Observed}";

    private void Print(IReadOnlyList<Finding> findings)
    {
        var output = tree.Output;
        var table = new Table().Border(TableBorder.None).HideHeaders();
        table.AddColumn(new TableColumn("").PadLeft(0).PadRight(1).NoWrap());
        table.AddColumn(new TableColumn("").PadLeft(0).PadRight(2).NoWrap());
        table.AddColumn(new TableColumn("").PadLeft(0).PadRight(0));
        foreach (var finding in findings)
        {
            string mark = finding.State switch { FindingState.Good => "[green]✓[/]", FindingState.Problem => "[red]✗[/]", FindingState.Warning => "[yellow]![/]", _ => "[dim]?[/]" };
            table.AddRow(new Markup(mark), new Text(finding.Id), new Text(Words(finding)));
        }
        output.Ansi.Write(table);
        var text = new DiagnosisText(output);
        foreach (var finding in findings.Where(f => f.Fix is not null && f.State is FindingState.Problem or FindingState.Warning))
        {
            output.Line("");
            text.Paragraph("", $"{output.Bold(finding.Id)}: {Words(finding)}");
            text.Steps("", finding.Fix!);
        }
        int problems = findings.Count(f => f.State == FindingState.Problem);
        int unknown = findings.Count(f => f.State == FindingState.Unknown);
        output.Line("");
        output.Line((problems == 0 ? "No problem found on our side" : problems == 1 ? "1 problem found" : $"{problems} problems found") + (unknown > 0 ? $"; {unknown} could not be determined" : "") + ".");
    }
}
