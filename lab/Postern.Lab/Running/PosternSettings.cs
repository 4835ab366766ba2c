using System.Globalization;
using System.Text;
using Postern.Lab.Names;
using Postern.Lab.Net;
using Postern.Lab.Scenarios;

namespace Postern.Lab.Running;

/// <summary>The configuration that Postern gets in a lab. The one place that knows its keys.</summary>
internal static class PosternSettings
{
    public const int SmtpPort = 2525, HttpPort = 8025;

    public static string Of(Scenario scenario, string folder)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            [server]
            hostname = "relay.sender.test"
            data = "{folder}/data"
            http = "127.0.0.1:{HttpPort}"

            [[listener]]
            address = "127.0.0.1:{SmtpPort}"

            [dns]
            servers = ["{LabAddresses.Of("resolver")}"]

            [diagnosis]
            controls = [{string.Join(", ", scenario.Controls.Select(c => $"\"{c}\""))}]
            builtin_blocklists = false

            """);
        // A scenario that has a table of its own replaces it.
        if (!scenario.Settings.Contains("[delivery]", StringComparison.Ordinal)) text.Append("\n[delivery]\nretry = [\"2s\", \"2s\", \"2s\", \"5s\"]\n");
        foreach (var list in LabBlocklists.Of(scenario))
            text.Append(CultureInfo.InvariantCulture, $"""

                [[diagnosis.blocklist]]
                zone = "{list.Zone}"
                name = "{list.Name}"
                weight = "{list.Weight}"
                delisting = "{list.Delisting}"

                """);
        for (int i = 0; i < scenario.Egress.Count; i++)
            text.Append(CultureInfo.InvariantCulture, $"""

                [[egress]]
                name = "{NameOf(scenario.Egress[i])}"
                address = "{LabAddresses.Of(scenario.Egress[i])}"
                hello = "{(scenario.Egress[i].EndsWith(".2", StringComparison.Ordinal) ? "relay2" : "relay")}.sender.test"

                """);
        if (scenario.Upstream is { } upstream)
            text.Append(CultureInfo.InvariantCulture, $"""

                [[upstream]]
                name = "provider"
                address = "{upstream.Address}"
                tls = "{upstream.Tls}"
                {(upstream.Auth?.Split(':', 2) is [var user, var password] ? $"auth = {{ user = \"{user}\", password = \"{password}\", without_tls = {(upstream.Tls is "required" or "implicit" ? "false" : "true")} }}" : "")}

                """);
        // Mail leaves by the first address of each family; the others are there for comparison.
        string egress = string.Join(", ", scenario.Egress.Where(e => !e.EndsWith(".2", StringComparison.Ordinal)).Select(e => $"\"{NameOf(e)}\""));
        text.Append(CultureInfo.InvariantCulture, $"\n[[route]]\n{(scenario.Upstream is null ? "via = \"mx\"" : "upstreams = [\"provider\"]")}\negress = [{egress}]\n");
        return text.Append('\n').Append(LabAddresses.Fill(scenario.Settings)).Append('\n').ToString();
    }

    private static string NameOf(string egress) => egress.Replace('.', '-');
}
