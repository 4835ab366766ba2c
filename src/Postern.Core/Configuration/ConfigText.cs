using System.Collections;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Postern.Core.Configuration;

/// <summary>Writes a configuration as the TOML that would give it, secrets masked, each line with the source of its value.</summary>
public static class ConfigText
{
    /// <param name="onlySet">True to leave out what is at its default.</param>
    public static string Write(PosternConfig config, IReadOnlyDictionary<string, ConfigOrigin> origins, bool onlySet)
    {
        var text = new StringBuilder();
        foreach (var setting in SettingsTable.Root.Settings)
        {
            switch (setting.Property.GetValue(config))
            {
                case null: break;
                case IList list:
                    for (int i = 0; i < list.Count; i++) WriteTable(text, $"[[{setting.Name}]]", setting.Table!, list[i]!, $"{setting.Name}[{i}]", origins, onlySet);
                    break;
                case var table:
                    WriteTable(text, $"[{setting.Name}]", setting.Table!, table, setting.Name, origins, onlySet);
                    break;
            }
        }
        return text.ToString().TrimStart();
    }

    /// <summary>The same as JSON: path of the key, value, source. Secrets are masked.</summary>
    public static string WriteJson(PosternConfig config, IReadOnlyDictionary<string, ConfigOrigin> origins)
    {
        var entries = new JsonArray();
        foreach (var setting in SettingsTable.Root.Settings)
        {
            switch (setting.Property.GetValue(config))
            {
                case null: break;
                case IList list:
                    for (int i = 0; i < list.Count; i++) AddEntries(entries, setting.Table!, list[i]!, $"{setting.Name}[{i}]", origins);
                    break;
                case var table: AddEntries(entries, setting.Table!, table, setting.Name, origins); break;
            }
        }
        return entries.ToJsonString(new JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }

    private static void AddEntries(JsonArray entries, SettingsTable table, object value, string path, IReadOnlyDictionary<string, ConfigOrigin> origins)
    {
        foreach (var setting in table.Settings)
        {
            string key = $"{path}.{setting.Name}";
            if (setting.Property.GetValue(value) is not { } held) continue;
            if (held is IList { Count: var count } list && setting.Table is { } rows)
            {
                for (int i = 0; i < count; i++) AddEntries(entries, rows, list[i]!, $"{key}[{i}]", origins);
            }
            else if (setting.Table is not null) AddEntries(entries, setting.Table, held, key, origins);
            else entries.Add(new JsonObject { ["key"] = key, ["value"] = JsonNode.Parse(Toml(setting, held)), ["source"] = origins.GetValueOrDefault(key, ConfigOrigin.Default).ToString() });
        }
    }

    private static void WriteTable(StringBuilder text, string header, SettingsTable table, object value, string path, IReadOnlyDictionary<string, ConfigOrigin> origins, bool onlySet)
    {
        var lines = new List<(string Line, string Origin)>();
        foreach (var setting in table.Settings.Where(s => s.Kind != SettingKind.TableList))
        {
            string key = $"{path}.{setting.Name}";
            bool isSet = origins.TryGetValue(key, out var origin) && origin != ConfigOrigin.Default;
            if (onlySet && !isSet || setting.Property.GetValue(value) is not { } held) continue;
            lines.Add(($"{setting.Name} = {Toml(setting, held)}", isSet ? origin.ToString() : "default"));
        }
        if (lines.Count > 0)
        {
            text.Append('\n').Append(header).Append('\n');
            int width = Math.Min(60, lines.Max(l => l.Line.Length));
            foreach (var (line, origin) in lines) text.Append(line.PadRight(width)).Append("  # ").Append(origin).Append('\n');
        }
        foreach (var rows in table.Settings.Where(s => s.Kind == SettingKind.TableList))
        {
            var list = (IList)rows.Property.GetValue(value)!;
            for (int i = 0; i < list.Count; i++) WriteTable(text, $"[[{path}.{rows.Name}]]", rows.Table!, list[i]!, $"{path}.{rows.Name}[{i}]", origins, onlySet);
        }
    }

    /// <summary>The value in TOML; a nested table inline.</summary>
    internal static string Toml(SettingInfo setting, object value) => value switch
    {
        Secret => "\"***\"",
        string text => Quote(text),
        bool flag => flag ? "true" : "false",
        TimeSpan duration => Quote(ConfigValues.Format(duration)),
        Enum choice => Quote(ConfigValues.KebabCase(choice.ToString())),
        IReadOnlyList<string> texts => $"[{string.Join(", ", texts.Select(Quote))}]",
        IReadOnlyList<int> numbers => $"[{string.Join(", ", numbers)}]",
        IReadOnlyList<TimeSpan> durations => $"[{string.Join(", ", durations.Select(d => Quote(ConfigValues.Format(d))))}]",
        int or long => setting.Kind == SettingKind.Size ? Quote(ConfigValues.FormatSize(Convert.ToInt64(value, CultureInfo.InvariantCulture))) : Convert.ToString(value, CultureInfo.InvariantCulture)!,
        _ => "{ " + string.Join(", ", setting.Table!.Settings
            .Select(s => (s, held: s.Property.GetValue(value)))
            .Where(p => p.held is not null and not IList { Count: 0 })
            .Select(p => $"{p.s.Name} = {Toml(p.s, p.held!)}")) + " }",
    };

    /// <summary>The value for a sentence: without quotes.</summary>
    internal static string Plain(SettingInfo setting, object value) => Toml(setting, value).Trim('"');

    private static string Quote(string text) => "\"" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";
}
