using Tomlyn.Syntax;

namespace Postern.Diagnosis.Causes;

/// <summary>The keys of one table of knowledge/replies.toml, each of the type that is asked for; a key that nobody asked for is a mistake.</summary>
internal sealed class ReplyFields
{
    private readonly Dictionary<string, ValueSyntax?> _values = [];
    private readonly HashSet<string> _read = [];
    private readonly int _line;

    public ReplyFields(IEnumerable<KeyValueSyntax> pairs, int line)
    {
        _line = line;
        foreach (var pair in pairs)
        {
            if (!_values.TryAdd(pair.Key?.ToString().Trim() ?? "", pair.Value)) throw Bad($"'{pair.Key}' is there twice");
        }
    }

    public IEnumerable<string> Keys => [.. _values.Keys];

    public void AllRead()
    {
        if (_values.Keys.FirstOrDefault(k => !_read.Contains(k)) is { } key) throw Bad($"the key '{key}' is not known");
    }

    public string Text(string key) => TextOrNull(key) ?? throw Bad($"'{key}' is missing");

    public string? TextOrNull(string key) => Value(key) switch
    {
        null => null,
        StringValueSyntax { Value: { Length: > 0 } text } => text,
        _ => throw Bad($"'{key}' is a text"),
    };

    public IReadOnlyList<string> Texts(string key) => Value(key) switch
    {
        null => [],
        ArraySyntax array => [.. array.Items.Select(i => i.Value is StringValueSyntax { Value: { Length: > 0 } text } ? text : throw Bad($"'{key}' is a list of texts"))],
        _ => throw Bad($"'{key}' is a list of texts"),
    };

    public string[][] Groups(string key) => [.. Texts(key).Select(group => Split(group, key))];
    public IReadOnlyList<string> Words(string key) => [.. Groups(key).SelectMany(g => g)];
    public string[] Choices(string key) => TextOrNull(key) is { } text ? Split(text, key) : [];

    public double NumberOr(string key, double otherwise) => Value(key) switch
    {
        null => otherwise,
        IntegerValueSyntax number => number.Value,
        FloatValueSyntax number when double.IsFinite(number.Value) => number.Value,
        _ => throw Bad($"'{key}' is a number"),
    };

    public bool Flag(string key) => Value(key) switch
    {
        null => false,
        BooleanValueSyntax flag => flag.Value,
        _ => throw Bad($"'{key}' is true or false"),
    };

    public ReplyLabel Label(string key) => ReplyLabels.TryParse(Text(key), out var label) ? label : throw Bad($"'{Text(key)}' is not a label");

    public CauseId? Cause(string key) =>
        TextOrNull(key) is not { } name ? null : CauseTable.TryParse(name, out var cause) ? cause : throw Bad($"'{name}' is not a cause");

    public (ReplyLabel, double)[] Weights(string key)
    {
        if (Value(key) is not { } value) return [];
        if (value is not InlineTableSyntax inline) throw Bad($"'{key}' gives weights to labels");
        var fields = new ReplyFields(inline.Items.Select(i => i.KeyValue!), _line);
        return [.. fields.Keys.Select(name => (ReplyLabels.TryParse(name, out var label) ? label : throw Bad($"'{name}' is not a label"), fields.NumberOr(name, 0)))];
    }

    public EnhancedRange[] Ranges(string key) =>
        [.. Choices(key).Select(text => EnhancedRange.TryParse(text, out var range) ? range : throw Bad($"'{text}' is not an enhanced code"))];

    public ReplyStages Stages(string key)
    {
        var stages = ReplyStages.None;
        foreach (string name in Choices(key))
            stages |= name.All(char.IsAsciiLetter) && Enum.TryParse<ReplyStages>(name, ignoreCase: true, out var stage) && stage != ReplyStages.None ? stage : throw Bad($"'{name}' is not a stage");
        return stages;
    }

    private ValueSyntax? Value(string key)
    {
        _read.Add(key);
        return _values.GetValueOrDefault(key);
    }

    private string[] Split(string text, string key)
    {
        string[] words = text.Split('|');
        // An empty word would be found everywhere.
        if (words.Any(w => w.Trim(' ', '*').Length == 0)) throw Bad($"'{key}' has an empty word");
        if (words.FirstOrDefault(w => w.Length > 60) is { } longest) throw Bad($"'{key}' has a word of {longest.Length} characters");
        return words;
    }

    private InvalidDataException Bad(string what) => ReplyRowsReader.Bad(_line, what);
}
