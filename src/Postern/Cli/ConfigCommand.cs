using System.CommandLine;
using Postern.Cli.Manual;
using Postern.Core;
using Postern.Core.Configuration;
using Postern.Core.Submission;

namespace Postern.Cli;

/// <summary>postern config: check it, show what is in force, describe it, hash a password.</summary>
internal sealed class ConfigCommand(CommandTree tree)
{
    private readonly ConfigSources _checkSources = new();
    private readonly ConfigSources _showSources = new();
    private readonly Option<bool> _set = new("--only-set") { Description = "Leave out what is at its default." };

    private readonly Argument<DirectoryInfo> _folder = new("folder") { Description = "Made when it does not exist; other files in it stay." };

    public Command Build()
    {
        var check = new Command("check", "Check a configuration and list every mistake with its line and remedy.");
        _checkSources.AddTo(check);
        var show = new Command("show", "Show the configuration in force and where each value comes from; secrets are masked.") { _set };
        _showSources.AddTo(show);
        return new Command("config", "Check, show and describe the configuration.")
        {
            tree.Action(check, Check),
            tree.Action(show, Show),
            tree.Action(new Command("example", "Print a configuration to start from."), Print(Example)),
            tree.Action(new Command("schema", "Print the JSON schema, for editors."), Print(ConfigSchema.Write)),
            tree.Action(new Command("reference", "Print the reference page (docs/configuration.md)."), Print(ConfigReference.Write)),
            tree.Action(new Command("metrics", "Print the list of metrics (docs/metrics.md)."), Print(MetricsReference.Write)),
            tree.Action(new Command("decisions", "Print what is done about each cause (docs/decisions.md)."), Print(DecisionsReference.Write)),
            tree.Action(new Command("api", "Print the reference of the HTTP API (docs/api.md)."), async (_, _) =>
            {
                tree.Output.Text.Write(await ApiReference.WriteAsync());
                return ExitCode.Good;
            }),
            tree.Action(new Command("causes", "Write the pages about causes (docs/causes) into a folder.") { _folder }, WriteCauses),
            tree.Action(new Command("commands", "Print the reference of the commands (docs/commands.md)."), Print(() => CommandsReference.Write(CommandShape.Of(tree.Build())))),
            tree.Action(new Command("events", "Print the list of events (docs/events.md)."), Print(EventsReference.Write)),
            tree.Action(new Command("manual", "Write the man pages and the completion scripts into a folder.") { _folder }, WriteManual),
            new ConfigImportCommand(tree).Build(),
            tree.Action(new Command("hash", "Hash a password, read from standard input, for [[user]]."), Hash),
            new TokenCommand(tree).Build(),
        };
    }

    private static string Example()
    {
        using var file = typeof(ConfigCommand).Assembly.GetManifestResourceStream("postern.example.toml")!;
        using var reader = new StreamReader(file);
        return reader.ReadToEnd();
    }

    private Func<ParseResult, CancellationToken, Task<int>> Print(Func<string> write) => (_, _) =>
    {
        tree.Output.Text.Write(write());
        return Task.FromResult(ExitCode.Good);
    };

    private async Task<int> WriteCauses(ParseResult parsed, CancellationToken cancel)
    {
        string folder = Directory.CreateDirectory(parsed.GetRequiredValue(_folder).FullName).FullName;
        foreach (var (name, text) in CausesReference.Write()) await File.WriteAllTextAsync(Path.Combine(folder, name), text, cancel);
        return ExitCode.Good;
    }

    private async Task<int> WriteManual(ParseResult parsed, CancellationToken cancel)
    {
        string folder = Directory.CreateDirectory(parsed.GetRequiredValue(_folder).FullName).FullName;
        var root = CommandShape.Of(tree.Build());
        var scripts = Completions.Shells.Select(s => ($"postern.{(s == "powershell" ? "ps1" : s)}", Completions.Write(s, root)));
        foreach (var (name, text) in ManPages.Write(root).Concat(scripts)) await File.WriteAllTextAsync(Path.Combine(folder, name), text, cancel);
        return ExitCode.Good;
    }

    private Task<int> Check(ParseResult parsed, CancellationToken cancel)
    {
        var result = _checkSources.Load(parsed);
        if (RelayFiles.Check(result, tree.Time) is { Count: > 0 } unusable) result = result with { Config = null, Errors = unusable };
        if (parsed.GetValue(CommandTree.JsonOption))
        {
            tree.Output.Json(new ConfigCheckContract(result.Config is not null, [.. result.Errors.Select(Finding)], [.. result.Warnings.Select(Finding)]), CliJson.Default.ConfigCheckContract);
        }
        else
        {
            foreach (var error in result.Errors) tree.Output.Line($"{tree.Output.Bad("error:")} {error}");
            foreach (var warning in result.Warnings) tree.Output.Line($"{tree.Output.Warn("warning:")} {warning}");
            tree.Output.Line(result.Config is null ? $"{Count(result.Errors.Count, "error")}; the relay would not start" : result.Warnings.Count > 0 ? $"good, with {Count(result.Warnings.Count, "warning")}" : "good");
        }
        return Task.FromResult(result.Config is null ? ExitCode.WrongUsage : ExitCode.Good);
    }

    private Task<int> Show(ParseResult parsed, CancellationToken cancel)
    {
        var result = _showSources.Load(parsed);
        if (result.Config is null) throw Refusal(result);
        if (parsed.GetValue(CommandTree.JsonOption)) tree.Output.Line(ConfigText.WriteJson(result.Config, result.Origins));
        else tree.Output.Text.Write(ConfigText.Write(result.Config, result.Origins, parsed.GetValue(_set)));
        return Task.FromResult(ExitCode.Good);
    }

    /// <summary>All errors, a line each.</summary>
    internal static CommandException Refusal(ConfigResult result) =>
        new(ExitCode.WrongUsage, string.Join("\npostern: ", result.Errors.Select(e => e.ToString())));

    private async Task<int> Hash(ParseResult parsed, CancellationToken cancel)
    {
        string? password = Console.IsInputRedirected ? await Console.In.ReadLineAsync(cancel) : ReadUnseen();
        if (string.IsNullOrEmpty(password)) throw new CommandException(ExitCode.WrongUsage, "no password on standard input; type it, or pipe it in: printf %s \"$PASSWORD\" | postern config hash");
        string hash = PasswordHash.Create(password);
        if (parsed.GetValue(CommandTree.JsonOption)) tree.Output.Json(new HashContract(hash), CliJson.Default.HashContract);
        else tree.Output.Line(hash);
        return ExitCode.Good;
    }

    private static string ReadUnseen()
    {
        Console.Error.Write("Password (not shown): ");
        var password = new System.Text.StringBuilder();
        for (var key = Console.ReadKey(intercept: true); key.Key != ConsoleKey.Enter; key = Console.ReadKey(intercept: true))
        {
            if (key.Key == ConsoleKey.Backspace) password.Length = Math.Max(0, password.Length - 1);
            else if (!char.IsControl(key.KeyChar)) password.Append(key.KeyChar);
        }
        Console.Error.WriteLine();
        return password.ToString();
    }

    private static string Count(int count, string word) => $"{count} {word}{(count == 1 ? "" : "s")}";

    private static ConfigFindingContract Finding(ConfigError error) => new(error.At.Source, error.At.Line, error.At.Column, error.Key, error.Value, error.Expected, error.Mend);
}
