using System.Text;

namespace Postern.Cli.Manual;

/// <summary>Writes docs/commands.md from the commands themselves.</summary>
internal static class CommandsReference
{
    public static string Write(CommandShape root)
    {
        var text = new StringBuilder("""
            # Commands

            <!-- Made by `postern config commands`; a test compares it with the program. Change the commands in src/Postern/Cli instead. -->

            What each command is for is in [the guide](guide.md); this page has every option. All take `--json` (machine output, never with colours) and `--help`.
            Exit codes: 0 good, 1 a problem was found, 2 wrong usage or configuration, 3 could not be determined.
            Completions for a shell: `postern completion bash|zsh|fish|powershell`. Man pages: `man postern`, `man postern-queue`, `man postern.toml`.

            """.ReplaceLineEndings("\n"));
        foreach (var command in root.All.Skip(1).Where(c => c.Commands.Count == 0)) Section(text, command);
        return text.ToString();
    }

    private static void Section(StringBuilder text, CommandShape command)
    {
        text.Append($"\n## {command.Path}\n\n{command.Description}\n\n```\n{command.Usage}\n```\n");
        var rows = command.Arguments.Select(a => (Name: $"<{a.Name}>", a.Description))
            .Concat(command.Options.Where(o => o.Names[0] is not ("--help" or "--json")).Select(o => (Name: string.Join(", ", o.Names) + (o.Value is { } value ? $" {value}" : ""), o.Description))).ToList();
        if (rows.Count == 0) return;
        text.Append("\n| | |\n|---|---|\n");
        foreach (var (name, description) in rows) text.Append($"| `{name}` | {description.Replace("|", "\\|", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal)} |\n");
    }
}
