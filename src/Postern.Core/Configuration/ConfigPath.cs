using System.Globalization;

namespace Postern.Core.Configuration;

/// <summary>The path of a key, for values from outside the file: names and array indices.</summary>
internal sealed class ConfigPath(IReadOnlyList<string> parts)
{
    /// <summary>"UPSTREAM__0__TLS" is upstream[0].tls.</summary>
    public static ConfigPath OfVariable(string name) => new(name.ToLowerInvariant().Split("__"));

    /// <summary>"upstream[0].tls".</summary>
    public static ConfigPath Parse(string path) => new(path.Replace("[", ".", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal).Split('.'));

    /// <summary>Puts the value in its place, making tables and list entries on the way. An index may be at most one beyond the last.</summary>
    public void Set(ConfigTable root, ConfigNode value, List<ConfigError> errors)
    {
        ConfigNode place = root;
        for (int i = 0; i < parts.Count; i++)
        {
            bool isLast = i == parts.Count - 1;
            ConfigNode next = isLast ? value : IsIndex(parts[i + 1]) ? new ConfigList(value.At) : new ConfigTable(value.At);
            switch (place)
            {
                case ConfigTable table:
                    if (isLast || !table.Entries.TryGetValue(parts[i], out var entry) || entry is ConfigScalar) table.Entries[parts[i]] = entry = next;
                    place = entry;
                    break;
                case ConfigList list when IsIndex(parts[i]) && int.Parse(parts[i], CultureInfo.InvariantCulture) is var index && index <= list.Items.Count:
                    if (index == list.Items.Count) list.Items.Add(next);
                    else if (isLast) list.Items[index] = next;
                    place = list.Items[index];
                    break;
                default:
                    string shown = string.Join("__", parts.Take(i + 1)).ToUpperInvariant();
                    errors.Add(new ConfigError(value.At, string.Join('.', parts), null, $"no entry {shown}", "number the entries from 0 without gaps: __0__, __1__"));
                    return;
            }
        }
    }

    private static bool IsIndex(string part) => part.Length is > 0 and < 5 && part.All(char.IsAsciiDigit);
}
