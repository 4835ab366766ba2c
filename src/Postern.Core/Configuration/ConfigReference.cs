using System.Text;

namespace Postern.Core.Configuration;

/// <summary>Writes docs/configuration.md from the settings, so that the page cannot differ from the program.</summary>
public static class ConfigReference
{
    private const string Introduction = """
        # Configuration

        <!-- Made by `postern config reference`; a test compares it with the program. Change the attributes in PosternConfig.cs instead. -->

        One TOML file, given with `postern serve --config FILE`. Every key has a default; the smallest useful file is

        ```toml
        [[upstream]]
        name = "provider"
        address = "smtp.example.com:587"
        ```

        - **Check before you use it**: `postern config check --config FILE` lists every mistake at once, with line, what was expected and how to mend it.
          `postern config show` prints what is in force and where each value comes from, `postern config schema` a JSON schema for your editor.
        - **Environment**: every key can be overridden, `POSTERN_SERVER__HOSTNAME=relay.example.net`; entries of lists of tables by number,
          `POSTERN_UPSTREAM__0__ADDRESS=…`; lists of texts separated by commas. Names without a double underscore are not settings.
        - **Order**: command-line options win over the environment, the environment over the file, the file over the defaults.
        - **Durations** are `"500ms"`, `"90s"`, `"5m"`, `"1h30m"`, `"5d"`; **sizes** `"64KiB"`, `"50MiB"`, `"25MB"` or a plain number of bytes.
        - **Secrets** are text, `{ env = "NAME" }` or `{ file = "path" }`, and are never printed.
        - **Relative paths** in the file begin in the file's own folder.
        - **Changes** are applied when the file changes or on SIGHUP: whole, or refused whole with the reasons in the log while the old configuration runs on.

        """;

    /// <summary>What holds for all keys, for the man page: a paragraph each, code in backquotes.</summary>
    public static IReadOnlyList<string> Notes => [.. Introduction.ReplaceLineEndings("\n").Split("\n- ").Skip(1).Select(p => p.Replace("\n", " ", StringComparison.Ordinal).Replace("  ", " ", StringComparison.Ordinal).Replace("**", "", StringComparison.Ordinal).Trim())];

    /// <summary>Every table with its keys, for the man page: title, what it is for, and for each key what it holds, its default ("required", "none") and what it does.</summary>
    public static IEnumerable<(string Title, string Summary, IReadOnlyList<(string Key, string Holds, string Default, string Text)> Keys)> Tables() =>
        SettingsTable.Root.Settings.SelectMany(s => Tables(s, s.Name));

    private static IEnumerable<(string, string, IReadOnlyList<(string, string, string, string)>)> Tables(SettingInfo section, string path)
    {
        object defaults = section.Table!.Create();
        yield return (section.Kind == SettingKind.TableList ? $"[[{path}]]" : $"[{path}]", section.Attribute?.Summary ?? "",
            [.. section.Table.Settings.Select(s => (s.Name, Holds(s), DefaultOf(s, defaults).Trim('*', '`'), Describe(s).Replace("*(", "(", StringComparison.Ordinal).Replace(")*", ")", StringComparison.Ordinal).Replace("\\|", "|", StringComparison.Ordinal)))]);
        foreach (var nested in section.Table.Settings.Where(s => s.Table is not null))
            foreach (var table in Tables(nested, $"{path}.{nested.Name}")) yield return table;
    }

    public static string Write()
    {
        var text = new StringBuilder(Introduction.ReplaceLineEndings("\n"));
        foreach (var setting in SettingsTable.Root.Settings) Section(text, setting, setting.Name, setting.Kind == SettingKind.TableList);
        return text.ToString();
    }

    private static void Section(StringBuilder text, SettingInfo section, string path, bool isList)
    {
        text.Append("\n## ").Append(isList ? $"`[[{path}]]`" : $"`[{path}]`").Append('\n');
        if (isList) text.Append("\nOnce for each.\n");
        if (section.Attribute is { } attribute) text.Append('\n').Append(attribute.Summary).Append('\n');
        text.Append("\n| key | holds | default | what it does |\n|---|---|---|---|\n");
        object defaults = section.Table!.Create();
        foreach (var setting in section.Table.Settings)
        {
            text.Append("| `").Append(setting.Name).Append("` | ").Append(Holds(setting)).Append(" | ").Append(DefaultOf(setting, defaults)).Append(" | ").Append(Describe(setting)).Append(" |\n");
        }
        foreach (var nested in section.Table.Settings.Where(s => s.Table is not null)) Section(text, nested, $"{path}.{nested.Name}", nested.Kind == SettingKind.TableList);
    }

    private static string Holds(SettingInfo setting)
    {
        string kind = setting.Kind switch
        {
            SettingKind.Size => "size",
            SettingKind.Duration => "duration",
            SettingKind.Number => "number",
            SettingKind.Secret => "secret",
            SettingKind.Choice => string.Join(", ", setting.Choices.Select(c => $"`{c}`")),
            _ => setting.KindText,
        };
        return setting.Attribute switch
        {
            { Min: { } min, Max: { } max } => $"{kind}, {min} to {max}",
            { Min: { } min } => $"{kind}, at least {min}",
            _ => kind,
        };
    }

    private static string DefaultOf(SettingInfo setting, object defaults)
    {
        if (setting.IsRequired) return "**required**";
        if (ConfigSchema.IsOfMachine(setting)) return "the machine's name";
        return setting.Property.GetValue(defaults) is { } value && setting.Table is null ? $"`{ConfigText.Toml(setting, value)}`" : "none";
    }

    private static string Describe(SettingInfo setting)
    {
        var text = new StringBuilder(setting.Attribute?.Summary);
        if (setting.Attribute?.Example is { } example) text.Append(" Example: `").Append(example).Append("`.");
        if (setting.Attribute?.Source is { } source) text.Append(" *(").Append(source).Append(")*");
        return text.Replace("|", "\\|").ToString();
    }
}
