using Postern.Protocols.Smtp;
using Tomlyn.Parsing;
using Tomlyn.Syntax;

namespace Postern.Diagnosis.Causes;

/// <summary>Reads knowledge/replies.toml. A mistake in it is an <see cref="InvalidDataException"/> that names the line: the file is part of the program.</summary>
internal sealed class ReplyRowsReader
{
    private static readonly (string Name, ReplyLayer Layer, double Weight)[] Layers =
        [("provider", ReplyLayer.Provider, 6), ("server", ReplyLayer.Server, 4), ("phrase", ReplyLayer.Phrase, 2.5), ("enhanced", ReplyLayer.Enhanced, 1.2), ("basic", ReplyLayer.Basic, 0.5)];

    private readonly List<ReplyRow> _rows = [];
    private readonly List<ReplyProvider> _providers = [];
    private readonly List<ReplyList> _lists = [];
    private readonly List<string> _noise = [];
    private readonly Dictionary<string, string> _sources = [];
    private readonly HashSet<string> _ids = [];

    public static ReplyRows Read(string toml)
    {
        DocumentSyntax document;
        try
        {
            document = SyntaxParser.Parse(toml, "replies.toml", validate: true);
        }
        catch (Exception e) when (e is Tomlyn.TomlException or ArgumentException or InvalidOperationException or IndexOutOfRangeException)
        {
            throw new InvalidDataException("replies.toml is not valid TOML: " + e.Message, e);
        }
        if (document.HasErrors) throw new InvalidDataException("replies.toml: " + document.Diagnostics.First());
        var reader = new ReplyRowsReader();
        foreach (var table in document.Tables) reader.Table(table);
        foreach (var row in reader._rows)
        {
            if (!reader._sources.ContainsKey(row.Source)) throw new InvalidDataException($"replies.toml: row '{row.Id}' has the source '{row.Source}', which [sources] does not have");
            if (row.Providers.FirstOrDefault(p => reader._providers.All(known => known.Id != p)) is { } unknown) throw new InvalidDataException($"replies.toml: row '{row.Id}' names the provider '{unknown}', which is not there");
        }
        return new ReplyRows([.. reader._rows], reader._providers, reader._lists, reader._noise, reader._sources);
    }

    private void Table(TableSyntaxBase table)
    {
        string name = table.Name?.ToString().Trim() ?? "";
        if (name == "rows")
        {
            foreach (var pair in table.Items) Layer(pair);
            return;
        }
        var fields = new ReplyFields(table.Items, At(table));
        switch (name)
        {
            case "sources":
                foreach (string key in fields.Keys) _sources[key] = fields.Text(key);
                break;
            case "noise": _noise.AddRange(fields.Words("words")); break;
            case "provider": _providers.Add(new ReplyProvider(fields.Text("id"), fields.Texts("hosts"), fields.Words("marks"))); break;
            case "list": _lists.Add(new ReplyList(fields.Text("name"), fields.Words("marks"), fields.TextOrNull("help"))); break;
            default: throw Bad(At(table), $"a table '{name}' is not known");
        }
        fields.AllRead();
    }

    private void Layer(KeyValueSyntax pair)
    {
        string name = pair.Key?.ToString().Trim() ?? "";
        int at = Array.FindIndex(Layers, l => l.Name == name);
        if (at < 0 || pair.Value is not ArraySyntax rows) throw Bad(At(pair), $"'{name}' is not a layer of rows");
        foreach (var item in rows.Items)
        {
            if (item.Value is not InlineTableSyntax inline) throw Bad(At(item), "a row is an inline table");
            var fields = new ReplyFields(inline.Items.Select(i => i.KeyValue!), At(item));
            var row = Row(fields, Layers[at].Layer, Layers[at].Weight);
            fields.AllRead();
            if (!_ids.Add(row.Id)) throw Bad(At(item), $"there are two rows '{row.Id}'");
            if (row.Groups.Length > 8) throw Bad(At(item), $"row '{row.Id}' has more than 8 groups");
            if (row.Groups.Length == 0 && row.Codes.Length == 0 && row.Enhanced.Length == 0 && row.Stages == ReplyStages.None) throw Bad(At(item), $"row '{row.Id}' matches everything");
            _rows.Add(row);
        }
    }

    private static ReplyRow Row(ReplyFields fields, ReplyLayer layer, double weight) => new()
    {
        Id = fields.Text("id"),
        Layer = layer,
        Label = fields.Label("label"),
        Weight = fields.NumberOr("weight", weight),
        Also = fields.Weights("also"),
        Cause = fields.Cause("cause"),
        Groups = fields.Groups("all"),
        Ordered = fields.Flag("ordered"),
        Within = (int)fields.NumberOr("within", 60),
        Not = fields.Choices("no"),
        Codes = fields.Choices("code"),
        Enhanced = fields.Ranges("enhanced"),
        Stages = fields.Stages("stage"),
        Providers = fields.Choices("provider"),
        Source = fields.Text("source"),
        Example = fields.Text("example"),
        ExampleStage = fields.Stages("at") switch
        {
            ReplyStages.None => null,
            var stages => ReplyClassifier.StageOf(stages),
        },
    };

    private static int At(SyntaxNode node) => node.Span.Start.Line + 1;

    internal static InvalidDataException Bad(int line, string what) => new($"replies.toml:{line}: {what}");
}
