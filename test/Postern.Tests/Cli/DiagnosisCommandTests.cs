using System.Text.Json;
using Postern.Cli;
using Postern.Core.Diagnoses;
using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Checks;
using Postern.Diagnosis.Evidence;
using Postern.Tests.Diagnosis.Checks;

namespace Postern.Tests.Cli;

/// <summary>check, doctor and explain with probes that bring what they are told.</summary>
public sealed class DiagnosisCommandTests
{
    private readonly FakeProbes _probes = new();
    private DiagnosisReport _report = FakeProbes.Report("upstream-firewall", 0.93, "A firewall drops us. It is theirs.");

    private async Task<(int Exit, string Out, string Error)> Run(params string[] args)
    {
        var output = new StringWriter();
        var error = new StringWriter();
        var setup = new DiagnosisSetup(new DiagnosisParts(e => new EvidenceSet(e.Target, null, e.At, []), _ => _report), (_, _) => _probes.Set());
        int exit = await new CommandTree(new Output(output, error, isTerminal: false), TimeProvider.System, diagnosis: setup).RunAsync(args, TestContext.Current.CancellationToken);
        return (exit, output.ToString().ReplaceLineEndings("\n"), error.ToString());
    }

    [Fact]
    public async Task Check_says_what_is_wrong_whose_it_is_what_to_do_and_what_else_it_might_be()
    {
        _probes.Connect = [FakeProbes.Tcp(TcpOutcome.TimedOut)];
        var (exit, output, error) = await Run("check", "example.org");
        Assert.Equal((ExitCode.ProblemFound, ""), (exit, error));
        Assert.Contains("✗ connect", output, StringComparison.Ordinal);
        int at = output.IndexOf("upstream-firewall at", StringComparison.Ordinal);
        Assert.Equal("""
            upstream-firewall at mx.example.org[198.51.100.25]:25, stage connect: very likely, 93 %; to be mended by the upstream's administrators
            A firewall drops us. It is theirs.

            Evidence
                refused (network, 12 ms)

            What to do (the upstream's administrators)
              Wait.
              Then look again.

            Why that works
              It comes back.

            It might also be
              upstream-firewall (8 %); what would settle it: a look from another address
            More: postern explain upstream-firewall

            """.ReplaceLineEndings("\n"), output[at..]);
    }

    [Fact]
    public async Task Check_prints_the_contract_for_programs_and_nothing_else()
    {
        var (exit, output, error) = await Run("check", "example.org", "--json");
        Assert.Equal((ExitCode.ProblemFound, ""), (exit, error));
        Assert.Equal("""{"id":"d1","target":"mx.example.org[198.51.100.25]:25","at":"2026-01-01T00:00:00+00:00","stage":"connect","verdict":{"cause":"upstream-firewall","confidence":0.93,"summary":"A firewall drops us. It is theirs.","fix":"Wait.\nThen look again.","why":"It comes back.","who":"upstream","page":"causes/upstream-firewall"},"alternatives":[{"cause":"upstream-firewall","confidence":0.08,"would_settle":"a look from another address"}],"evidence":[{"id":"tcp.connect","said_by":"network","observed":"refused","supports":["upstream-down"],"against":[],"ms":12}],"actions":[]}""" + "\n", output);
    }

    [Theory]
    [InlineData("none", 0)]
    [InlineData("upstream-down", 1)]
    [InlineData("unknown", 3)]
    public async Task The_verdict_decides_the_exit_code(string cause, int exit)
    {
        _report = FakeProbes.Report(cause);
        Assert.Equal(exit, (await Run("check", "example.org")).Exit);
        Assert.Equal(exit, (await Run("check", "example.org", "--json")).Exit);
    }

