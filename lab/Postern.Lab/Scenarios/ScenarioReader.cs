using System.Globalization;
using Tomlyn;
using Tomlyn.Model;

namespace Postern.Lab.Scenarios;

/// <summary>Reads scenario files. A key that is not known is an error: a mistyped fault would leave a healthy destination that is "diagnosed wrongly".</summary>
internal static class ScenarioReader
{
    /// <summary>All scenarios of a folder, by file and then in their order there.</summary>
    /// <exception cref="FormatException">With the file and the scenario.</exception>
    public static IReadOnlyList<Scenario> ReadFolder(string folder)
    {
        var all = Directory.GetFiles(folder, "*.toml").Order(StringComparer.Ordinal).SelectMany(f => ReadFile(Path.GetFileNameWithoutExtension(f), File.ReadAllText(f))).ToArray();
        foreach (var same in all.GroupBy(s => s.Id).Where(g => g.Count() > 1)) throw new FormatException($"two scenarios are called {same.Key}");
        return all;
    }

    public static IEnumerable<Scenario> ReadFile(string group, string text)
    {
        TomlTable file;
        try
        {
            file = TomlSerializer.Deserialize<TomlTable>(text)!;
        }
        catch (TomlException e)
        {
            throw new FormatException($"{group}.toml: {e.Message}", e);
        }
        foreach (string key in file.Keys.Where(k => k != "scenario")) throw new FormatException($"{group}.toml: nothing is called \"{key}\" here");
        foreach (TomlTable table in (TomlTableArray)file["scenario"]!)
        {
            var at = new TomlReading(table, group);
            var scenario = Read(at, group);
            at.Finish();
            yield return scenario;
        }
    }

    private static Scenario Read(TomlReading at, string group)
    {
        string id = at.Text("id") ?? throw new FormatException($"{group}.toml: a scenario has no id");
        at.Where = $"{group}.toml, {id}";
        var scenario = new Scenario
        {
            Id = id,
            Group = group,
            Title = at.Text("title") ?? throw at.Wrong("has no title"),
            Cause = at.Text("cause") ?? throw at.Wrong("expects no cause"),
            Also = at.Texts("also"),
            AlsoWhy = at.Text("also_why"),
            Named = at.Texts("named"),
            Probe = at.Text("probe") switch { null or "check" => ProbeKind.Check, "relay" => ProbeKind.Relay, var other => throw at.Wrong($"cannot be probed by \"{other}\"") },
            Target = at.Text("target") ?? "example.test",
            LimitSeconds = at.Number("limit") ?? 20,
            Evidence = [.. at.Texts("evidence").Select(EvidenceAsk.Parse)],
            Says = at.Texts("says"),
            Truth = at.Texts("truth"),
            Nft = at.Table("nft"),
            Ip = at.Table("ip"),
            Zones = at.Table("zones"),
            Lists = at.Lists("lists"),
            Resolver = at.Text("resolver") ?? "",
            Absent = at.Texts("absent"),
            DelayMilliseconds = (int)(at.Number("delay_ms") ?? 0),
            JitterMilliseconds = (int)(at.Number("jitter_ms") ?? 0),
            Settings = at.Text("settings") ?? "",
            Egress = at.Has("egress") ? at.Texts("egress") : ["cl", "cl.2"],
            Controls = at.Has("controls") ? at.Texts("controls") : ["alt.test"],
            Peers = [.. at.Tables("peer").Select(Peer)],
            Mail = [.. at.Tables("mail").Select(Mail)],
            Upstream = at.Tables("upstream").Select(Upstream).FirstOrDefault(),
        };
        if (scenario.Evidence.Count == 0 && scenario.Cause != "none") throw at.Wrong("names no evidence that decides it");
        if (scenario.Truth.Count == 0) throw at.Wrong("has no proof that its fault is there");
        if (scenario.Also.Count > 0 && scenario.AlsoWhy is null) throw at.Wrong("does not say why other causes are right too");
        if (scenario.Probe == ProbeKind.Relay && scenario.Mail.Count == 0) throw at.Wrong("gives the relay no mail");
        return scenario;
    }

