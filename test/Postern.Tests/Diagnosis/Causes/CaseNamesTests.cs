using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.History;
using Postern.Diagnosis.Knowledge;
using Postern.Diagnosis.Probes;
using Postern.Protocols.Dns;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Diagnosis.Causes;

/// <summary>What a verdict's texts name: this case's people, hosts, server program and cloud, and commands that can be pasted as they are.</summary>
public sealed class CaseNamesTests
{
    private static readonly CaseNames Names = new("relay.example.net", "app@example.net", "jane@example.org");

    private static Verdict Verdict(Case @case, CaseNames? names = null) =>
        new Diagnostician(SignalTable.Default, new Calibration([(0, 0), (1, 1)]), ReplyReader.Read).Diagnose(@case.Evidence with { Names = names ?? Names }).Verdict;

    private static Case Greeted(string banner) => new Case().Target(TcpOutcome.Connected).Greeting(GreetingOutcome.Accepted, banner).Ehlo("PIPELINING");

    [Theory]
    [InlineData("220 mx1.example.org ESMTP Postfix (Debian/GNU)", "postmap -q jane@example.org")]
    [InlineData("220 mx1.example.org ESMTP Exim 4.96 Thu, 01 Jan 2026 12:00:00 +0000", "exim -bt jane@example.org")]
    [InlineData("220 mx1.example.org Microsoft ESMTP MAIL Service ready", "Get-Recipient -Identity jane@example.org")]
    [InlineData("220 mx1.example.org ESMTP Sendmail 8.17.1/8.17.1", "sendmail -bv jane@example.org")]
    [InlineData("220 mx1.example.org ESMTP", "the mailbox, alias or directory entry is missing")]
    public void The_fix_is_the_one_of_the_server_that_greeted_us(string banner, string expected)
    {
        var verdict = Verdict(Greeted(banner).Reply(ClientStage.Rcpt, "550 5.1.1 no such user here"));
        Assert.Equal("recipient-unknown", verdict.Cause);
        Assert.StartsWith("jane@example.org does not exist", verdict.Summary, StringComparison.Ordinal);
        var last = Assert.Single(verdict.Fix.Split('\n'), line => line.StartsWith("4. ", StringComparison.Ordinal));
        Assert.Contains(expected, last, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("550 5.1.1 <jane@example.org>: Recipient address rejected: User unknown in local recipient table", "postfix")]
    [InlineData("550 Unrouteable address", "exim")]
    [InlineData("550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain", "exchange")]
    [InlineData("550 sorry, no mailbox here by that name. (#5.1.1 - chkusr)", "qmail")]
    [InlineData("550 no", null)]
    public void A_refusal_tells_the_server_when_the_greeting_does_not(string reply, string? server) => Assert.Equal(server, ServerTable.Default.OfReply(reply));

    [Fact]
    public void Commands_are_whole_or_left_out()
    {
        var @case = Greeted("220 mx1.example.org ESMTP Postfix").Reply(ClientStage.Rcpt, "550 5.1.1 no such user here");
        var verdict = Verdict(@case);
        Assert.Contains("swaks --server mx1.example.org --port 25 --helo relay.example.net --from app@example.net --to jane@example.org --quit-after RCPT", verdict.Confirm);
        Assert.Contains("dig +short MX example.org", verdict.Confirm);
        var bare = Verdict(@case, CaseNames.None);
        Assert.DoesNotContain(bare.Confirm, command => command.Contains("swaks", StringComparison.Ordinal));
        Assert.Contains("dig +short MX example.org", bare.Confirm);
        // A name that a shell would not take for one plain word is never in a command.
        Assert.DoesNotContain(Verdict(@case, Names with { Recipient = "$(reboot)@example.org" }).Confirm, command => command.Contains("reboot", StringComparison.Ordinal));
    }

    public static TheoryData<string> Causes => [.. CauseTable.All.Select(row => row.Name)];

    [Theory]
    [MemberData(nameof(Causes))]
    public void Without_names_no_verdict_has_a_hole(string cause)
    {
        foreach (var values in new[] { CaseValues.None, new CaseValues { Host = "mx1.example.org", Port = 25 } })
        {
            var page = KnowledgeTests.Page(cause);
            foreach (string? variant in page.Variants.SelectMany(v => v.When.Words.Select(word => (string?)$"{v.When.Question.Name}={word}")).Append(null))
            {
                var filled = page.Fill(values, variant);
                Assert.DoesNotMatch(@"<[a-z_]+>|\{\{|\}\}|\( |\(\)|  | ,|""""", filled.Summary + filled.Fix + filled.Why);
                Assert.DoesNotMatch(@"^[a-z]", filled.Summary.Replace("mx1.example.org", "Mx1", StringComparison.Ordinal));
                Assert.All(filled.Confirm, command => Assert.DoesNotMatch(@"\b(HOST|ADDRESS|OUR_ADDRESS|DOMAIN|SENDER|RECIPIENT|OUR_NAME|ZONE|UPSTREAM)\b", command));
            }
        }
    }

    [Theory]
    [InlineData("ec2-192-0-2-10.eu-central-1.compute.amazonaws.com", "https://aws.amazon.com/forms/ec2-email-limit-rdns-request")]
    [InlineData("10.2.0.192.bc.googleusercontent.com", "Google Cloud opens port 25 for no project")]
    [InlineData("static.10.2.0.192.clients.your-server.de", "Hetzner: after the first paid invoice")]
    [InlineData("relay.example.net", "Ask the provider of 192.0.2.10 to open outgoing port 25")]
    public void A_blocked_port_is_asked_for_where_our_address_lives(string reverse, string expected)
    {
        var @case = new Case().Target(TcpOutcome.TimedOut).Controls(TcpOutcome.TimedOut).Ports(TcpOutcome.Connected, 443).Dns(DnsStatus.Ok, DnsRole.Ptr, "PTR 192.0.2.10", $"10.2.0.192.in-addr.arpa. 300 IN PTR {reverse}.");
        var verdict = Verdict(@case);
        Assert.Equal("network-path", verdict.Cause);
        Assert.Contains("1. " + expected, verdict.Fix.Replace("AWS opens port 25 on request: as the account's root user, ", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal(1, verdict.Fix.Split('\n').Count(line => line.StartsWith("1. ", StringComparison.Ordinal)));
    }

    [Fact]
    public void Whose_machine_this_is_stands_in_its_firmware()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        Assert.Empty(MachineProbe.Read(folder));
        File.WriteAllText(Path.Combine(folder, "sys_vendor"), "Microsoft Corporation\n");
        Assert.Empty(MachineProbe.Read(folder));
        File.WriteAllText(Path.Combine(folder, "chassis_asset_tag"), "7783-7084-3265-9085-8269-3286-77\n");
        Assert.Equal("azure", Assert.IsType<MachineFact>(Assert.Single(MachineProbe.Read(folder))).Cloud);
        File.WriteAllText(Path.Combine(folder, "sys_vendor"), "Hetzner\n");
        Assert.Equal("this machine runs at Hetzner: its firmware says \"Hetzner\"", Assert.Single(MachineProbe.Read(folder)).Observed);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Every_cloud_and_server_of_the_tables_is_a_word_that_pages_know()
    {
        Assert.All(CloudTable.Default.Clouds, cloud => Assert.Contains(cloud.Id, Question.Find("cloud")!.Words));
        foreach (string greeting in new[] { "ESMTP Postfix", " Exim 4", "Microsoft ESMTP MAIL Service", "Sendmail 8", "qmail", "OpenSMTPD", "proofpoint" })
            Assert.Contains(ServerTable.Default.OfGreeting(greeting), Question.Find("server")!.Words);
        Assert.Null(CloudTable.Default.OfName("notamazonaws.com"));
    }

    [Fact]
    public void The_sender_is_read_from_what_was_said_and_not_told_of_a_failure_that_is_not_its()
    {
        var attempt = new AttemptEvidence
        {
            At = Case.Now, Destination = "mx:example.org", Upstream = "mx1.example.org", Target = "mx1.example.org[198.51.100.25]:25", HelloName = "relay.example.net",
            Transcript = [new TranscriptLine(true, 1, "220 mx1"), new TranscriptLine(false, 2, "MAIL FROM:<app@example.net> SIZE=100"), new TranscriptLine(false, 2, "RCPT TO:<jane@example.org>")],
        };
        Assert.Equal("app@example.net", AttemptFacts.SenderOf(attempt));
        Assert.Equal(new CaseNames("relay.example.net", "app@example.net", Destination: "mx:example.org"), AttemptFacts.Of(attempt).Names);
        Assert.Null(AttemptFacts.SenderOf(attempt with { Transcript = [] }));
        Assert.Equal("", AttemptFacts.SenderOf(attempt with { Transcript = [new TranscriptLine(false, 2, "MAIL FROM:<>")] }));
    }

    [Theory]
    [InlineData("550 5.1.1 no", "550 5.1.1 no")]
    [InlineData("421-4.7.28 Too\n421-4.7.28 much\n421 4.7.28 mail", "421 4.7.28 Too much mail")]
    [InlineData("554-5.7.1 Listed by\n554 bl.test", "554 5.7.1 Listed by bl.test")]
    [InlineData("550 one\ntwo", "550 one two")]
    [InlineData("connection refused", "connection refused")]
    [InlineData("250", "250")]
    [InlineData("", "")]
    public void A_reply_of_several_lines_is_one_line_with_its_codes_once(string reply, string line) => Assert.Equal(line, ReplyLine.Of(reply));
}