    [Theory]
    [InlineData("check", "smtp://example.org")]
    [InlineData("check", "example.org", "--from", "nonsense")]
    [InlineData("check", "example.org", "--set", "diagnosis.controls=http://x")]
    [InlineData("check")]
    [InlineData("doctor", "--public", "nonsense")]
    [InlineData("explain", "ip-reputaton")]
    [InlineData("explain", "550 5.1.1 no such user", "--stage", "later")]
    public async Task Wrong_usage_ends_with_2(params string[] args)
    {
        var (exit, output, error) = await Run(args);
        Assert.Equal(ExitCode.WrongUsage, exit);
        Assert.NotEqual("", output + error);
    }

    [Fact]
    public async Task Addresses_and_senders_given_reach_the_probes()
    {
        await Run("check", "example.org", "--from", "192.0.2.10", "--from", "192.0.2.11", "--sender", "me@Example.COM.");
        Assert.Equal(["192.0.2.10", "192.0.2.11"], _probes.Seen!.Egress.Select(a => a.ToString()));
        Assert.Equal(["example.com"], _probes.Seen.SenderDomains);
        Assert.Equal(["gmail.com", "outlook.com", "yahoo.com"], _probes.Seen.Controls);
    }

    [Fact]
    public async Task Explain_shows_a_page_a_list_and_a_reply()
    {
        var (exit, page, _) = await Run("explain", "rate-limited");
        Assert.Equal(0, exit);
        Assert.Contains("WHY THE FIX WORKS", page, StringComparison.Ordinal);
        Assert.Contains("recipient-unknown", (await Run("explain")).Out, StringComparison.Ordinal);
        _report = FakeProbes.Report("recipient-unknown", 0.97);
        var (known, reply, _) = await Run("explain", "550 5.1.1 <you@example.org>: no such user");
        Assert.Equal(0, known);
        Assert.StartsWith("recipient-unknown at the server, stage ", reply.Replace("mx.example.org[198.51.100.25]:25", "the server", StringComparison.Ordinal), StringComparison.Ordinal);
        _report = FakeProbes.Report("unknown", 0.5);
        Assert.Equal(ExitCode.NotDetermined, (await Run("explain", "250 what is this")).Exit);
        using var json = JsonDocument.Parse((await Run("explain", "mailbox-full", "--json")).Out);
        Assert.Equal("mailbox-full", json.RootElement.GetProperty("id").GetString());
        Assert.StartsWith("# ", json.RootElement.GetProperty("page").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_tells_what_is_wrong_on_our_side_with_its_fix()
    {
        _probes.Controls = [FakeProbes.Tcp(TcpOutcome.TimedOut, PointRole.Control)];
        var (exit, output, error) = await Run("doctor", "--from", "192.0.2.10");
        Assert.Equal((ExitCode.ProblemFound, ""), (exit, error));
        Assert.Contains("✗ port.25", output, StringComparison.Ordinal);
        Assert.Contains("none of 1 known-good servers can be reached on port 25", output, StringComparison.Ordinal);
        Assert.Contains("problem found", output, StringComparison.Ordinal);
        using var json = JsonDocument.Parse((await Run("doctor", "--from", "192.0.2.10", "--json")).Out);
        Assert.False(json.RootElement.GetProperty("good").GetBoolean());
        var port = json.RootElement.GetProperty("findings").EnumerateArray().First(f => f.GetProperty("id").GetString() == "port.25");
        Assert.Equal("problem", port.GetProperty("state").GetString());
        Assert.NotEqual("", port.GetProperty("fix").GetString());
    }

    [Fact]
    public async Task Doctor_finds_a_port_open_when_any_reference_answers_be_it_with_a_refusal()
    {
        _probes.Controls = [FakeProbes.Tcp(TcpOutcome.TimedOut, PointRole.Control), FakeProbes.Tcp(TcpOutcome.Refused, PointRole.Control)];
        var (exit, output, _) = await Run("doctor", "--from", "192.0.2.10");
        Assert.Equal(0, exit);
        Assert.Contains("✓ port.25", output, StringComparison.Ordinal);
        Assert.Contains("No problem found on our side", output, StringComparison.Ordinal);
    }
}
