using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Postern.Cli;
using Postern.Core.Events;
using Postern.Diagnosis.Causes;
using Postern.Lab.Daemons;

namespace Postern.Tests.Docs;

/// <summary>The dashboard and the alert rules in deploy/: what they ask for exists, and Prometheus understands and fires it.</summary>
public sealed partial class DeployTests
{
    private static readonly string Deploy = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "..", "..", "..", "deploy"));
    private static readonly string Rules = File.ReadAllText(Path.Combine(Deploy, "prometheus", "alerts.yml"));
    private static readonly string Dashboard = File.ReadAllText(Path.Combine(Deploy, "grafana", "postern.json"));

    private static string Here([CallerFilePath] string file = "") => file;

    [GeneratedRegex("""postern_[a-z0-9_]+""")]
    private static partial Regex Metric { get; }

    [GeneratedRegex("^\\| `(?<name>postern_[a-z_]+)` \\| (?<kind>\\w+) \\|", RegexOptions.Multiline)]
    private static partial Regex Row { get; }

    /// <summary>As Prometheus sees them.</summary>
    private static HashSet<string> Known() => [.. Row.Matches(MetricsReference.Write()).SelectMany(m => m.Groups["kind"].Value == "histogram"
        ? new[] { "_bucket", "_sum", "_count" }.Select(s => m.Groups["name"].Value + s) : [m.Groups["name"].Value])];

    private static IEnumerable<string> Expressions()
    {
        using var dashboard = JsonDocument.Parse(Dashboard);
        foreach (var panel in dashboard.RootElement.GetProperty("panels").EnumerateArray())
            if (panel.TryGetProperty("targets", out var targets))
                foreach (var target in targets.EnumerateArray()) yield return target.GetProperty("expr").GetString()!;
        foreach (var note in dashboard.RootElement.GetProperty("annotations").GetProperty("list").EnumerateArray()) yield return note.GetProperty("expr").GetString()!;
    }

    [Fact]
    public void Every_metric_that_the_dashboard_and_the_alerts_name_is_one_of_ours()
    {
        var known = Known();
        Assert.True(known.Count > 50);
        Assert.Empty(Metric.Matches(Rules).Concat(Expressions().SelectMany(e => Metric.Matches(e))).Select(m => m.Value).Where(n => !known.Contains(n)).Distinct());
    }

    [Fact]
    public void The_dashboard_shows_every_metric_that_deserves_a_look()
    {
        string shown = string.Join('\n', Expressions());
        // Not shown: what another panel shows in another way.
        string[] elsewhere = ["postern_accepted_bytes_total", "postern_bodies_abandoned_total", "postern_config_reloads_total", "postern_egress_warmup_day", "postern_egress_warmup_held", "postern_incidents_closed_total",
            "postern_pickup_files_total", "postern_probes_total", "postern_recipients_accepted_total", "postern_sessions_opened_total", "postern_upstream_gate_changes_total", "postern_webhook_posts_total", "postern_webhook_waiting"];
        var missing = Row.Matches(MetricsReference.Write()).Select(m => m.Groups["name"].Value).Where(n => !shown.Contains(n, StringComparison.Ordinal)).Order(StringComparer.Ordinal);
        Assert.Equal(elsewhere, missing);
    }

    [Fact]
    public void Every_cause_has_an_alert_that_names_its_page()
    {
        var alerts = Regex.Matches(Rules, @"- alert: (?<name>\w+)\n(?<body>(?:        .*\n)+)").ToDictionary(m => m.Groups["name"].Value, m => m.Groups["body"].Value);
        foreach (var cause in CauseTable.All)
        {
            string alert = Assert.Single(alerts, a => a.Value.Contains($"          cause: {cause.Name}\n", StringComparison.Ordinal)).Value;
            Assert.Contains($"page: causes/{cause.Name}.md", alert, StringComparison.Ordinal);
            Assert.Contains($"cause=\\\"{cause.Name}\\\"", alert, StringComparison.Ordinal);
            Assert.True(File.Exists(Path.Combine(Deploy, "..", "docs", "causes", $"{cause.Name}.md")));
        }
    }

    [Fact]
    public void Events_that_alerts_count_are_types_that_there_are() =>
        Assert.All(Regex.Matches(Rules + Dashboard, "type=\\\\*\"(?<type>[a-z.-]+)").Select(m => m.Groups["type"].Value), t => Assert.Contains(t, EventTypes.All.Select(r => r.Word)));

    [Fact]
    public void Every_alert_is_tried_by_a_test_of_its_own()
    {
        string tests = File.ReadAllText(Path.Combine(Deploy, "prometheus", "alerts.test.yml"));
        foreach (string name in Regex.Matches(Rules, @"- alert: (\w+)").Select(m => m.Groups[1].Value))
            Assert.Matches($@"alertname: {name}\n        exp_alerts:\n          - exp_labels:", tests);
    }

    [Fact]
    public async Task Prometheus_takes_the_rules_and_fires_each_in_its_case()
    {
        string promtool = Promtool();
        await RunAsync(promtool, "check", "rules", Path.Combine(Deploy, "prometheus", "alerts.yml"));
        await RunAsync(promtool, "test", "rules", Path.Combine(Deploy, "prometheus", "alerts.test.yml"));
    }

    [Fact]
    public async Task Prometheus_understands_every_expression_of_the_dashboard()
    {
        string promtool = Promtool();
        var rules = new StringBuilder("groups:\n- name: dashboard\n  rules:\n");
        int number = 0;
        foreach (string expression in Expressions())
            rules.Append($"  - record: e{number++}\n    expr: {JsonSerializer.Serialize(expression.Replace("$__rate_interval", "5m", StringComparison.Ordinal).Replace("$instance", ".*", StringComparison.Ordinal))}\n");
        Assert.True(number > 40);
        string file = Path.Combine(Path.GetTempPath(), $"postern-dashboard-{Guid.NewGuid():N}.yml");
        await File.WriteAllTextAsync(file, rules.ToString(), TestContext.Current.CancellationToken);
        try
        {
            await RunAsync(promtool, "check", "rules", file);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static string Promtool()
    {
        string? found = Programs.Find("promtool") ?? Programs.FindUnpacked("prometheus", "usr/bin/promtool");
        Assert.SkipWhen(found is null, "promtool is not installed (Debian package prometheus; eng/test-tools.sh)");
        return found!;
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        string error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"{string.Join(' ', arguments)}\n{await output}{error}");
    }
}
