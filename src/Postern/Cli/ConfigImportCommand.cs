using System.CommandLine;
using Postern.Core.Configuration;
using Postern.Import;

namespace Postern.Cli;

/// <summary>postern config import: writes our configuration from another relay's, and says what became of each of its settings.</summary>
internal sealed class ConfigImportCommand(CommandTree tree)
{
    private const int MaxBytes = 4 << 20;

    private readonly Argument<string> _main = new("main.cf") { Description = "Postfix's main.cf; master.cf is read beside it.", DefaultValueFactory = _ => "/etc/postfix/main.cf" };
    private readonly Argument<string?> _env = new("env-file") { Description = "A file of NAME=value lines; without it the variables of this process.", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string> _output = new("--output", "-o") { Description = "Write the configuration there, and each password into a file beside it that only its owner may read. Without it the configuration is printed, and no password written.", HelpName = "FILE" };
    private readonly Option<bool> _force = new("--force") { Description = "Replace a file that is there." };
    private readonly Option<bool> _all = new("--all", "-a") { Description = "Say what became of every setting, also of those that are carried over." };

    public Command Build() => new("import", "Write a configuration from that of another relay.")
    {
        tree.Action(new Command("postfix", "From a Postfix: relayhost, networks, TLS, passwords, transport and sender maps, limits and times.") { _main, _output, _force, _all }, Postfix),
        tree.Action(new Command("env", "From the variables of a relay image: boky/postfix, juanluisbaptista/postfix, mwader/postfix-relay, namshi/smtp, bytemark/smtp.") { _env, _output, _force, _all }, Variables),
    };

    private Task<int> Postfix(ParseResult parsed, CancellationToken cancel)
    {
        string file = Path.GetFullPath(parsed.GetRequiredValue(_main));
        var settings = new PostfixSettings(Path.GetDirectoryName(file)!, Environment.MachineName.ToLowerInvariant());
        var problems = settings.ReadMainCf(Read(file), Path.GetFileName(file));
        string master = Path.Combine(settings.Folder, "master.cf");
        var services = File.Exists(master) ? MasterService.Read(Read(master), "master.cf") : [];
        var draft = new PostfixImport(settings, services).Run();
        foreach (var (text, place) in problems) draft.Note(ImportFate.NotCarried, text, place, "this line is not a setting");
        if (services.Count == 0) draft.Note(ImportFate.Changed, "master.cf", "master.cf", "not there; mail is taken on port 25, as Postfix does by default");
        return Finish(parsed, draft, file, cancel);
    }

    private Task<int> Variables(ParseResult parsed, CancellationToken cancel)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        if (parsed.GetValue(_env) is { } file)
        {
            foreach (string line in Read(Path.GetFullPath(file)).Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0 && l[0] != '#'))
                if (line.Split('=', 2) is [var name, var value]) variables[name.StartsWith("export ", StringComparison.Ordinal) ? name[7..].Trim() : name.Trim()] = value.Trim() is ['"', .., '"'] or ['\'', .., '\''] ? value.Trim()[1..^1] : value.Trim();
        }
        else
        {
            foreach (System.Collections.DictionaryEntry entry in Environment.GetEnvironmentVariables()) variables[(string)entry.Key] = (string?)entry.Value ?? "";
        }
        if (!variables.Keys.Any(n => n is not ("TZ" or "HOSTNAME" or "DEBUG" or "PORT" or "DOMAIN") && ContainerVariables.IsOurs(n)))
            throw new CommandException(ExitCode.WrongUsage, "no variable of a relay image is set; name the file that has them, such as the one of docker run --env-file");
        return Finish(parsed, ContainerVariables.Import(variables, Environment.MachineName.ToLowerInvariant()), parsed.GetValue(_env) ?? "the environment", cancel);
    }

    private async Task<int> Finish(ParseResult parsed, ImportDraft draft, string source, CancellationToken cancel)
    {
        string text = draft.Write(source);
        string? output = parsed.GetValue(_output) is { } given ? Path.GetFullPath(given) : null;
        if (output is not null) await WriteAsync(output, text, draft, parsed.GetValue(_force), cancel);
        var result = Check(text, output, draft);
        if (parsed.GetValue(CommandTree.JsonOption))
        {
            tree.Output.Json(new ConfigImportContract(result.Config is not null, output, output is null ? text : null, output is null ? [] : [.. draft.Secrets.Select(s => s.File)],
                [.. draft.Notes.Select(n => new ImportNoteContract(ConfigValues.KebabCase(n.Fate.ToString()), n.Subject, n.Place, n.Text))], [.. result.Errors.Select(e => e.ToString())]), CliJson.Default.ConfigImportContract);
        }
        else
        {
            if (output is null) tree.Output.Text.Write(text);
            Tell(draft, output, parsed.GetValue(_all));
            foreach (var error in result.Errors) tree.Output.Problem($"the configuration cannot be used yet: {error}");
        }
        return result.Config is null ? ExitCode.ProblemFound : ExitCode.Good;
    }

    /// <summary>On standard error: standard output may be the configuration.</summary>
    private void Tell(ImportDraft draft, string? output, bool all)
    {
        foreach (var note in draft.Notes.Where(n => all || n.Fate is ImportFate.NotCarried or ImportFate.Changed).OrderByDescending(n => n.Fate == ImportFate.NotCarried))
            tree.Output.Problem($"{note.Fate switch { ImportFate.NotCarried => "not carried over", ImportFate.Changed => "nearly the same", ImportFate.Carried => "carried over", _ => "nothing to carry" }}: {note.Place}: {note.Subject}: {note.Text}");
        int Count(ImportFate fate) => draft.Notes.Count(n => n.Fate == fate);
        tree.Output.Problem($"{Count(ImportFate.Carried)} settings carried over, {Count(ImportFate.Changed)} nearly, {Count(ImportFate.NotCarried)} not, {Count(ImportFate.Irrelevant)} have nothing to carry");
        if (output is null && draft.Secrets.Count > 0) tree.Output.Problem($"{draft.Secrets.Count} passwords are not written; with --output FILE each goes into a file of its own beside it");
        if (output is not null) tree.Output.Problem($"written: {output}{(draft.Secrets.Count > 0 ? $" and {string.Join(", ", draft.Secrets.Select(s => s.File))} beside it, for their owner only{(Environment.IsPrivilegedProcess && !OperatingSystem.IsWindows() ? "; give them to the relay's user (chown)" : "")}" : "")}; check it with: postern config check -c {output}");
    }

    /// <summary>By the loader that a start uses; passwords that are not written yet are made up for it.</summary>
    private static ConfigResult Check(string text, string? output, ImportDraft draft)
    {
        if (output is not null) return new ConfigLoader().Load(output, []);
        foreach (var secret in draft.Secrets) text = text.Replace($"{{ file = {DraftTable.Toml(secret.File)} }}", "\"x\"", StringComparison.Ordinal);
        return new ConfigLoader().LoadText(text, "postern.toml", []);
    }

    private static async Task WriteAsync(string output, string text, ImportDraft draft, bool force, CancellationToken cancel)
    {
        string folder = Path.GetDirectoryName(output)!;
        var files = draft.Secrets.Select(s => (Path: Path.Combine(folder, s.File), Text: s.Value + "\n", IsSecret: true)).Append((Path: output, Text: text, IsSecret: false)).ToList();
        if (!force && files.FirstOrDefault(f => File.Exists(f.Path)).Path is { } there) throw new CommandException(ExitCode.WrongUsage, $"{there} is there already; --force replaces it");
        try
        {
            Directory.CreateDirectory(folder);
            foreach (var (path, content, isSecret) in files)
            {
                // A new file each time: one that was readable by others would stay so.
                File.Delete(path);
                var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
                if (!OperatingSystem.IsWindows()) options.UnixCreateMode = isSecret ? UnixFileMode.UserRead | UnixFileMode.UserWrite : UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
                await using var writer = new StreamWriter(path, options);
                await writer.WriteAsync(content.AsMemory(), cancel);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.WrongUsage, $"cannot write: {e.Message}", e);
        }
    }

    private static string Read(string file)
    {
        try
        {
            if (new FileInfo(file) is { Exists: true, Length: > MaxBytes }) throw new CommandException(ExitCode.WrongUsage, $"{file} is larger than 4 MiB");
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.WrongUsage, $"{file} cannot be read: {e.Message}", e);
        }
    }
}

/// <summary>postern config import --json.</summary>
/// <param name="Good">The configuration can be used as it is.</param>
/// <param name="Config">Null when it was written to <paramref name="File"/>.</param>
/// <param name="Secrets">Names of the files beside it.</param>
internal sealed record ConfigImportContract(bool Good, string? File, string? Config, IReadOnlyList<string> Secrets, IReadOnlyList<ImportNoteContract> Notes, IReadOnlyList<string> Errors);

/// <param name="Fate">carried, changed, not-carried or irrelevant.</param>
internal sealed record ImportNoteContract(string Fate, string Subject, string Place, string Text);
