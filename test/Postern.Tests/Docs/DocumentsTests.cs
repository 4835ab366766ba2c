using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Postern.Cli;
using Postern.Core.Configuration;
using Postern.Core.Events;

namespace Postern.Tests.Docs;

public sealed class DocumentsTests
{
    private static string Root([CallerFilePath] string file = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", "..", ".."));

    [Fact]
    public void The_configuration_page_is_what_the_program_prints() =>
        Assert.True(File.ReadAllText(Path.Combine(Root(), "docs", "configuration.md")) == ConfigReference.Write(), "docs/configuration.md is out of date; run docs/generate.sh");

    [Fact]
    public void The_metrics_page_is_what_the_program_prints() =>
        Assert.True(File.ReadAllText(Path.Combine(Root(), "docs", "metrics.md")) == MetricsReference.Write(), "docs/metrics.md is out of date; run docs/generate.sh");

    [Fact]
    public void The_page_about_decisions_is_what_the_program_prints() =>
        Assert.True(File.ReadAllText(Path.Combine(Root(), "docs", "decisions.md")) == DecisionsReference.Write(), "docs/decisions.md is out of date; run docs/generate.sh");

    [Fact]
    public async Task The_page_about_the_API_is_what_the_program_prints() =>
        Assert.True(await File.ReadAllTextAsync(Path.Combine(Root(), "docs", "api.md")) == await ApiReference.WriteAsync(), "docs/api.md is out of date; run docs/generate.sh");

    [Fact]
    public void The_pages_about_causes_are_what_the_program_writes()
    {
        foreach (var (name, text) in CausesReference.Write())
            Assert.True(File.ReadAllText(Path.Combine(Root(), "docs", "causes", name)) == text, $"docs/causes/{name} is out of date; run docs/generate.sh");
    }

    [Fact]
    public void The_example_file_is_a_good_configuration()
    {
        string file = Path.Combine(Root(), "postern.example.toml");
        var result = new ConfigLoader(new ConfigSurroundings(_ => null, [], Root())).LoadText(File.ReadAllText(file), "/etc/postern/postern.toml", []);
        Assert.Empty(result.Errors.Concat(result.Warnings).Select(e => e.ToString()));
    }

    [Fact]
    public void Every_toml_block_of_the_guide_and_the_readme_is_a_good_configuration()
    {
        string tls = Directory.CreateTempSubdirectory("postern-docs-").FullName;
        foreach (string name in new[] { "fullchain.pem", "key.pem" }) File.WriteAllText(Path.Combine(tls, name), "");
        foreach (string page in new[] { "README.md", "docs/guide.md", "docs/access.md", "docs/observability.md", "docs/configuration.md" })
        {
            string text = File.ReadAllText(Path.Combine(Root(), page));
            foreach (Match block in Regex.Matches(text, "```toml\n(.*?)```", RegexOptions.Singleline))
            {
                string toml = block.Groups[1].Value.Contains("[[upstream]]", StringComparison.Ordinal) || block.Groups[1].Value.Contains("via = \"mx\"", StringComparison.Ordinal)
                    ? block.Groups[1].Value : block.Groups[1].Value + "\n[[upstream]]\nname = \"provider\"\naddress = \"smtp.example.com:587\"\n";
                var environment = new Dictionary<string, string> { ["APP_PASSWORD"] = "x", ["OPS_TOKEN"] = "a-token-that-is-long-enough", ["OIDC_SECRET"] = "x", ["SMTP_PASSWORD"] = "x", ["OPS_WEBHOOK_SECRET"] = "whsec_cG9zdGVybi1wb3N0ZXJuLXBvc3Rlcm4=" };
                var result = new ConfigLoader(new ConfigSurroundings(environment.GetValueOrDefault, [], Root())).LoadText(toml.Replace("/etc/postern/tls", tls, StringComparison.Ordinal), page, []);
                Assert.Empty(result.Errors.Select(e => e.ToString()));
            }
        }
        Directory.Delete(tls, recursive: true);
    }

    [Fact]
    public void The_guide_has_every_type_of_event()
    {
        string guide = File.ReadAllText(Path.Combine(Root(), "docs", "guide.md"));
        Assert.All(EventTypes.All, type => Assert.Contains($"`{type.Word}`", guide, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_setting_says_what_it_does()
    {
        foreach (var section in SettingsTable.Root.Settings)
            foreach (var setting in section.Table!.Settings)
                Assert.False(string.IsNullOrWhiteSpace(setting.Attribute?.Summary), $"{section.Name}.{setting.Name} has no [Setting]");
    }

    [Fact]
    public void The_schema_is_json_that_knows_every_section()
    {
        using var schema = System.Text.Json.JsonDocument.Parse(ConfigSchema.Write());
        var sections = schema.RootElement.GetProperty("properties").EnumerateObject().Select(p => p.Name);
        Assert.Equal(SettingsTable.Root.Settings.Select(s => s.Name), sections);
    }
}
