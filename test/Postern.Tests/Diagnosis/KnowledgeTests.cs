using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.Knowledge;

namespace Postern.Tests.Diagnosis;

/// <summary>The pages themselves: each cause, each variant, each placeholder.</summary>
public sealed class KnowledgeTests
{
    internal static readonly CaseValues Full = new()
    {
        Host = "mx1.example.org", Address = "198.51.100.25", OurAddress = "192.0.2.10", Port = 25, Domain = "example.org", List = "Spamhaus ZEN", Zone = "zen.spamhaus.org",
        Delisting = "https://check.spamhaus.org", Reply = "550 5.7.1 no", Limit = "10 connections at once", Hop = "203.0.113.9", Hello = "relay.example.net",
        Recipient = "jane@example.org", Sender = "app@example.net", Upstream = "provider", Destination = "mx:example.org", Found = "example.org. MX 10 192.0.2.1.", Since = "40 minutes",
    };

    public static TheoryData<string> Causes => [.. CauseTable.All.Select(row => row.Name)];

    [Theory]
    [MemberData(nameof(Causes))]
    public void Every_cause_has_a_page_with_all_its_parts(string cause)
    {
        var page = Page(cause);
        Assert.Equal(KnowledgePage.SectionNames, page.Sections.Select(s => s.Name));
        Assert.All(page.Sections, section => Assert.Contains(section.Parts, part => part.Lines.Any(line => line.Kind == LineKind.Text && line.Text.Source.Length > 0)));
        Assert.NotEmpty(page.Sources);
        Assert.Equal(CauseTable.Of(page.Id).Who, page.Who);
    }

    [Theory]
    [MemberData(nameof(Causes))]
    public void Confirm_it_has_commands_and_the_case_fills_in_every_name(string cause)
    {
        string[] generic = [.. Placeholder.All.Select(p => p.InCommand).Where(word => word.Length > 4 && word == word.ToUpperInvariant())];
        Assert.Contains("OUR_ADDRESS", generic);
        var commands = Commands(Page(cause), "Confirm it", Full);
        Assert.NotEmpty(commands);
        foreach (string command in commands)
        {
            Assert.DoesNotContain(command.Split(' ', '.', ':', '@'), word => generic.Contains(word) || word is "HOST" or "HOP" or "LIST" or "ZONE" or "URL");
            Assert.DoesNotContain("{{", command);
            Assert.Contains(command.Split(' ')[0], new[] { "dig", "delv", "nc", "swaks", "openssl", "traceroute", "ping", "ip", "nft", "cat", "resolvectl", "timedatectl", "postern" });
        }
    }

    [Theory]
    [MemberData(nameof(Causes))]
    public void Without_a_case_the_short_texts_are_whole_sentences(string cause)
    {
        var page = Page(cause);
        foreach (var values in new[] { CaseValues.None, Full })
        {
            foreach (string? variant in page.Variants.SelectMany(v => v.When.Words.Select(word => (string?)$"{v.When.Question.Name}={word}")).Append(null))
            {
                var filled = page.Fill(values, variant);
                Assert.All(new[] { filled.Summary, filled.Fix, filled.Why }, text =>
                {
                    Assert.NotEqual("", text);
                    Assert.DoesNotContain("{{", text);
                    Assert.DoesNotContain("  ", text);
                    Assert.DoesNotContain('`', text);
                });
                Assert.DoesNotContain('\n', filled.Summary + filled.Why);
                Assert.Matches(@"[.""]$", filled.Summary);
            }
        }
    }

    [Fact]
    public void Every_mx_problem_has_words_of_its_own()
    {
        var page = Page("mx-misconfigured");
        string standard = page.Fill(Full).Summary;
        foreach (string word in Enum.GetValues<MxProblem>().Where(p => p != MxProblem.None).Select(p => KebabCase(p.ToString())))
            Assert.NotEqual(standard, page.Fill(Full, $"mx={word}").Summary);
    }

    [Fact]
    public void Every_identity_aspect_has_words_of_its_own()
    {
        var page = Page("sender-identity");
        string standard = page.Fill(Full).Fix;
        foreach (string word in Enum.GetNames<IdentityAspect>().Select(KebabCase)) Assert.NotEqual(standard, page.Fill(Full, $"identity={word}").Fix);
    }

