namespace Postern.Diagnosis.Causes;

/// <summary>A mail provider: how its hosts are named, and the marks its replies carry.</summary>
internal sealed record ReplyProvider(string Id, IReadOnlyList<string> Hosts, IReadOnlyList<string> Marks);

/// <summary>A list or reputation service, by parts of its name.</summary>
/// <param name="Help">Where one gets off it; null when there is no such page.</param>
internal sealed record ReplyList(string Name, IReadOnlyList<string> Marks, string? Help);

/// <summary>What knowledge/replies.toml holds.</summary>
internal sealed record ReplyRows(ReplyRow[] Rows, IReadOnlyList<ReplyProvider> Providers, IReadOnlyList<ReplyList> Lists, IReadOnlyList<string> Noise, IReadOnlyDictionary<string, string> Sources)
{
    private static readonly Lazy<ReplyRows> Embedded = new(() => ReplyRowsReader.Read(Resource()));

    /// <summary>The rows of this build.</summary>
    public static ReplyRows Default => Embedded.Value;

    private static string Resource()
    {
        using var stream = typeof(ReplyRows).Assembly.GetManifestResourceStream("knowledge/replies.toml") ?? throw new InvalidDataException("knowledge/replies.toml is not in this build");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
