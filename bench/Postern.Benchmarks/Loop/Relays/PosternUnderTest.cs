using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Postern.Lab.Names;
using Postern.Lab.Net;
using Postern.Lab.Scenarios;

namespace Postern.Benchmarks.Loop.Relays;

/// <summary>The published postern with an ordinary configuration; besides it only the lab's resolver, its blocklists and its control host instead of those of the Internet.</summary>
internal sealed class PosternUnderTest(NetSpace space, RelayWay way, string executable) : RelayUnderTest("postern", space)
{
    public override string LogFile => PathOf("postern.log");

    protected override IReadOnlyList<string> Program => ["sh", "-c", "exec \"$@\" >>\"$0\" 2>&1", LogFile, executable, "serve", "--config", PathOf("postern.toml")];

    protected override Task PrepareAsync()
    {
        Write("postern.toml", Configuration());
        return Task.CompletedTask;
    }

    public override IReadOnlyDictionary<string, int> Learned()
    {
        string file = PathOf("data/state/limits.json");
        var learned = new Dictionary<string, int>(StringComparer.Ordinal);
        if (!File.Exists(file)) return learned;
        using var json = JsonDocument.Parse(File.ReadAllBytes(file));
        foreach (var lane in json.RootElement.GetProperty("Lanes").EnumerateArray())
            foreach (var limit in lane.GetProperty("Limits").EnumerateArray())
                learned[limit.GetProperty("Kind").GetString() + (limit.TryGetProperty("Window", out var window) ? $" in {window.GetString()}" : "")] = limit.GetProperty("Value").GetInt32();
        return learned;
    }

    public override int? Bounced() => File.Exists(LogFile) ? File.ReadLines(LogFile).Count(l => l.Contains("outcome=bounced", StringComparison.Ordinal)) : 0;

    private string Configuration()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            [server]
            hostname = "relay.sender.test"
            data = "{PathOf("data")}"
            http = "127.0.0.1:8025"
            [[listener]]
            address = "{Smtp}"
            [dns]
            servers = ["{LabAddresses.Of("resolver")}"]
            [diagnosis]
            controls = ["alt.test"]
            builtin_blocklists = false

            """);
        foreach (var list in LabBlocklists.Of(Bed.Scenery))
            text.Append(CultureInfo.InvariantCulture, $"""
                [[diagnosis.blocklist]]
                zone = "{list.Zone}"
                name = "{list.Name}"
                weight = "{list.Weight}"
                delisting = "{list.Delisting}"

                """);
        for (int i = 0; i < way.Egress.Count; i++)
            text.Append(CultureInfo.InvariantCulture, $"""
                [[egress]]
                name = "{(char)('a' + i)}"
                address = "{way.Egress[i]}"
                hello = "{(i % 2 == 0 ? "relay" : "relay2")}.sender.test"

                """);
        if (way.Smarthost is { } host) text.Append(CultureInfo.InvariantCulture, $"[[upstream]]\nname = \"provider\"\naddress = \"{host}\"\ntls = \"opportunistic\"\n");
        text.Append(way.Smarthost is null ? "[[route]]\nvia = \"mx\"\n" : "[[route]]\nupstreams = [\"provider\"]\n");
        if (way.Egress.Count > 0) text.Append(CultureInfo.InvariantCulture, $"egress = [{string.Join(", ", way.Egress.Select((_, i) => $"\"{(char)('a' + i)}\""))}]\n");
        return text.ToString();
    }
}
