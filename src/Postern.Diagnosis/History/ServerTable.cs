using Postern.Diagnosis.Causes;

namespace Postern.Diagnosis.History;

/// <summary>Which mail server program speaks: knowledge/servers.toml. Immutable.</summary>
internal sealed class ServerTable
{
    private static readonly Lazy<ServerTable> Embedded = new(() => Parse(KnowledgeData.Text("servers.toml")));

    private readonly IReadOnlyList<Row> _rows;

    private sealed record Row(string Id, IReadOnlyList<string> Greeting, IReadOnlyList<string> Reply);

    private ServerTable(IReadOnlyList<Row> rows) => _rows = rows;

    public static ServerTable Default => Embedded.Value;

    /// <summary>"postfix"; null when the greeting does not say.</summary>
    public string? OfGreeting(string text) => Find(text, row => row.Greeting);

    /// <summary>By phrases of its refusals; null when they could be anybody's.</summary>
    public string? OfReply(string text) => Find(text, row => row.Reply);

    private string? Find(string text, Func<Row, IReadOnlyList<string>> marksOf)
    {
        foreach (var row in _rows)
            foreach (string mark in marksOf(row))
                if (text.Contains(mark, StringComparison.OrdinalIgnoreCase)) return row.Id;
        return null;
    }

    public static ServerTable Parse(string text)
    {
        var root = KnowledgeData.Parse(text);
        return new([.. root.Keys.Select(id => new Row(id, KnowledgeData.Strings(KnowledgeData.Table(root, id), "greeting"), KnowledgeData.Strings(KnowledgeData.Table(root, id), "reply")))]);
    }
}
