using System.Text.Json.Nodes;
using Postern.Lab.Running;
using Postern.Lab.Scenarios;

namespace Postern.EndToEndTests.Lab;

/// <summary>What the fault lab takes for right, and what not.</summary>
public sealed class JudgementTests
{
    private const string FromHost = """{ "id": "icmp.prohibited.host", "observed": "198.51.100.25, the host itself, sent the refusal (ICMP 3/13)", "supports": ["upstream-firewall"] }""";
    private const string Silent = """{ "id": "connect.silent", "observed": "no answer within 10 s", "supports": ["network-path"] }""";

    [Theory]
    [InlineData("icmp.prohibited.host: @mx1*ICMP 3/13", true)]
    [InlineData("icmp.prohibited.host: @mx2*ICMP 3/13", false)]
    [InlineData("icmp.prohibited.host: @mx1*ICMP 3/1)", false)]
    [InlineData("icmp.*", true)]
    [InlineData("icmp", false)]
    [InlineData("icmp.prohibited.edge|icmp.prohibited.host", true)]
    public void Evidence_is_asked_for_by_id_and_by_its_words(string asked, bool isThere) =>
        Assert.Equal(isThere, Judged("upstream-firewall", [asked], FromHost).IsSound);

    [Fact]
    public void A_right_cause_without_evidence_that_speaks_for_it_is_amiss()
    {
        var result = Judged("upstream-firewall", ["connect.silent"], Silent);
        Assert.True(result.IsRight);
        Assert.False(result.IsSound);
        Assert.Contains("speaks for", result.Amiss, StringComparison.Ordinal);
    }

    [Fact]
    public void A_late_verdict_is_sound_but_not_complete()
    {
        var result = Judged("upstream-firewall", ["icmp.*"], FromHost, seconds: 21);
        Assert.True(result.IsSound);
        Assert.False(result.IsComplete);
        Assert.Equal("late: 21.0 s of 20 s", result.Amiss);
    }

    [Fact]
    public void A_scenario_of_a_fault_has_to_say_what_decides_it()
    {
        var error = Assert.Throws<FormatException>(() => ScenarioReader.ReadFile("x", "[[scenario]]\nid = \"a\"\ntitle = \"b\"\ncause = \"upstream-down\"\ntruth = [\"connect mx1:25: refused\"]\n").ToArray());
        Assert.Contains("names no evidence", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_that_a_program_redraws_stand_on_the_screen_once() =>
        Assert.Equal("✓ names     good\n✗ connect   refused\n\nWhy\n", TerminalScreen.After("\e[?25l\e[32m·\e[0m names     …  \r\n  connect    \r\e[1A✓ names     good\r\n\e[2K✗ connect   refused  \r\n\r\n\e[1mWhy\e[0m\r\n"));

    private static ScenarioResult Judged(string cause, IReadOnlyList<string> evidence, string seen, double seconds = 2)
    {
        var scenario = new Scenario { Id = "a", Title = "b", Group = "c", Cause = "upstream-firewall", Evidence = [.. evidence.Select(EvidenceAsk.Parse)], Truth = [] };
        var diagnosis = JsonNode.Parse($$"""{ "verdict": { "cause": "{{cause}}", "confidence": 0.9 }, "evidence": [{{seen}}] }""")!.AsObject();
        return ScenarioRun.Judge(scenario, diagnosis, seconds, null);
    }
}
