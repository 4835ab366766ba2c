using Postern.Diagnosis.Causes;
using Tomlyn.Parsing;
using Tomlyn.Syntax;

namespace Postern.Diagnosis.Knowledge;

/// <summary>The TOML at the head of a page. What is missing or wrong is told to the page's reader and stays null here.</summary>
internal sealed class FrontMatter
{
    private static readonly string[] Keys = ["id", "title", "who", "summary", "fix", "why", "sources"];
    private static readonly string[] VariantKeys = ["when", "who", "summary", "fix", "why"];

    private readonly Action<int, string> _error;

    private FrontMatter(Action<int, string> error) => _error = error;

    public CauseId? Id { get; private set; }
    public string? Title { get; private set; }
    public Party? Who { get; private set; }
    public IReadOnlyList<PageSentence>? Summary { get; private set; }
    public IReadOnlyList<PageSentence>? Fix { get; private set; }
    public IReadOnlyList<PageSentence>? Why { get; private set; }
    public IReadOnlyList<string> Sources { get; private set; } = [];
    public List<PageVariant> Variants { get; } = [];

    /// <param name="error">Line of the file, and what is wrong there.</param>
    public static FrontMatter Read(string text, Action<int, string> error)
    {
        var front = new FrontMatter(error);
        var document = SyntaxParser.Parse(text, validate: true);
        foreach (var problem in document.Diagnostics) error(Line(problem.Span), "not valid TOML: " + problem.Message.ReplaceLineEndings(" ").Trim());
        if (!document.HasErrors) front.Take(document);
        return front;
    }

    private void Take(DocumentSyntax document)
    {
        var values = Values(document.KeyValues, Keys);
        foreach (string key in Keys.Where(k => !values.ContainsKey(k))) _error(1, $"the front matter lacks {key}");
        Id = TakeId(values);
        Title = Text(values, "title");
        Who = TakeWho(values);
        Summary = Lines(values, "summary");
        Fix = Lines(values, "fix");
        Why = Lines(values, "why");
        if (Id is { } id && Who is { } who && who != CauseTable.Of(id).Who)
            _error(Line(values["who"].Span), $"{CauseTable.NameOf(id)} is for {CauseTable.NameOf(CauseTable.Of(id).Who)} to mend; a variant may say otherwise");
        if (values.GetValueOrDefault("sources") is { } sources)
        {
            Sources = sources is ArraySyntax array ? [.. array.Items.Select(item => (item.Value as StringValueSyntax)?.Value).OfType<string>()] : [];
            if (Sources.Count == 0) _error(Line(sources.Span), "sources must be a list of texts, and not empty");
        }
        foreach (var table in document.Tables) TakeVariant(table);
    }

    private void TakeVariant(TableSyntaxBase table)
    {
        string name = table.Name?.ToString().Trim() ?? "";
        if (table is not TableArraySyntax || name != "variant")
        {
            _error(Line(table.Span), $"\"{name}\" is not known here; there is [[variant]]");
            return;
        }
        var values = Values(table.Items, VariantKeys);
        if (Text(values, "when") is not { } when)
        {
            _error(Line(table.Span), "a variant lacks when");
            return;
        }
        var condition = PageCondition.Parse(when, out string? error);
        if (error is not null) _error(Line(values["when"].Span), error);
        if (values.Count == 1) _error(Line(table.Span), "a variant that changes nothing");
        if (condition is not null) Variants.Add(new PageVariant(condition, TakeWho(values), Lines(values, "summary"), Lines(values, "fix"), Lines(values, "why")));
    }

    private Dictionary<string, ValueSyntax> Values(IEnumerable<KeyValueSyntax> pairs, string[] known)
    {
        var values = new Dictionary<string, ValueSyntax>();
        foreach (var pair in pairs)
        {
            string key = pair.Key?.ToString().Trim() ?? "";
            if (!known.Contains(key)) _error(Line(pair.Span), $"\"{key}\" is not known here; there are {string.Join(", ", known)}");
            else if (pair.Value is { } value) values[key] = value;
        }
        return values;
    }

    private CauseId? TakeId(Dictionary<string, ValueSyntax> values)
    {
        if (Text(values, "id") is not { } name) return null;
        if (CauseTable.TryParse(name, out var id) && id != CauseId.None) return id;
        _error(Line(values["id"].Span), $"no cause is called \"{name}\"");
        return null;
    }

    private Party? TakeWho(Dictionary<string, ValueSyntax> values)
    {
        if (Text(values, "who") is not { } name) return null;
        foreach (var party in Enum.GetValues<Party>())
            if (CauseTable.NameOf(party) == name) return party;
        _error(Line(values["who"].Span), $"no party is called \"{name}\"; there are {string.Join(", ", Enum.GetValues<Party>().Select(CauseTable.NameOf))}");
        return null;
    }

    private string? Text(Dictionary<string, ValueSyntax> values, string key)
    {
        if (!values.TryGetValue(key, out var value)) return null;
        if (value is StringValueSyntax { Value: { } text } && text.Trim().Length > 0) return text;
        _error(Line(value.Span), $"{key} must be a text, and not empty");
        return null;
    }

    /// <summary>Lines of a text. A line end right after """ is not part of it (TOML), so that its first line is then the next one of the file.</summary>
    private List<PageSentence>? Lines(Dictionary<string, ValueSyntax> values, string key)
    {
        if (Text(values, key) is not { } text) return null;
        int line = Line(values[key].Span);
        if (values[key].ToString().TrimStart().StartsWith("\"\"\"\n", StringComparison.Ordinal)) line++;
        return [.. text.TrimEnd('\n').Split('\n').Select((part, i) => PageSentence.Parse(part, message => _error(line + i, message)))];
    }

    /// <summary>Tomlyn counts from 0, and +++ is the file's first line.</summary>
    private static int Line(SourceSpan span) => span.Start.Line + 2;
}
