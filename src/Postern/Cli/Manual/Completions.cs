using System.Text;

namespace Postern.Cli.Manual;

/// <summary>Completion scripts for shells: the words that may follow, per command. Static, so that a press of Tab starts nothing.</summary>
internal static class Completions
{
    public static readonly string[] Shells = ["bash", "zsh", "fish", "powershell"];

    public static string Write(string shell, CommandShape root) => shell switch
    {
        "bash" => Bash(root),
        "zsh" => Zsh(root),
        "fish" => Fish(root),
        _ => PowerShell(root),
    };

    private static string Bash(CommandShape root)
    {
        var text = new StringBuilder("""
            # bash completion of postern; made by: postern completion bash
            _postern() {
              local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} at=postern word words
              COMPREPLY=()
              for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
                case "$at $word" in

            """.ReplaceLineEndings("\n"));
        text.Append("      ").Append(string.Join(" | ", root.All.Skip(1).Select(c => $"'{c.Path}'"))).Append(") at=\"$at $word\" ;;\n    esac\n  done\n  case \"$prev\" in\n");
        Values(text, root, o => o.TakesFile, "COMPREPLY=($(compgen -f -- \"$cur\")); compopt -o filenames 2>/dev/null; return");
        Values(text, root, o => o.TakesFolder, "COMPREPLY=($(compgen -d -- \"$cur\")); compopt -o filenames 2>/dev/null; return");
        Values(text, root, o => o.Value is not null && !o.TakesFile && !o.TakesFolder, "return");
        text.Append("  esac\n  case \"$at\" in\n");
        foreach (var command in root.All) text.Append($"    '{command.Path}') words='{string.Join(' ', Words(command))}' ;;\n");
        text.Append("  esac\n  [[ $cur == -* ]] || words=$(printf '%s\\n' $words | command grep -v '^-')\n  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n");
        text.Append("  [ ${#COMPREPLY[@]} -gt 0 ] || [[ $cur == -* ]] || { COMPREPLY=($(compgen -f -- \"$cur\")); compopt -o filenames 2>/dev/null; }\n}\ncomplete -F _postern postern\n");
        return text.ToString();
    }

    private static void Values(StringBuilder text, CommandShape root, Func<OptionShape, bool> which, string action)
    {
        var names = root.All.SelectMany(c => c.Options).Where(which).SelectMany(o => o.Names).Distinct().Order(StringComparer.Ordinal).ToList();
        if (names.Count > 0) text.Append($"    {string.Join(" | ", names)}) {action} ;;\n");
    }

    private static string Zsh(CommandShape root)
    {
        var text = new StringBuilder("""
            #compdef postern
            # zsh completion of postern; made by: postern completion zsh
            _postern() {
              local at=postern word
              local -a entries
              for word in "${(@)words[2,CURRENT-1]}"; do
                case "$at $word" in

            """.ReplaceLineEndings("\n"));
        text.Append("      ").Append(string.Join(" | ", root.All.Skip(1).Select(c => $"'{c.Path}'"))).Append(") at=\"$at $word\" ;;\n    esac\n  done\n  case \"${words[CURRENT-1]}\" in\n");
        Values(text, root, o => o.TakesFile, "_files; return");
        Values(text, root, o => o.TakesFolder, "_files -/; return");
        Values(text, root, o => o.Value is not null && !o.TakesFile && !o.TakesFolder, "_message value; return");
        text.Append("  esac\n  case \"$at\" in\n");
        foreach (var command in root.All)
        {
            var entries = command.Commands.Select(c => $"{c.Name}:{c.Description}").Concat(command.Options.SelectMany(o => o.Names.Select(n => $"{n}:{o.Description}")));
            text.Append($"    '{command.Path}')\n      entries=(\n").Append(string.Concat(entries.Select(e => $"        '{Quoted(e)}'\n"))).Append("      )\n      ;;\n");
        }
        text.Append("  esac\n  _describe postern entries || _files\n}\nif [ \"$funcstack[1]\" = _postern ]; then _postern \"$@\"; else compdef _postern postern; fi\n");
        return text.ToString();

        static string Quoted(string entry)
        {
            int colon = entry.IndexOf(':', StringComparison.Ordinal);
            return entry[..(colon + 1)] + entry[(colon + 1)..].Replace(":", "\\:", StringComparison.Ordinal).Replace("'", "'\\''", StringComparison.Ordinal);
        }
    }

    private static string Fish(CommandShape root)
    {
        var text = new StringBuilder("""
            # fish completion of postern; made by: postern completion fish
            function __postern_at
                set -l at postern
                set -l words (commandline -opc)
                for word in $words[2..-1]
                    if contains -- "$at $word" $__postern_paths
                        set at "$at $word"
                    end
                end
                test "$at" = "$argv[1]"
            end

            """.ReplaceLineEndings("\n"));
        text.Append("set -g __postern_paths ").Append(string.Join(' ', root.All.Skip(1).Select(c => $"'{c.Path}'"))).Append("\ncomplete -c postern -f\n");
        foreach (var command in root.All)
        {
            string when = $"-n '__postern_at \"{command.Path}\"'";
            foreach (var below in command.Commands) text.Append($"complete -c postern {when} -a {below.Name} -d {Quoted(below.Description)}\n");
            foreach (var option in command.Options)
            {
                var names = option.Names.Where(n => n.StartsWith("--", StringComparison.Ordinal)).Select(n => $"-l {n[2..]}").Concat(option.Names.Where(n => n.Length == 2 && n[1] is not '?').Select(n => $"-s {n[1]}"));
                text.Append($"complete -c postern {when} {string.Join(' ', names)}{(option.Value is null ? "" : option.TakesFile || option.TakesFolder ? " -r -F" : " -x")} -d {Quoted(option.Description)}\n");
            }
        }
        return text.ToString();

        static string Quoted(string text) => "'" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal) + "'";
    }

    private static string PowerShell(CommandShape root)
    {
        var text = new StringBuilder("# PowerShell completion of postern; made by: postern completion powershell\n$PosternWords = @{\n");
        foreach (var command in root.All)
        {
            var entries = command.Commands.Select(c => (c.Name, c.Description)).Concat(command.Options.SelectMany(o => o.Names.Select(n => (n, o.Description))));
            text.Append($"  '{command.Path}' = @({string.Join(", ", entries.Select(e => $"@('{e.Item1}', '{e.Description.Replace("'", "''", StringComparison.Ordinal)}')"))})\n");
        }
        text.Append("""
            }
            Register-ArgumentCompleter -Native -CommandName postern -ScriptBlock {
              param($word, $ast, $position)
              $at = 'postern'
              foreach ($element in $ast.CommandElements | Select-Object -Skip 1) {
                if ($element.Extent.EndOffset -ge $position) { break }
                if ($PosternWords.ContainsKey("$at $element")) { $at = "$at $element" }
              }
              $PosternWords[$at] | Where-Object { $_[0] -like "$word*" } | ForEach-Object {
                [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterValue', $_[1])
              }
            }

            """.ReplaceLineEndings("\n"));
        return text.ToString();
    }

    private static IEnumerable<string> Words(CommandShape command) => command.Commands.Select(c => c.Name).Concat(command.Options.SelectMany(o => o.Names));
}