    [Fact]
    public void A_variant_may_name_another_party()
    {
        Assert.Equal(Party.Us, Page("network-path").Fill(Full, "where=our-provider").Who);
        Assert.Equal(Party.Network, Page("network-path").Fill(Full, "where=middle").Who);
        Assert.Equal(Party.Sender, Page("mx-misconfigured").Fill(Full, "mx=null-mx").Who);
    }

    [Fact]
    public void A_firewall_that_drops_us_gets_the_exact_line_for_their_administrator()
    {
        var filled = Page("upstream-firewall").Fill(Full with { Seen = "silence" });
        Assert.Equal("Packets from 192.0.2.10 to mx1.example.org [198.51.100.25] port 25 vanish: the way there is good up to 203.0.113.9, and others are answered. A firewall on their side drops our address without a word.", filled.Summary);
        Assert.Contains("\niptables: iptables -I INPUT 1 -p tcp -s 192.0.2.10/32 --dport 25 -j ACCEPT\n", filled.Fix);
        Assert.Contains("\nnftables: nft insert rule inet filter input ip saddr 192.0.2.10 tcp dport 25 accept\n", filled.Fix);
    }

    [Fact]
    public void Lines_fit_the_address_family()
    {
        var values = Full with { OurAddress = "2001:db8::10", Address = "2001:db8:1::25" };
        Assert.Contains("ip6tables -I INPUT 1 -p tcp -s 2001:db8::10/128 --dport 25 -j ACCEPT", Page("upstream-firewall").Fill(values).Fix);
        Assert.Contains("input ip6 saddr 2001:db8::10 tcp dport 25 accept", Page("upstream-firewall").Fill(values).Fix);
        Assert.Contains("dig +short A 0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.zen.spamhaus.org", Commands(Page("ip-reputation"), "Confirm it", values));
        Assert.Contains("ip6:2001:db8::10", Page("sender-identity").Fill(values, "identity=sender-policy").Fix);
    }

    [Fact]
    public void A_blocklist_is_asked_with_the_address_reversed() =>
        Assert.Contains("dig +short A 10.2.0.192.zen.spamhaus.org", Commands(Page("ip-reputation"), "Confirm it", Full));

    [Theory]
    [InlineData("zen.spamhaus.org", "https://check.spamhaus.org and enter 192.0.2.10")]
    [InlineData("key.zen.dq.spamhaus.net", "https://check.spamhaus.org and enter 192.0.2.10")]
    [InlineData("b.barracudacentral.org", "https://www.barracudacentral.org/rbl/removal-request")]
    [InlineData("bl.spamcop.net", "about 24 hours")]
    [InlineData("dnsbl-1.uceprotect.net", "Paying for faster removal is not needed")]
    [InlineData("bl.example.org", "Then ask for removal at https://check.spamhaus.org")]
    public void The_zone_decides_which_delisting_is_shown(string zone, string expected) =>
        Assert.Contains(expected, Page("ip-reputation").Fill(Full with { Zone = zone }).Fix);

    [Theory]
    [InlineData("google", "Gmail slows us down")]
    [InlineData("microsoft", "\"Server busy\" with 4.7.500 is this too")]
    [InlineData("yahoo", "Yahoo puts our mail off")]
    public void A_rate_limit_reads_differently_at_each_provider(string provider, string expected) =>
        Assert.Contains(expected, Page("rate-limited").Fill(Full with { Provider = provider }).Summary);

    internal static KnowledgePage Page(string cause) => CauseTable.TryParse(cause, out var id) ? KnowledgeBase.Default.Of(id) : throw new ArgumentException(cause);

    /// <summary>Lines of the shell fences of a section, as a case is shown them.</summary>
    private static List<string> Commands(KnowledgePage page, string section, CaseValues values)
    {
        string text = page.Render(values).ToMarkdown();
        text = text[text.IndexOf($"## {section}", StringComparison.Ordinal)..];
        int end = text.IndexOf("\n## ", StringComparison.Ordinal);
        var lines = new List<string>();
        bool inside = false;
        foreach (string line in text[..end].Split('\n'))
        {
            if (line.StartsWith("```", StringComparison.Ordinal)) inside = line == "```sh";
            else if (inside) lines.Add(line);
        }
        return lines;
    }

    private static string KebabCase(string name) => string.Concat(name.Select((c, i) => char.IsUpper(c) ? (i > 0 ? "-" : "") + char.ToLowerInvariant(c) : c.ToString()));
}
