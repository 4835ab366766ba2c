namespace Postern.Import;

/// <param name="Place">"transport:3".</param>
internal sealed record TableEntry(string Key, string Value, string Place);

/// <summary>A Postfix look-up table, read from its source text. What the compiled forms hold is the source's business: postmap makes them from it.</summary>
/// <param name="Type">"hash", "regexp", ...</param>
/// <param name="Problem">Why it could not be read; null when it was.</param>
internal sealed record LookupTable(string Spec, string Type, IReadOnlyList<TableEntry> Entries, string? Problem)
{
    private const int MaxBytes = 8 << 20;

    /// <summary>For notes: what a table in the settings themselves holds may be a password.</summary>
    public string Label => Type is "static" or "inline" ? $"{Type}:" : Spec;

    /// <summary>Keys are patterns and tried in order.</summary>
    public bool HasPatterns => Type is "regexp" or "pcre";

    /// <summary>The value of a key, without case, as the tables of Postfix fold it; null when there is none or the table has patterns.</summary>
    public string? Find(string key) => HasPatterns ? null : Type == "static" ? Entries[0].Value : Entries.FirstOrDefault(e => e.Key.Equals(key, StringComparison.OrdinalIgnoreCase))?.Value;

    /// <summary>All tables of a parameter's value.</summary>
    public static IReadOnlyList<LookupTable> ReadAll(string value, PostfixSettings settings) => [.. PostfixWords.List(value).Select(spec => Read(spec, settings))];

    private static LookupTable Read(string spec, PostfixSettings settings)
    {
        int colon = spec.IndexOf(':', StringComparison.Ordinal);
        string type = colon < 0 ? settings.Get("default_database_type") : spec[..colon];
        string name = colon < 0 ? spec : spec[(colon + 1)..];
        switch (type)
        {
            case "static": return new LookupTable(spec, type, [new TableEntry("", name.Trim('{', '}').Trim(), "static:")], null);
            case "inline":
                var pairs = PostfixWords.List(name.Trim().Trim('{', '}'));
                return new LookupTable(spec, type, [.. pairs.Where(p => p.Contains('=', StringComparison.Ordinal)).Select(p => p.Split('=', 2)).Select(p => new TableEntry(p[0].Trim(), p[1].Trim(), "inline:"))], null);
            case "hash" or "btree" or "lmdb" or "cdb" or "dbm" or "sdbm" or "texthash" or "regexp" or "pcre" or "cidr": return ReadFile(spec, type, Path.GetFullPath(name, settings.Folder));
            default: return new LookupTable(spec, type, [], $"tables of type {type} are asked over a network or made by a program");
        }
    }

    private static LookupTable ReadFile(string spec, string type, string path)
    {
        try
        {
            var info = new FileInfo(path);
            if (!info.Exists) return new LookupTable(spec, type, [], $"there is no {path}{(File.Exists(path + ".db") || File.Exists(path + ".lmdb") ? ", only the compiled form, which holds no more than a program can look up; bring the text that it was made from" : "")}");
            if (info.Length > MaxBytes) return new LookupTable(spec, type, [], $"{path} is larger than 8 MiB");
            string file = Path.GetFileName(path);
            bool hasPatterns = type is "regexp" or "pcre";
            return new LookupTable(spec, type, [.. LogicalLines.Read(File.ReadAllText(path)).Select(l => Entry(l.Text, $"{file}:{l.Line}", hasPatterns))], null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new LookupTable(spec, type, [], $"{path} cannot be read: {e.Message}");
        }
    }

    private static TableEntry Entry(string line, string place, bool hasPatterns)
    {
        int end = 0;
        // A pattern may hold blanks between its delimiters.
        if (hasPatterns && line.Length > 0 && !char.IsLetterOrDigit(line[0])) end = Math.Max(0, line.IndexOf(line[0], 1));
        while (end < line.Length && !char.IsWhiteSpace(line[end])) end++;
        return new TableEntry(line[..end], line[end..].Trim(), place);
    }
}
