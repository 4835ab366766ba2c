using Postern.Diagnosis.Evidence;
using Tomlyn;
using Tomlyn.Model;

namespace Postern.Diagnosis.Probes.Blocklists;

/// <summary>Reads knowledge/blocklists.toml. It is part of the program and tested with it: whatever is wrong in it is an exception.</summary>
internal static class BlocklistFile
{
    public static (IReadOnlyList<BlocklistRow> Rows, IReadOnlyList<DeadBlocklist> Dead) ReadEmbedded()
    {
        using var stream = typeof(BlocklistFile).Assembly.GetManifestResourceStream("knowledge/blocklists.toml") ?? throw new InvalidDataException("knowledge/blocklists.toml is not in this build");
        using var reader = new StreamReader(stream);
        return Read(reader.ReadToEnd());
    }

    public static (IReadOnlyList<BlocklistRow> Rows, IReadOnlyList<DeadBlocklist> Dead) Read(string text)
    {
        var file = TomlSerializer.Deserialize<TomlTable>(text) ?? throw new InvalidDataException("blocklists.toml is empty");
        return ([.. Tables(file, "list").Select(Row)], [.. Tables(file, "dead").Select(t => new DeadBlocklist(Text(t, "zone"), Text(t, "name"), Text(t, "since"), Text(t, "now")))]);
    }

    private static BlocklistRow Row(TomlTable table)
    {
        string[] known = ["zone", "name", "kind", "families", "weight", "access", "lookup", "delisting", "codes", "refused", "ignored", "test_points", "needs_key", "replaces", "unsure", "source"];
        if (table.Keys.FirstOrDefault(k => !known.Contains(k)) is { } stranger) throw new InvalidDataException($"blocklists.toml: {Text(table, "zone")} has an unknown key \"{stranger}\"");
        var families = table.TryGetValue("families", out object? given) && given is TomlArray array ? array.Cast<string>().ToHashSet() : throw Missing("families");
        return new BlocklistRow
        {
            Zone = Text(table, "zone"),
            Name = Text(table, "name"),
            Kind = Enum.Parse<BlocklistKind>(Optional(table, "kind") ?? "block", ignoreCase: true),
            Ipv4 = families.Contains("ipv4"),
            Ipv6 = families.Contains("ipv6"),
            Weight = Enum.Parse<BlocklistWeight>(Text(table, "weight").Replace("-", "", StringComparison.Ordinal), ignoreCase: true),
            Access = Text(table, "access"),
            Lookup = Text(table, "lookup"),
            Delisting = Text(table, "delisting"),
            Codes = Map(table, "codes") ?? throw Missing("codes"),
            Refused = Map(table, "refused") ?? new Dictionary<string, string>(),
            Ignored = Map(table, "ignored") ?? new Dictionary<string, string>(),
            HasTestPoints = !table.TryGetValue("test_points", out object? points) || points is true,
            NeedsKey = Optional(table, "needs_key"),
            Replaces = Optional(table, "replaces"),
            IsUnsure = table.TryGetValue("unsure", out object? unsure) && unsure is true,
        };
    }

    private static IEnumerable<TomlTable> Tables(TomlTable file, string key) => file.TryGetValue(key, out object? tables) && tables is TomlTableArray all ? all : throw Missing(key);
    private static string Text(TomlTable table, string key) => Optional(table, key) ?? throw Missing(key);
    private static string? Optional(TomlTable table, string key) => table.TryGetValue(key, out object? value) && value is string { Length: > 0 } text ? text : null;

    private static Dictionary<string, string>? Map(TomlTable table, string key) =>
        table.TryGetValue(key, out object? value) && value is TomlTable map ? map.ToDictionary(p => p.Key, p => (string)p.Value!) : null;

    private static InvalidDataException Missing(string key) => new($"blocklists.toml: a list has no \"{key}\"");
}
