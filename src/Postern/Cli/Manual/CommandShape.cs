using System.CommandLine;

namespace Postern.Cli.Manual;

/// <summary>An option as the manual and the completions need it.</summary>
/// <param name="Names">The long name first.</param>
/// <param name="Value">What it takes ("FILE"); null for a switch.</param>
internal sealed record OptionShape(IReadOnlyList<string> Names, string? Value, string Description)
{
    public bool TakesFile => Value is "FILE";
    public bool TakesFolder => Value is "FOLDER";
}

/// <param name="Name">As the usage line writes it.</param>
internal sealed record ArgumentShape(string Name, string Description, bool IsOptional, bool IsMany);

/// <summary>One command with all that can be typed after it: what help, man pages, the reference page and the completions are made from.</summary>
/// <param name="Path">"postern queue list".</param>
internal sealed record CommandShape(string Path, string Description, IReadOnlyList<OptionShape> Options, IReadOnlyList<ArgumentShape> Arguments, IReadOnlyList<CommandShape> Commands)
{
    public string Name => Path[(Path.LastIndexOf(' ') + 1)..];

    /// <summary>This command and all below it, in the order of the help.</summary>
    public IEnumerable<CommandShape> All => Commands.SelectMany(c => c.All).Prepend(this);

    /// <summary>"postern queue show [options] &lt;id&gt;".</summary>
    public string Usage => string.Join(' ', new[] { Path, Commands.Count > 0 ? "<command>" : "", Options.Count > 0 ? "[options]" : "" }
        .Concat(Arguments.Select(a => a.IsOptional ? $"[<{a.Name}>{(a.IsMany ? "..." : "")}]" : $"<{a.Name}>{(a.IsMany ? "..." : "")}")).Where(p => p.Length > 0));

    public static CommandShape Of(RootCommand root) => Of(root, "postern", []);

    private static CommandShape Of(Command command, string path, IReadOnlyList<Option> inherited)
    {
        var recursive = command.Options.Where(o => o.Recursive && !o.Hidden).ToList();
        var options = command.Options.Where(o => !o.Hidden).Concat(inherited).Distinct().Select(Of).OrderBy(o => o.Names[0], StringComparer.Ordinal);
        var below = inherited.Concat(recursive).ToList();
        return new CommandShape(path, command.Description ?? "", [.. options], [.. command.Arguments.Where(a => !a.Hidden).Select(Of)],
            [.. command.Subcommands.Where(c => !c.Hidden).Select(c => Of(c, $"{path} {c.Name}", below))]);
    }

    private static OptionShape Of(Option option) => new(
        // "/?" and "/h" are habits of Windows; nobody completes them.
        [option.Name, .. option.Aliases.Where(a => a != option.Name && a[0] == '-').Order(StringComparer.Ordinal)],
        option.Arity.MaximumNumberOfValues == 0 || option.ValueType == typeof(bool) || option.ValueType == typeof(void) ? null : option.HelpName ?? "VALUE", option.Description ?? "");

    private static ArgumentShape Of(Argument argument) => new(argument.HelpName ?? argument.Name, argument.Description ?? "", argument.Arity.MinimumNumberOfValues == 0, argument.Arity.MaximumNumberOfValues > 1);
}
