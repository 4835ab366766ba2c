using Postern.Core.Configuration;
using Postern.Core.Routing;
using Postern.Diagnosis.Causes;
using Postern.Protocols.Smtp;

namespace Postern.Core.Decisions;

/// <summary>Reads knowledge/decisions.toml. The file is part of the program: what is wrong in it is an <see cref="InvalidDataException"/> that names line and remedy.</summary>
internal sealed class DecisionReader
{
    private const string File = "decisions.toml";

    private static readonly string[] Keys = ["cause", "stages", "scopes", "permanent", "said", "labels", "via", "about", "message", "last", "upstream", "egress", "probe", "operator", "retry", "words", "source"];

    private readonly ConfigTable _row;

    private DecisionReader(ConfigTable row) => _row = row;

    public static DecisionTable Read(string toml)
    {
        var errors = new List<ConfigError>();
        var root = TomlReader.Read(toml, File, errors);
        if (errors.Count > 0) throw new InvalidDataException(string.Join('\n', errors));
        if (root.Entries.Keys.FirstOrDefault(k => k is not ("confidence" or "row")) is { } unknown) throw Bad(root.Entries[unknown], unknown, "unknown key", Mend(unknown, ["confidence", "row"]));
        double confidence = root.Entries.GetValueOrDefault("confidence") is ConfigScalar { Value: double number and > 0 and <= 1 } ? number : throw Bad(root, "confidence", "expected a fraction above 0, at most 1", "write confidence = 0.8 above the rows");
        if (root.Entries.GetValueOrDefault("row") is not ConfigList list) throw Bad(root, "row", "there are no rows", "add [[row]]");
        DecisionRow[] rows = [.. list.Items.Select(i => new DecisionReader((ConfigTable)i).Row())];
        Check(rows, list);
        return new DecisionTable(confidence, rows);
    }

    private static void Check(DecisionRow[] rows, ConfigList at)
    {
        var closed = new HashSet<CauseId>();
        for (int i = 0; i < rows.Length; i++)
        {
            string name = CauseTable.NameOf(rows[i].Cause);
            if (closed.Contains(rows[i].Cause)) throw Bad(at.Items[i], "row", $"is never reached: an earlier row of {name} has no condition and takes all", "move the row without condition behind it");
            if (rows[i].IsCatchAll) closed.Add(rows[i].Cause);
        }
        foreach (var cause in CauseTable.All)
            if (!rows.Any(r => r.Cause == cause.Id)) throw Bad(at, "row", $"there is no row for {cause.Name}", $"add [[row]] with cause = \"{cause.Name}\"");
        if (!closed.Contains(CauseId.Unknown)) throw Bad(at, "row", "no row takes what the others do not", "add a last [[row]] with cause = \"unknown\" and no condition");
    }

    private DecisionRow Row()
    {
        if (_row.Entries.Keys.FirstOrDefault(k => !Keys.Contains(k)) is { } unknown) throw Bad(_row.Entries[unknown], unknown, "unknown key", Mend(unknown, Keys));
        var message = Word<MessageAction>("message") ?? throw Missing("message", "\"wait\"");
        bool goesOn = message is MessageAction.NextHost or MessageAction.NextEgress;
        var row = new DecisionRow
        {
            Cause = CauseTable.TryParse(Text("cause"), out var cause) && cause != CauseId.None ? cause : throw Bad(At("cause"), "cause", "expected a cause", Mend(Text("cause"), CauseTable.All.Select(c => c.Name))),
            Stages = Many("stages", text => ClientStageName.Parse(text), Enum.GetValues<ClientStage>().Select(s => s.Word())),
            Scopes = Many("scopes", text => Parse<FailureScope>(text), Words<FailureScope>()),
            Permanent = Flag("permanent"),
            Said = Flag("said"),
            Labels = Many<ReplyLabel>("labels", text => ReplyLabels.TryParse(text, out var label) ? label : null, ReplyLabels.All.Select(ReplyLabels.NameOf)),
            Via = Word<DestinationKind>("via"),
            IsAboutUs = TextOrNull("about") switch
            {
                null => false,
                "us" => true,
                _ => throw Bad(At("about"), "about", "expected \"us\"", "leave the line out for what is about sender, recipient or message"),
            },
            Message = message,
            Last = Word<MessageAction>("last") ?? (goesOn ? MessageAction.Wait : message),
            Upstream = Word<UpstreamAction>("upstream") ?? UpstreamAction.None,
            Egress = Word<EgressAction>("egress") ?? EgressAction.None,
            Probe = Word<ProbeAction>("probe") ?? ProbeAction.None,
            Operator = Word<OperatorAction>("operator") ?? OperatorAction.None,
            Retry = Retry(),
            Words = Text("words"),
            Source = Text("source"),
        };
        if (!goesOn && _row.Entries.ContainsKey("last")) throw Bad(At("last"), "last", $"message = \"{Text("message")}\" asks nobody else, so there is no last one", "remove the line");
        if (row.Last is MessageAction.NextHost or MessageAction.NextEgress) throw Bad(At("last"), "last", "nobody else is left then", "write \"wait\", \"turn\", \"look-again\" or \"bounce\"");
        if (row.IsAboutUs && row.Last == MessageAction.Bounce) throw Bad(At("message"), "message", "what is about us is never a reason to bounce", "write \"wait\", or remove about = \"us\"");
        if (ActionWords.UnknownPlaceholder(row.Words) is { } placeholder) throw Bad(At("words"), "words", $"{{{placeholder}}} is not a placeholder", $"known: {string.Join(", ", ActionWords.Placeholders)}");
        return row;
    }

