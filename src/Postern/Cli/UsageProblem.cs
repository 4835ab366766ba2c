using System.CommandLine;
using System.CommandLine.Parsing;
using Postern.Core.Configuration;

namespace Postern.Cli;

/// <summary>One line for a command line that cannot be understood: what is wrong, what was probably meant, where help is.</summary>
internal static class UsageProblem
{
    public static string Of(ParseResult parsed)
    {
        string path = string.Join(' ', Names(parsed.CommandResult).Prepend("postern"));
        string help = $"see '{path} --help'";
        var commands = parsed.CommandResult.Command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name).ToList();
        if (parsed.UnmatchedTokens.Count == 0)
        {
            if (commands.Count > 0 && parsed.Tokens.All(t => t.Type != TokenType.Option)) return $"which command? {path} {string.Join('|', commands)}; {help}";
            return $"{string.Join("; ", parsed.Errors.Select(e => e.Message.TrimEnd('.')))}; {help}";
        }
        string word = parsed.UnmatchedTokens[0];
        // Words after the first unknown one are its arguments: to complain of them too would be noise.
        if (word.StartsWith('-')) return $"'{path}' has no option {word}{(Suggestion.For(word, Options(parsed.CommandResult)) is { } option ? $"; did you mean {option}?" : ";")} {help}";
        if (commands.Count > 0) return $"there is no '{path} {word}'; {(Suggestion.For(word, commands) is { } command ? $"did you mean '{path} {command}'?" : $"there is {string.Join(", ", commands)};")} {help}";
        return $"'{word}' is one word too many for '{path}'; {help}";
    }

    private static List<string> Options(CommandResult result)
    {
        var names = result.Command.Options.Select(o => o.Name).ToList();
        for (var at = result.Parent as CommandResult; at is not null; at = at.Parent as CommandResult) names.AddRange(at.Command.Options.Where(o => o.Recursive).Select(o => o.Name));
        return names;
    }

    private static Stack<string> Names(CommandResult result)
    {
        var names = new Stack<string>();
        for (var at = result; at.Parent is CommandResult parent; at = parent) names.Push(at.Command.Name);
        return names;
    }
}
