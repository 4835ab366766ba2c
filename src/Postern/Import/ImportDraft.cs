using System.Globalization;
using System.Text;
using Postern.Core.Configuration;

namespace Postern.Import;

/// <summary>A table of the file being written: keys with their values in TOML.</summary>
internal sealed class DraftTable(string header, string? comment = null)
{
    private readonly List<(string Key, string Toml)> _keys = [];

    public string Header => header;
    public string? Comment => comment;
    public IReadOnlyList<(string Key, string Toml)> Keys => _keys;

    public DraftTable Text(string key, string? value) => value is null ? this : Raw(key, Toml(value));
    public DraftTable Flag(string key, bool value) => Raw(key, value ? "true" : "false");
    public DraftTable Number(string key, long value) => Raw(key, value.ToString(CultureInfo.InvariantCulture));
    public DraftTable Time(string key, TimeSpan value) => Text(key, ConfigValues.Format(value));
    public DraftTable Texts(string key, IEnumerable<string> values) => Raw(key, List(values));

    public DraftTable Raw(string key, string toml)
    {
        _keys.RemoveAll(k => k.Key == key);
        _keys.Add((key, toml));
        return this;
    }

    public static string List(IEnumerable<string> values) => $"[{string.Join(", ", values.Select(Toml))}]";

    public static string Toml(string value)
    {
        var text = new StringBuilder("\"");
        foreach (char c in value)
        {
            if (c is '"' or '\\') text.Append('\\').Append(c);
            else if (char.IsControl(c)) text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}");
            else text.Append(c);
        }
        return text.Append('"').ToString();
    }
}

/// <param name="File">Name beside the configuration.</param>
internal sealed record DraftSecret(string File, string Value);

/// <summary>The configuration that an import writes, and what it has to say about it.</summary>
internal sealed class ImportDraft
{
    private readonly List<DraftTable> _tables = [];

    public List<ImportNote> Notes { get; } = [];
    public List<DraftSecret> Secrets { get; } = [];

    public DraftTable Table(string header, string? comment = null)
    {
        if (!header.StartsWith("[[", StringComparison.Ordinal) && _tables.Find(t => t.Header == header) is { } known) return known;
        var table = new DraftTable(header, comment);
        _tables.Add(table);
        return table;
    }

    /// <summary>True when some route leads to each domain's own servers.</summary>
    public bool UsesMx => _tables.Any(t => t.Header == "[[route]]" && t.Keys.Any(k => k is ("via", "\"mx\"")));

    public void Note(ImportFate fate, string subject, string place, string text) => Notes.Add(new ImportNote(fate, subject, place, text));

    /// <summary>A reference to a file of its own.</summary>
    public string Secret(string name, string value)
    {
        string file = name;
        for (int i = 2; Secrets.Any(s => s.File == file && s.Value != value); i++) file = $"{name}-{i}";
        if (!Secrets.Any(s => s.File == file)) Secrets.Add(new DraftSecret(file, value));
        return $"{{ file = {DraftTable.Toml(file)} }}";
    }

    /// <param name="source">What was read, for the first line.</param>
    public string Write(string source)
    {
        var text = new StringBuilder($"# Made by postern from {Plain(source)}. Check it: postern config check -c FILE\n");
        Section(text, ImportFate.NotCarried, "What could not be carried over; look at each:");
        Section(text, ImportFate.Changed, "What is nearly the same:");
        foreach (var table in _tables.Where(t => t.Keys.Count > 0).OrderBy(t => Order(t.Header)))
        {
            text.Append('\n');
            if (table.Comment is { } comment) text.Append("# ").Append(Plain(comment)).Append('\n');
            text.Append(table.Header).Append('\n');
            foreach (var (key, toml) in table.Keys) text.Append(key).Append(" = ").Append(toml).Append('\n');
        }
        return text.ToString();
    }

    private void Section(StringBuilder text, ImportFate fate, string title)
    {
        var notes = Notes.Where(n => n.Fate == fate).ToList();
        if (notes.Count == 0) return;
        text.Append("#\n# ").Append(title).Append('\n');
        foreach (var note in notes) text.Append("# - ").Append(Plain($"{note.Place}: {note.Subject}: {note.Text}")).Append('\n');
    }

    /// <summary>A line of a foreign file must not end the comment that it stands in.</summary>
    private static string Plain(string text) => string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));

    /// <summary>As the reference page has them; routes keep their order among themselves.</summary>
    private static int Order(string header)
    {
        string name = header.Trim('[', ']');
        int at = 0;
        foreach (var setting in SettingsTable.Root.Settings)
        {
            if (setting.Name == name) return at;
            at++;
        }
        return at;
    }
}