    private IReadOnlyList<TimeSpan>? Retry()
    {
        if (Many<TimeSpan>("retry", text => ConfigValues.TryParseDuration(text, out var wait) && wait >= TimeSpan.FromSeconds(1) && wait <= TimeSpan.FromDays(1) ? wait : null, ["1s to 1d, such as 5m"]) is not { } waits) return null;
        return waits.Count > 0 ? waits : throw Bad(At("retry"), "retry", "no wait", "write at least one, such as [\"5m\"], or leave the line out for delivery.retry");
    }

    private string Text(string key) => TextOrNull(key) ?? throw Missing(key, "\"…\"");

    private string? TextOrNull(string key) => _row.Entries.GetValueOrDefault(key) switch
    {
        null => null,
        ConfigScalar { Value: string { Length: > 0 } text } => text,
        var other => throw Bad(other, key, $"expected text, found {other.Kind}", $"write {key} = \"…\""),
    };

    private bool? Flag(string key) => _row.Entries.GetValueOrDefault(key) switch
    {
        null => null,
        ConfigScalar { Value: bool flag } => flag,
        var other => throw Bad(other, key, $"expected true or false, found {other.Kind}", $"write {key} = true"),
    };

    private T? Word<T>(string key) where T : struct, Enum =>
        TextOrNull(key) is not { } text ? null : Parse<T>(text) ?? throw Bad(At(key), key, $"expected one of {string.Join(", ", Words<T>())}", Mend(text, Words<T>()));

    private IReadOnlyList<T>? Many<T>(string key, Func<string, T?> parse, IEnumerable<string> known) where T : struct
    {
        if (_row.Entries.GetValueOrDefault(key) is not { } node) return null;
        if (node is not ConfigList list) throw Bad(node, key, $"expected a list, found {node.Kind}", $"write {key} = [\"…\"]");
        return [.. list.Items.Select(i => i is ConfigScalar { Value: string text } ? parse(text) ?? throw Bad(i, key, $"{i.Shown} is not known here", Mend(text, known)) : throw Bad(i, key, $"expected text, found {i.Kind}", $"write {key} = [\"…\"]"))];
    }

    private static T? Parse<T>(string text) where T : struct, Enum => Array.IndexOf(Words<T>(), text) is >= 0 and var at ? Enum.GetValues<T>()[at] : null;

    internal static string[] Words<T>() where T : struct, Enum => [.. Enum.GetNames<T>().Select(ConfigValues.KebabCase)];

    private ConfigNode At(string key) => _row.Entries.GetValueOrDefault(key) ?? _row;

    private static string Mend(string given, IEnumerable<string> known) => Suggestion.For(given, known) is { } near ? $"did you mean \"{near}\"?" : $"known: {string.Join(", ", known)}";

    private InvalidDataException Missing(string key, string sample) => Bad(_row, key, "is missing", $"add {key} = {sample}");

    private static InvalidDataException Bad(ConfigNode at, string key, string expected, string mend) => new(new ConfigError(at.At, key, null, expected, mend).ToString());
}
