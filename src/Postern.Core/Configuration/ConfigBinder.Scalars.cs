using System.Globalization;

namespace Postern.Core.Configuration;

internal sealed partial class ConfigBinder
{
    private object? BindScalar(ConfigScalar node, SettingInfo setting, string key)
    {
        object? value = node.Untyped ? Typed((string)node.Value!, setting) : node.Value;
        switch (setting.Kind, value)
        {
            case (SettingKind.Text, string text):
                return setting.Form is SettingForm.File or SettingForm.Folder && text.Length > 0 ? surroundings.Resolve(text, node.At) : text;
            case (SettingKind.Flag, bool): return value;
            case (SettingKind.Number, long number): return ParseNumber(node, number, setting, key);
            case (SettingKind.Size, long bytes): return CheckSize(node, bytes, setting, key);
            case (SettingKind.Size, string text):
                return ConfigValues.TryParseSize(text, out long size) ? CheckSize(node, size, setting, key)
                    : Wrong(node, setting, key, "expected a size", "write a number and one of B, KiB, MiB, GiB, KB, MB, GB, such as \"50MiB\"");
            case (SettingKind.Duration, string text): return ParseDuration(node, text, setting, key);
            case (SettingKind.Duration, long number):
                return Wrong(node, setting, key, "expected a duration with its unit", $"write {setting.Name} = \"{number}s\" for seconds, or ms, m, h, d");
            case (SettingKind.Choice, string word): return ParseChoice(node, word, setting, key);
            default: return Mistyped(node, setting, key);
        }
    }

    /// <summary>Text from the environment or the command line as the key wants it; what does not fit stays text and is refused with the key's own message.</summary>
    private static object Typed(string text, SettingInfo setting) => setting.Kind switch
    {
        SettingKind.Flag when bool.TryParse(text, out bool flag) => flag,
        SettingKind.Number or SettingKind.Size when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) => number,
        _ => text,
    };

    private object? ParseNumber(ConfigScalar node, long number, SettingInfo setting, string key)
    {
        long min = setting.Attribute?.Min is { } low ? long.Parse(low, CultureInfo.InvariantCulture) : 0;
        long max = setting.Attribute?.Max is { } high ? long.Parse(high, CultureInfo.InvariantCulture) : int.MaxValue;
        if (number < min || number > max) return Wrong(node, setting, key, $"must be from {min} to {max}", $"choose a number in that range, or leave the line out for the default{DefaultText(setting)}");
        var type = Nullable.GetUnderlyingType(setting.Property.PropertyType) ?? setting.Property.PropertyType;
        return type == typeof(int) ? (object)(int)number : number;
    }

    private object? CheckSize(ConfigScalar node, long bytes, SettingInfo setting, string key)
    {
        long min = setting.Attribute?.Min is { } low && ConfigValues.TryParseSize(low, out long l) ? l : 0;
        long max = setting.Attribute?.Max is { } high && ConfigValues.TryParseSize(high, out long h) ? h : long.MaxValue;
        if (bytes < min || bytes > max)
            return Wrong(node, setting, key, $"must be from {setting.Attribute?.Min ?? "0"} to {setting.Attribute?.Max ?? "any size"}", $"choose a size in that range, or leave the line out for the default{DefaultText(setting)}");
        var type = Nullable.GetUnderlyingType(setting.Property.PropertyType) ?? setting.Property.PropertyType;
        return type == typeof(int) ? (object)checked((int)bytes) : bytes;
    }

    private object? ParseDuration(ConfigNode node, string text, SettingInfo setting, string key)
    {
        if (!ConfigValues.TryParseDuration(text, out var duration))
            return Wrong(node, setting, key, "expected a duration", "write numbers with d, h, m, s or ms, largest first, such as \"90s\", \"1h30m\" or \"5d\"");
        var min = setting.Attribute?.Min is { } low && ConfigValues.TryParseDuration(low, out var l) ? l : TimeSpan.Zero;
        var max = setting.Attribute?.Max is { } high && ConfigValues.TryParseDuration(high, out var h) ? h : TimeSpan.MaxValue;
        if (duration < min || duration > max)
            return Wrong(node, setting, key, $"must be from {setting.Attribute?.Min ?? "0s"} to {setting.Attribute?.Max ?? "any length"}", $"choose a duration in that range, or leave the line out for the default{DefaultText(setting)}");
        return duration;
    }

    private object? ParseChoice(ConfigScalar node, string word, SettingInfo setting, string key)
    {
        int index = -1;
        for (int i = 0; i < setting.Choices.Count; i++)
            if (setting.Choices[i] == word) index = i;
        var type = Nullable.GetUnderlyingType(setting.Property.PropertyType) ?? setting.Property.PropertyType;
        if (index >= 0) return Enum.GetValues(type).GetValue(index);
        string mend = Suggestion.For(word, setting.Choices) is { } near ? $"did you mean \"{near}\"?" : $"write one of these, or leave the line out for the default{DefaultText(setting)}";
        return Wrong(node, setting, key, $"expected {setting.KindText}", mend);
    }

    /// <summary>" (5m)", or nothing where there is no default.</summary>
    private static string DefaultText(SettingInfo setting)
    {
        return Default(setting) is { } value ? $" ({ConfigText.Plain(setting, value)})" : "";
    }

    private static object? Default(SettingInfo setting) => setting.IsRequired ? null : setting.Property.GetValue(Activator.CreateInstance(setting.Property.DeclaringType!));

    private Secret? BindSecret(ConfigNode node, SettingInfo setting, string key)
    {
        switch (node)
        {
            case ConfigScalar { Value: string text }:
                return new Secret(text, node.At.ToString());
            case ConfigTable { Entries.Count: 1 } table when table.Entries.TryGetValue("env", out var name) && name is ConfigScalar { Value: string variable }:
                if (surroundings.Environment(variable) is { } found) return new Secret(found, $"environment variable {variable}");
                return (Secret?)Missing(name, key, variable, "the environment variable is not set", $"set {variable} for the relay's process, or give {{ file = \"path\" }}");
            case ConfigTable { Entries.Count: 1 } table when table.Entries.TryGetValue("file", out var name) && name is ConfigScalar { Value: string path }:
                return ReadSecret(name, key, surroundings.Resolve(path, name.At));
            default:
                return (Secret?)Wrong(node, setting, key, "expected " + setting.KindText, "give the secret in exactly one of these ways");
        }
    }

    private Secret? ReadSecret(ConfigNode node, string key, string path)
    {
        try
        {
            var file = new FileInfo(path);
            if (file is { Exists: true, Length: > 64 * 1024 }) return (Secret?)Missing(node, key, path, "the file is larger than 64KiB", "a secret file holds the secret alone");
            string text = File.ReadAllText(path).TrimEnd('\r', '\n');
            if (text.Length > 0) return new Secret(text, $"file {path}");
            return (Secret?)Missing(node, key, path, "the file is empty", "write the secret into it");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            bool absent = e is FileNotFoundException or DirectoryNotFoundException;
            return (Secret?)Missing(node, key, path, absent ? "there is no such file" : $"the file cannot be read ({e.Message})", absent ? "make it, or correct the path" : "give the relay's user the right to read it");
        }
    }

    private object? Missing(ConfigNode node, string key, string value, string expected, string mend)
    {
        Add(node, key, $"\"{value}\"", expected, mend);
        return null;
    }
}
