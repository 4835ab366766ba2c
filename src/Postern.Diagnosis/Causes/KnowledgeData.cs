using Tomlyn;
using Tomlyn.Model;

namespace Postern.Diagnosis.Causes;

/// <summary>The TOML files of knowledge/ that the program carries. They are tested with it, so what is wrong in them is a broken build: an exception.</summary>
internal static class KnowledgeData
{
    public static string Text(string name)
    {
        using var stream = typeof(KnowledgeData).Assembly.GetManifestResourceStream("knowledge/" + name) ?? throw new InvalidDataException($"knowledge/{name} is not in this build");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    public static TomlTable Parse(string text) => TomlSerializer.Deserialize<TomlTable>(text) ?? throw new InvalidDataException("no TOML table");

    public static TomlTable Table(TomlTable parent, string key) => parent.TryGetValue(key, out object? value) && value is TomlTable table ? table : throw Missing(key, "a table");

    public static IEnumerable<TomlTable> Tables(TomlTable parent, string key) => parent.TryGetValue(key, out object? value) && value is TomlTableArray tables ? tables : throw Missing(key, "tables");

    public static string String(TomlTable table, string key) => table.TryGetValue(key, out object? value) && value is string { Length: > 0 } text ? text : throw Missing(key, "a text");

    public static double Number(TomlTable table, string key) => table.TryGetValue(key, out object? value) && value is double or long ? Convert.ToDouble(value) : throw Missing(key, "a number");

    /// <summary>Empty when the key is absent.</summary>
    public static IReadOnlyList<string> Strings(TomlTable table, string key) => table.TryGetValue(key, out object? value) ? value is TomlArray array ? [.. array.Cast<string>()] : throw Missing(key, "a list of texts") : [];

    private static InvalidDataException Missing(string key, string what) => new($"{key} must be {what}");
}
