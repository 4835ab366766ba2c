using System.Collections;
using System.Globalization;

namespace Postern.Core.Configuration;

/// <summary>Turns nodes into the configuration's records, noting every error and where each value came from. One use per load.</summary>
internal sealed partial class ConfigBinder(ConfigSurroundings surroundings)
{
    public List<ConfigError> Errors { get; } = [];

    /// <summary>By path ("upstream[0].tls").</summary>
    public Dictionary<string, ConfigOrigin> Origins { get; } = new(StringComparer.Ordinal);

    public PosternConfig Bind(ConfigTable root) => (PosternConfig)BindTable(root, SettingsTable.Root, "");

    private object BindTable(ConfigTable node, SettingsTable table, string path)
    {
        object result = table.Create();
        foreach (var (name, value) in node.Entries)
        {
            string key = path.Length == 0 ? name : $"{path}.{name}";
            var setting = table.Settings.FirstOrDefault(s => s.Name == name);
            if (setting is null)
            {
                Unknown(value, key, name, table);
                continue;
            }
            Origins[key] = value.At;
            if (BindValue(value, setting, key) is { } bound) setting.Property.SetValue(result, bound);
        }
        foreach (var missing in table.Settings.Where(s => s.IsRequired && !node.Entries.ContainsKey(s.Name)))
        {
            string example = missing.Attribute?.Example is { } text ? $"\"{text}\"" : missing.Kind == SettingKind.Secret ? "{ env = \"NAME\" }" : "\"…\"";
            Add(node, path.Length == 0 ? missing.Name : $"{path}.{missing.Name}", null, "is missing", $"add {missing.Name} = {example}");
        }
        // Empty rather than null where one is missing or was refused, so that the other checks can go on.
        foreach (var text in table.Settings.Where(s => s is { IsRequired: true, Kind: SettingKind.Text } && s.Property.GetValue(result) is null))
            text.Property.SetValue(result, "");
        return result;
    }

    private void Unknown(ConfigNode value, string key, string name, SettingsTable table)
    {
        string mend = Suggestion.For(name, table.Settings.Select(s => s.Name)) is { } near ? $"did you mean {near}?"
            : Elsewhere(name, SettingsTable.Root, "") is { } other ? $"the key belongs in {other}"
            : $"known here: {string.Join(", ", table.Settings.Select(s => s.Name))}";
        Add(value, key, null, "unknown key", mend);
    }

    /// <summary>The place of a key that was written into the wrong table.</summary>
    private static string? Elsewhere(string name, SettingsTable table, string path)
    {
        foreach (var setting in table.Settings)
        {
            if (setting.Name == name && path.Length > 0) return path;
            if (setting.Table is null) continue;
            string inner = path.Length == 0 ? setting.Name : $"{path[1..^1].Trim('[', ']')}.{setting.Name}";
            if (Elsewhere(name, setting.Table, setting.Kind == SettingKind.TableList ? $"[[{inner}]]" : $"[{inner}]") is { } found) return found;
        }
        return null;
    }

    private object? BindValue(ConfigNode node, SettingInfo setting, string key)
    {
        switch (setting.Kind)
        {
            case SettingKind.Table when node is ConfigTable table: return BindTable(table, setting.Table!, key);
            case SettingKind.TableList when node is ConfigList list: return BindTables(list, setting, key);
            case SettingKind.TextList or SettingKind.NumberList or SettingKind.DurationList: return BindList(node, setting, key);
            case SettingKind.Secret: return BindSecret(node, setting, key);
            case SettingKind.Table: return Wrong(node, setting, key, $"expected a table", $"write [{key}] on a line of its own and its keys below it");
            case SettingKind.TableList: return Wrong(node, setting, key, "expected a list of tables", $"write [[{key}]] with double brackets, once for each");
            default: return node is ConfigScalar scalar ? BindScalar(scalar, setting, key) : Mistyped(node, setting, key);
        }
    }

