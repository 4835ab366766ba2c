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

    private Task<(int Exit, string Out, string Error)> Run(params string[] args) => Run(isTerminal: false, usesColour: false, args);

    private async Task<(int Exit, string Out, string Error)> Run(bool isTerminal, bool usesColour, params string[] args)
    {
        var output = new StringWriter();
        var error = new StringWriter();
        var setup = new DiagnosisSetup(new DiagnosisParts(e => new EvidenceSet(e.Target, null, e.At, []), _ => _report), (_, _) => _probes.Set());
        int exit = await new CommandTree(new Output(output, error, isTerminal) { UsesColour = usesColour }, TimeProvider.System, diagnosis: setup).RunAsync(args, TestContext.Current.CancellationToken);
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

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Check_prints_each_stage_once_and_plain_where_nothing_can_be_redrawn(bool isTerminal)
    {
        _probes.Connect = [FakeProbes.Tcp(TcpOutcome.TimedOut)];
        var (_, output, _) = await Run(isTerminal, usesColour: false, "check", "example.org");
        string[] stages = output.Split("\n\n")[0].Split('\n');
        Assert.Equal(["blocklists", "connect", "controls", "greeting", "identity", "names", "path", "resolver"], stages.Select(l => l[2..].Split(' ')[0]).Order());
        Assert.Single(stages, l => l.StartsWith("✗ connect     the connection: TimedOut  0.", StringComparison.Ordinal));
        Assert.Contains("- greeting    not needed", stages);
        Assert.DoesNotContain('\e', output);
        Assert.DoesNotContain('…', output);
    }

    [Fact]
    public async Task Check_is_redrawn_in_place_on_a_terminal() =>
        Assert.Contains("\e[", (await Run(isTerminal: true, usesColour: true, "check", "example.org")).Out, StringComparison.Ordinal);

    [Fact]
    public async Task Check_prints_the_contract_for_programs_and_nothing_else()
    {
        var (exit, output, error) = await Run("check", "example.org", "--json");
        Assert.Equal((ExitCode.ProblemFound, ""), (exit, error));
        Assert.Equal("""{"id":"d1","target":"mx.example.org[198.51.100.25]:25","at":"2026-01-01T00:00:00+00:00","stage":"connect","verdict":{"cause":"upstream-firewall","confidence":0.93,"summary":"A firewall drops us. It is theirs.","fix":"Wait.\nThen look again.","why":"It comes back.","who":"upstream","page":"causes/upstream-firewall","confirm":[]},"alternatives":[{"cause":"upstream-firewall","confidence":0.08,"would_settle":"a look from another address"}],"evidence":[{"id":"tcp.connect","said_by":"network","observed":"refused","supports":["upstream-down"],"against":[],"ms":12}],"actions":[]}""" + "\n", output);
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
        Assert.StartsWith("recipient-unknown: practically certain, 97 %; to be mended by", reply, StringComparison.Ordinal);
        _report = FakeProbes.Report("unknown", 0.5);
        Assert.Equal(ExitCode.NotDetermined, (await Run("explain", "250 what is this")).Exit);
        using var json = JsonDocument.Parse((await Run("explain", "mailbox-full", "--json")).Out);
        Assert.Equal("mailbox-full", json.RootElement.GetProperty("id").GetString());
        Assert.StartsWith("# ", json.RootElement.GetProperty("page").GetString(), StringComparison.Ordinal);
    }

    /// <summary>As if nothing had been wrapped.</summary>
    private static string OneLine(string text) => System.Text.RegularExpressions.Regex.Replace(text, @"\s+", " ");

    /// <summary>With the real diagnosis: what an operator reads who pastes a reply.</summary>
    private static async Task<string> Explain(params string[] args)
    {
        var output = new StringWriter();
        await new CommandTree(new Output(output, TextWriter.Null, isTerminal: false), TimeProvider.System, diagnosis: DiagnosisSetup.Default).RunAsync(["explain", .. args], TestContext.Current.CancellationToken);
        return output.ToString().ReplaceLineEndings("\n");
    }

    [Fact]
    public async Task A_reply_is_said_once_and_nothing_is_claimed_that_nobody_said()
    {
        string text = await Explain("450 4.7.1 <jane@example.org>: Recipient address rejected: greylisted, try again later.");
        Assert.StartsWith("greylisted: ", text, StringComparison.Ordinal);
        Assert.Equal(2, text.Split("<jane@example.org>").Length);
        Assert.Contains("try again later\".", OneLine(text), StringComparison.Ordinal);
        Assert.DoesNotContain("was named to us", text, StringComparison.Ordinal);
        Assert.DoesNotContain("stage", text, StringComparison.Ordinal);
        Assert.DoesNotContain("the server\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reply_of_many_lines_is_read_out_with_its_code_once() =>
        Assert.Contains("\"421 4.7.28 Our system has detected an unusual rate of unsolicited mail\"", OneLine((await Explain("421-4.7.28 Our system has detected an unusual rate of\\n421 4.7.28 unsolicited mail"))), StringComparison.Ordinal);

    [Fact]
    public async Task Names_in_a_reply_are_used()
    {
        Assert.Contains("jane@example.org does not exist", await Explain("550 5.1.1 <jane@example.org>: Recipient address rejected: User unknown in local recipient table"), StringComparison.Ordinal);
        string listed = await Explain("554 5.7.1 Service unavailable; Client host [192.0.2.10] blocked using zen.spamhaus.org; https://check.spamhaus.org/query/ip/192.0.2.10");
        Assert.Contains("https://check.spamhaus.org and enter 192.0.2.10", listed, StringComparison.Ordinal);
        Assert.Contains("\"192.0.2.10/32 OK\" in a check_client_access file", OneLine(listed), StringComparison.Ordinal);
        Assert.DoesNotContain("dnslists", listed, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("554 delivery error: dd user@example.org is no longer valid. [-20] - example.yahoo.com", "recipient-unknown")]
    [InlineData("554 SMTP service not available", "upstream-firewall")]
    [InlineData("535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6", "auth-failed")]
    public async Task Where_it_was_said_is_guessed_from_what_was_said(string reply, string cause) => Assert.StartsWith(cause + ": ", await Explain(reply), StringComparison.Ordinal);

    [Fact]
    public async Task Doctor_names_lists_that_have_closed_and_lists_that_refuse_a_public_resolver()
    {
        _probes.Blocklists =
        [
            FakeProbes.List("Spamhaus ZEN", "zen.spamhaus.org", BlocklistResult.Refused, BlocklistFact.PublicResolverCode),
            FakeProbes.List("Barracuda", "b.barracudacentral.org", BlocklistResult.Refused),
            FakeProbes.List("SpamCop", "bl.spamcop.net", BlocklistResult.NotListed),
            FakeProbes.List("Mailspike", "bl.mailspike.net", BlocklistResult.NoAnswer),
            FakeProbes.List("dnsbl.sorbs.net", "dnsbl.sorbs.net", BlocklistResult.Dead),
        ];
        var (exit, output, _) = await Run("doctor", "--from", "192.0.2.10");
        Assert.Contains("not listed at 1 list; Spamhaus ZEN refuses questions from a public resolver; Barracuda refuses to answer us; Mailspike did not answer", output, StringComparison.Ordinal);
        Assert.Contains("Take it out of the configuration: the [[diagnosis.blocklist]] with zone = \"dnsbl.sorbs.net\"", output, StringComparison.Ordinal);
        Assert.Contains("not asked, because they have closed: SORBS, NiXSpam", output, StringComparison.Ordinal);
        Assert.Contains("dns.servers = [\"127.0.0.1\"]", OneLine(output), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_tells_a_public_resolver_from_a_list_that_refuses_us()
    {
        _probes.Blocklists = [FakeProbes.List("Spamhaus ZEN", "zen.spamhaus.org", BlocklistResult.Refused, BlocklistFact.PublicResolverCode), FakeProbes.List("SpamCop", "bl.spamcop.net", BlocklistResult.NotListed)];
        Assert.Contains("not listed at 1 list; Spamhaus ZEN refuses questions from a public resolver", (await Run("check", "example.org")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Commands_are_printed_whole_however_narrow_the_window()
    {
        _report = _report with { Verdict = _report.Verdict with { Fix = "Their line: iptables -I INPUT 1 -p tcp -s 192.0.2.10/32 --dport 25 -j ACCEPT -m comment --comment \"the relay of example.net, as agreed\"", Confirm = ["dig +short A 10.2.0.192.zen.spamhaus.org"] } };
        string output = (await Run("check", "example.org")).Out;
        Assert.Contains("  " + _report.Verdict.Fix + "\n", output, StringComparison.Ordinal);
        Assert.Contains("See it yourself\n  dig +short A 10.2.0.192.zen.spamhaus.org\n", output, StringComparison.Ordinal);
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