    private static PeerSpec Peer(TomlReading at)
    {
        var peer = new PeerSpec(
            at.Texts("at"), at.Text("kind") ?? "sink", at.Text("hostname") ?? "mx1.example.test", at.Text("banner"), at.Texts("rules"), at.Text("script") ?? "", at.Text("settings") ?? "",
            at.Text("certificate"), at.Flag("implicit_tls"), at.Texts("users"), !at.Flag("helo_only"));
        at.Finish();
        return peer;
    }

    private static MailSpec Mail(TomlReading at)
    {
        var to = at.Texts("to");
        var mail = new MailSpec(
            at.Text("from") ?? "app@sender.test", to.Count > 0 ? to : ["bob@example.test"], (int)(at.Number("count") ?? 1), (int)(at.Number("parallel") ?? 1),
            (int)(at.Number("size") ?? 0), at.Number("pause") ?? 0, at.Text("text"));
        at.Finish();
        return mail;
    }

    private static UpstreamSpec Upstream(TomlReading at)
    {
        var upstream = new UpstreamSpec(at.Text("address") ?? throw at.Wrong("has an upstream without an address"), at.Text("tls") ?? "opportunistic", at.Text("auth"));
        at.Finish();
        return upstream;
    }
}

/// <summary>A table of a scenario file that knows which of its keys were asked for.</summary>
internal sealed class TomlReading(TomlTable table, string where)
{
    private readonly HashSet<string> _asked = [];

    public string Where { get; set; } = where;

    public bool Has(string key) => table.ContainsKey(key);

    public string? Text(string key) => Get(key) switch { null => null, string text => text, var other => throw Wrong($"{key} is not a text but {other}") };

    public bool Flag(string key) => Get(key) switch { null => false, bool flag => flag, var other => throw Wrong($"{key} is not true or false but {other}") };

    public double? Number(string key) => Get(key) switch
    {
        null => null,
        long or int or double => Convert.ToDouble(table[key], CultureInfo.InvariantCulture),
        var other => throw Wrong($"{key} is not a number but {other}"),
    };

    /// <summary>A list of texts, or one text for a list of one.</summary>
    public IReadOnlyList<string> Texts(string key) => Get(key) switch
    {
        null => [],
        string text => [text],
        TomlArray list => [.. list.Select(i => i as string ?? throw Wrong($"{key} has {i}, which is not a text"))],
        var other => throw Wrong($"{key} is not a list of texts but {other}"),
    };

    public IReadOnlyDictionary<string, string> Table(string key) =>
        Sub(key)?.ToDictionary(p => p.Key, p => p.Value as string ?? throw Wrong($"{key}.{p.Key} is not a text")) ?? new Dictionary<string, string>();

    public IReadOnlyDictionary<string, IReadOnlyList<string>> Lists(string key)
    {
        if (Sub(key) is not { } sub) return new Dictionary<string, IReadOnlyList<string>>();
        var reading = new TomlReading(sub, Where);
        return sub.Keys.ToDictionary(k => k, reading.Texts);
    }

    /// <summary>Tables of a list, or one table.</summary>
    public IEnumerable<TomlReading> Tables(string key) => Get(key) switch
    {
        null => [],
        TomlTableArray list => list.Select(t => new TomlReading(t, $"{Where}, {key}")),
        TomlTable one => [new TomlReading(one, $"{Where}, {key}")],
        TomlArray list => list.Select(t => new TomlReading(t as TomlTable ?? throw Wrong($"{key} is not a list of tables"), $"{Where}, {key}")),
        var other => throw Wrong($"{key} is not a table but {other}"),
    };

    public void Finish()
    {
        foreach (string key in table.Keys)
            if (!_asked.Contains(key)) throw Wrong($"nothing is called \"{key}\" here");
    }

    public FormatException Wrong(string what) => new($"{Where}: {what}");

    private TomlTable? Sub(string key) => Get(key) switch { null => null, TomlTable sub => sub, var other => throw Wrong($"{key} is not a table but {other}") };

    private object? Get(string key)
    {
        _asked.Add(key);
        return table.TryGetValue(key, out object? value) ? value : null;
    }
}