    private IList BindTables(ConfigList list, SettingInfo setting, string key)
    {
        var result = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(setting.Table!.Type))!;
        for (int i = 0; i < list.Items.Count; i++)
        {
            string itemKey = $"{key}[{i}]";
            Origins[itemKey] = list.Items[i].At;
            if (list.Items[i] is ConfigTable item) result.Add(BindTable(item, setting.Table, itemKey));
            else Add(list.Items[i], itemKey, list.Items[i].Shown, "expected a table", $"write [[{key}]] with double brackets, once for each");
        }
        return result;
    }

    private IList? BindList(ConfigNode node, SettingInfo setting, string key)
    {
        if (node is ConfigScalar { Untyped: true, Value: string text }) node = SplitList(text, node.At);
        string sample = setting.Kind == SettingKind.DurationList ? "[\"1m\", \"5m\"]" : setting.Kind == SettingKind.NumberList ? setting.Attribute?.Example ?? "[1]" : node is ConfigScalar { Value: string only } ? $"[\"{only}\"]" : "[\"…\"]";
        if (node is not ConfigList list) return (IList?)Wrong(node, setting, key, $"expected {setting.KindText}", $"write {setting.Name} = {sample}");
        IList result = setting.Kind == SettingKind.DurationList ? new List<TimeSpan>() : setting.Kind == SettingKind.NumberList ? new List<int>() : new List<string>();
        for (int i = 0; i < list.Items.Count; i++)
        {
            string itemKey = $"{key}[{i}]";
            Origins[itemKey] = list.Items[i].At;
            if (setting.Kind == SettingKind.NumberList && Number(list.Items[i]) is { } number)
            {
                if (ParseNumber((ConfigScalar)list.Items[i], number, setting, itemKey) is { } fits) result.Add(Convert.ToInt32(fits, CultureInfo.InvariantCulture));
            }
            else if (setting.Kind == SettingKind.NumberList || list.Items[i] is not ConfigScalar { Value: string item })
                Add(list.Items[i], itemKey, list.Items[i].Shown, $"expected {setting.KindText}, found {list.Items[i].Kind}", $"write {setting.Name} = {sample}");
            else if (setting.Kind == SettingKind.TextList) result.Add(item);
            else if (ParseDuration(list.Items[i], item, setting, itemKey) is { } duration) result.Add(duration);
        }
        return result;
    }

    /// <summary>A number, or text from the environment that is one.</summary>
    private static long? Number(ConfigNode node) => node switch
    {
        ConfigScalar { Value: long number } => number,
        ConfigScalar { Untyped: true, Value: string text } when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) => number,
        _ => null,
    };

    private static ConfigNode SplitList(string text, ConfigOrigin at)
    {
        if (text.TrimStart().StartsWith('[')) return TomlReader.ReadValue(text, at) ?? new ConfigScalar(at, text);
        var list = new ConfigList(at);
        foreach (string item in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)) list.Items.Add(new ConfigScalar(at, item));
        return list;
    }

    private object? Mistyped(ConfigNode node, SettingInfo setting, string key) =>
        Wrong(node, setting, key, $"expected {setting.KindText}, found {node.Kind}", $"write {setting.Name} = {Sample(setting)}");

    private object? Wrong(ConfigNode node, SettingInfo setting, string key, string expected, string mend)
    {
        Add(node, key, setting.Kind == SettingKind.Secret ? "***" : node.Shown, expected, mend);
        return null;
    }

    private void Add(ConfigNode node, string key, string? value, string expected, string mend) => Errors.Add(new ConfigError(node.At, key, value, expected, mend));

    private static string Sample(SettingInfo setting) => setting.Kind switch
    {
        SettingKind.Flag => "true",
        SettingKind.Number or SettingKind.Size or SettingKind.Duration when Default(setting) is { } value => ConfigText.Toml(setting, value),
        SettingKind.Number => setting.Attribute?.Min ?? "10",
        SettingKind.Choice => $"\"{setting.Choices[0]}\"",
        _ => $"\"{setting.Attribute?.Example ?? "…"}\"",
    };
}
