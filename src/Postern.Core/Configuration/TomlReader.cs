using System.Text.RegularExpressions;
using Tomlyn.Parsing;
using Tomlyn.Syntax;

namespace Postern.Core.Configuration;

/// <summary>Reads TOML into nodes through Tomlyn's syntax tree, which keeps every line and column.</summary>
internal static partial class TomlReader
{
    /// <summary>Syntax errors are added to <paramref name="errors"/>; the tree is then what could be read.</summary>
    public static ConfigTable Read(string text, string file, List<ConfigError> errors)
    {
        var root = new ConfigTable(new ConfigOrigin(file, 1, 1));
        if (Parse(text, file) is not { } document)
        {
            errors.Add(new ConfigError(new ConfigOrigin(file, 1, 1), "", null, "not valid TOML, and too broken to say where", "look for brackets or quotes that are not closed; see https://toml.io"));
            return root;
        }
        int lastLine = -1;
        foreach (var problem in document.Diagnostics)
        {
            // One slip gives several complaints on its line and often one on the next; the first is the one that helps.
            if (problem.Kind != DiagnosticMessageKind.Error || problem.Span.Start.Line <= lastLine + 1 && lastLine >= 0)
            {
                lastLine = Math.Max(lastLine, problem.Span.Start.Line);
                continue;
            }
            lastLine = problem.Span.Start.Line;
            var at = new ConfigOrigin(file, problem.Span.Start.Line + 1, problem.Span.Start.Column + 1);
            errors.Add(new ConfigError(at, "", null, "not valid TOML: " + Plain(problem.Message), "see https://toml.io for the notation; text values need quotes"));
        }
        if (errors.Count > 0) return root;
        AddAll(root, document.KeyValues, file);
        foreach (var table in document.Tables) AddAll(Open(root, table, file), table.Items, file);
        return root;
    }

    /// <summary>Reads one value ("[\"a\", \"b\"]") given on the command line or in the environment; null when it is not a TOML value.</summary>
    public static ConfigNode? ReadValue(string text, ConfigOrigin at)
    {
        if (Parse($"value = {text}", at.Source) is not { } document || document.HasErrors || document.KeyValues.ChildrenCount != 1) return null;
        return Convert(document.KeyValues.GetChild(0)!.Value, _ => at);
    }

    /// <summary>Null when the parser gives up by an exception: at 64 levels of nesting, and at some broken escapes in strings, which fuzzing found.</summary>
    private static DocumentSyntax? Parse(string text, string file)
    {
        try
        {
            return SyntaxParser.Parse(text, file, validate: true);
        }
        catch (Exception e) when (e is Tomlyn.TomlException or ArgumentException or InvalidOperationException or IndexOutOfRangeException)
        {
            return null;
        }
    }

    private static ConfigTable Open(ConfigTable root, TableSyntaxBase table, string file)
    {
        var at = At(table, file);
        var path = Path(table.Name);
        var parent = Descend(root, path.AsSpan(0, path.Length - 1), at);
        if (table is not TableArraySyntax) return Descend(parent, path.AsSpan(path.Length - 1), at);
        if (!parent.Entries.TryGetValue(path[^1], out var node) || node is not ConfigList list)
            parent.Entries[path[^1]] = list = new ConfigList(at);
        var item = new ConfigTable(at);
        list.Items.Add(item);
        return item;
    }

    /// <summary>Tables on the way are made; a list on the way means its last table, as TOML says.</summary>
    private static ConfigTable Descend(ConfigTable from, ReadOnlySpan<string> path, ConfigOrigin at)
    {
        foreach (string name in path)
        {
            if (!from.Entries.TryGetValue(name, out var next)) from.Entries[name] = next = new ConfigTable(at);
            if (next is ConfigList { Items: [.., var last] }) next = last;
            if (next is not ConfigTable table) return new ConfigTable(at); // Tomlyn has reported it
            from = table;
        }
        return from;
    }

    private static void AddAll(ConfigTable table, IEnumerable<KeyValueSyntax> pairs, string file)
    {
        foreach (var pair in pairs)
        {
            if (pair.Key is null || pair.Value is null) continue;
            var path = Path(pair.Key);
            var at = At(pair.Key, file);
            var parent = Descend(table, path.AsSpan(0, path.Length - 1), at);
            // A value's errors point at the key: that is what the operator searches for.
            parent.Entries[path[^1]] = Convert(pair.Value, node => node == pair.Value ? at : At(node, file));
        }
    }

    private static ConfigNode Convert(ValueSyntax? value, Func<SyntaxNode, ConfigOrigin> origin)
    {
        switch (value)
        {
            case StringValueSyntax text: return new ConfigScalar(origin(text), text.Value ?? "");
            case IntegerValueSyntax number: return new ConfigScalar(origin(number), number.Value);
            case BooleanValueSyntax flag: return new ConfigScalar(origin(flag), flag.Value);
            // A day without a time is taken as the text that it is; what has a time is a date that no key wants.
            case DateTimeValueSyntax { Kind: SyntaxKind.LocalDate, Token.Text: { } day } date: return new ConfigScalar(origin(date), day);
            case FloatValueSyntax fraction: return new ConfigScalar(origin(fraction), fraction.Value);
            case ArraySyntax array:
                var list = new ConfigList(origin(array));
                foreach (var item in array.Items) list.Items.Add(Convert(item.Value, origin));
                return list;
            case InlineTableSyntax inline:
                var table = new ConfigTable(origin(inline));
                foreach (var item in inline.Items)
                {
                    if (item.KeyValue?.Key is not { } key) continue;
                    var path = Path(key);
                    Descend(table, path.AsSpan(0, path.Length - 1), origin(key)).Entries[path[^1]] = Convert(item.KeyValue.Value, origin);
                }
                return table;
            default: return new ConfigScalar(value is null ? default : origin(value), null);
        }
    }

    private static string[] Path(KeySyntax? key)
    {
        if (key is null) return [""];
        var names = new List<string> { Name(key.Key) };
        foreach (var part in key.DotKeys) names.Add(Name(part.Key));
        return [.. names];
    }

    private static string Name(BareKeyOrStringValueSyntax? key) => key switch
    {
        StringValueSyntax quoted => quoted.Value ?? "",
        BareKeySyntax bare => bare.Key?.Text ?? "",
        _ => "",
    };

    private static ConfigOrigin At(SyntaxNode node, string file) => new(file, node.Span.Start.Line + 1, node.Span.Start.Column + 1);

    /// <summary>Tomlyn's words without its names of tokens, and with the end of a line called that.</summary>
    private static string Plain(string text)
    {
        string line = text.ReplaceLineEndings(" ").Trim().TrimEnd('.');
        line = TokenNames().Replace(line, "");
        return line.Replace("Unexpected token found ", "unexpected ", StringComparison.Ordinal).Replace("Unexpected token ", "unexpected ", StringComparison.Ordinal)
            .Replace("token `newline`", "the end of the line", StringComparison.Ordinal).Replace("`␤`", "end of the line", StringComparison.Ordinal);
    }

    [GeneratedRegex(" \\(token: `[a-z]+`\\)")]
    private static partial Regex TokenNames();
}
