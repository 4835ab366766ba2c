using System.Text.Json;
using System.Text.Json.Nodes;

namespace Postern.Core.Configuration;

/// <summary>The JSON schema (draft 2020-12) of the configuration, for editors that complete and check TOML.</summary>
public static class ConfigSchema
{
    private const string DurationPattern = "^(0|([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?)$";
    private const string SizePattern = "^[0-9.]+ ?([KMGT]i?B|B)?$";

    public static string Write()
    {
        var root = Table(SettingsTable.Root);
        root.Insert(0, "$schema", "https://json-schema.org/draft/2020-12/schema");
        root.Insert(1, "title", "Postern configuration");
        return root.ToJsonString(new JsonSerializerOptions { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }

    private static JsonObject Table(SettingsTable table)
    {
        var properties = new JsonObject();
        object defaults = table.Create();
        foreach (var setting in table.Settings)
        {
            var schema = Value(setting);
            if (setting.Attribute is { } attribute) schema["description"] = attribute.Summary;
            if (setting.Table is null && !setting.IsRequired && setting.Property.GetValue(defaults) is { } value && !IsOfMachine(setting)) schema["default"] = Plain(setting, value);
            properties[setting.Name] = schema;
        }
        var result = new JsonObject { ["type"] = "object", ["additionalProperties"] = false, ["properties"] = properties };
        var required = table.Settings.Where(s => s.IsRequired).Select(s => (JsonNode)s.Name).ToArray();
        if (required.Length > 0) result["required"] = new JsonArray(required);
        return result;
    }

    /// <summary>The host name differs from machine to machine; the schema must not.</summary>
    internal static bool IsOfMachine(SettingInfo setting) => setting.Property.Name == nameof(ServerConfig.Hostname) && setting.Property.DeclaringType == typeof(ServerConfig);

    private static JsonObject Value(SettingInfo setting) => setting.Kind switch
    {
        SettingKind.Text => new JsonObject { ["type"] = "string" },
        SettingKind.Flag => new JsonObject { ["type"] = "boolean" },
        SettingKind.Number => Number(setting),
        SettingKind.Size => new JsonObject { ["type"] = new JsonArray("string", "integer"), ["pattern"] = SizePattern },
        SettingKind.Duration => new JsonObject { ["type"] = "string", ["pattern"] = DurationPattern },
        SettingKind.Choice => new JsonObject { ["enum"] = new JsonArray([.. setting.Choices.Select(c => (JsonNode)c)]) },
        SettingKind.Secret => new JsonObject { ["oneOf"] = new JsonArray(new JsonObject { ["type"] = "string" }, Reference("env"), Reference("file")) },
        SettingKind.TextList => new JsonObject { ["type"] = "array", ["items"] = new JsonObject { ["type"] = "string" } },
        SettingKind.NumberList => new JsonObject { ["type"] = "array", ["items"] = Number(setting) },
        SettingKind.DurationList => new JsonObject { ["type"] = "array", ["items"] = new JsonObject { ["type"] = "string", ["pattern"] = DurationPattern } },
        SettingKind.Table => Table(setting.Table!),
        _ => new JsonObject { ["type"] = "array", ["items"] = Table(setting.Table!) },
    };

    private static JsonObject Number(SettingInfo setting)
    {
        var schema = new JsonObject { ["type"] = "integer" };
        if (setting.Attribute?.Min is { } min) schema["minimum"] = long.Parse(min, System.Globalization.CultureInfo.InvariantCulture);
        if (setting.Attribute?.Max is { } max) schema["maximum"] = long.Parse(max, System.Globalization.CultureInfo.InvariantCulture);
        return schema;
    }

    private static JsonObject Reference(string key) => new()
    {
        ["type"] = "object",
        ["additionalProperties"] = false,
        ["required"] = new JsonArray(key),
        ["properties"] = new JsonObject { [key] = new JsonObject { ["type"] = "string" } },
    };

    /// <summary>Our TOML values without tables are JSON too.</summary>
    private static JsonNode? Plain(SettingInfo setting, object value) => JsonNode.Parse(ConfigText.Toml(setting, value));
}
