using Postern.Core.Configuration;
using Postern.Hosting;

namespace Postern.Cli.Manual;

/// <summary>postern(1), one page for each command, and postern.toml(5), from the commands and the settings themselves.</summary>
internal static class ManPages
{
    private static readonly (int Code, string Meaning)[] _exits =
        [(ExitCode.Good, "Good."), (ExitCode.ProblemFound, "A problem was found."), (ExitCode.WrongUsage, "Wrong usage or configuration."), (ExitCode.NotDetermined, "Could not be determined: no relay answers, the cause is not clear.")];

    /// <summary>File name and text.</summary>
    public static IEnumerable<(string Name, string Text)> Write(CommandShape root)
    {
        yield return ("postern.1", Overview(root));
        // A command with its sub-commands is one page: nobody looks for postern-queue-hold(1).
        foreach (var command in root.Commands) yield return ($"{command.Path.Replace(' ', '-')}.1", Page(command));
        yield return ("postern.toml.5", Settings());
    }

    private static string Overview(CommandShape root)
    {
        var page = new Roff("postern", "1", RelayProcess.Version, "postern", root.Description);
        page.Section("Synopsis").Paragraph($"`{root.Usage}`");
        page.Section("Description").Paragraph("Applications hand Postern their mail over SMTP; it keeps the mail safe, passes it to a provider or to each domain's own mail servers, and when one of these cannot be reached or turns the mail away it says why, with the evidence, what mends it and why that works.");
        page.Paragraph("`postern serve` runs the relay, `postern demo` shows one without anything to configure, `postern check` examines a destination without sending mail.");
        page.Section("Commands");
        foreach (var command in root.Commands) page.Item(command.Path, command.Description);
        Common(page, root);
        page.Section("Files").Item("/etc/postern/postern.toml", "The configuration of the service that the Debian package installs, see postern.toml(5).").Item("/var/lib/postern", "Its queue, its log of events and what it has learned.");
        page.Section("Environment").Item("POSTERN_CONFIG", "The configuration file where --config is not given.").Item("POSTERN_SECTION__KEY", "Any key of the configuration, such as POSTERN_SERVER__HOSTNAME.").Item("NO_COLOR", "Set to anything: no colours.");
        page.Section("Signals").Item("SIGTERM, SIGINT", "A stop in good order, in bounded time; the second one stops at once. What is not delivered stays in the queue.").Item("SIGHUP", "The configuration is read again: applied whole, or refused whole while the old one runs on.");
        return SeeAlso(page, ["postern.toml(5)", .. root.Commands.Select(c => c.Path.Replace(' ', '-') + "(1)")]);
    }

    private static string Page(CommandShape command)
    {
        var page = new Roff(command.Path.Replace(' ', '-'), "1", RelayProcess.Version, command.Path.Replace(' ', '-'), command.Description);
        page.Section("Synopsis");
        foreach (var one in command.All.Where(c => c.Commands.Count == 0)) page.Paragraph($"`{one.Usage}`");
        page.Section("Description").Paragraph(command.Description);
        if (command.Commands.Count == 0)
        {
            Arguments(page, command);
            Common(page, command);
            return SeeAlso(page, ["postern(1)", "postern.toml(5)"]);
        }
        page.Section("Commands");
        foreach (var one in command.All.Where(c => c.Commands.Count == 0))
        {
            page.Part(one.Usage).Paragraph(one.Description);
            Arguments(page, one);
            foreach (var option in one.Options.Where(o => !command.Options.Contains(o))) Option(page, option);
        }
        Common(page, command);
        return SeeAlso(page, ["postern(1)", "postern.toml(5)"]);
    }

    private static void Arguments(Roff page, CommandShape command)
    {
        foreach (var argument in command.Arguments) page.Item($"<{argument.Name}>", argument.Description);
    }

    private static void Common(Roff page, CommandShape command)
    {
        page.Section("Options");
        foreach (var option in command.Options) Option(page, option);
        page.Section("Exit status");
        foreach (var (code, meaning) in _exits) page.Item($"{code}", meaning);
    }

    private static void Option(Roff page, OptionShape option) => page.Item(string.Join(", ", option.Names) + (option.Value is { } value ? " " + value : ""), option.Description);

    private static string SeeAlso(Roff page, IReadOnlyList<string> pages) => page.Section("See also").Paragraph(string.Join(", ", pages)).ToString();

    private static string Settings()
    {
        var page = new Roff("postern.toml", "5", RelayProcess.Version, "postern.toml", "configuration of the Postern mail relay");
        page.Section("Description");
        foreach (string paragraph in ConfigReference.Notes) page.Paragraph(paragraph);
        page.Section("Example").Example("[[upstream]]\nname = \"provider\"\naddress = \"smtp.example.com:587\"\ntls = \"required\"\nauth = { user = \"apikey\", password = { file = \"smtp-password\" } }");
        foreach (var (title, summary, settings) in ConfigReference.Tables())
        {
            page.Section(title);
            if (summary.Length > 0) page.Paragraph(summary);
            foreach (var (key, holds, standard, text) in settings) page.Item(key, $"{text} Holds {holds}; {(standard == "required" ? "required" : standard == "none" ? "absent by default" : $"default {standard}")}.");
        }
        return SeeAlso(page, ["postern(1)", "postern-config(1)", "postern-serve(1)"]);
    }
}
