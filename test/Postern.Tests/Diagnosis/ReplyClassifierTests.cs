using Postern.Diagnosis.Causes;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Diagnosis;

public sealed class ReplyClassifierTests
{
    public static TheoryData<string> Rows => [.. ReplyRows.Default.Rows.Select(r => r.Id)];

    [Theory]
    [MemberData(nameof(Rows))]
    public void Every_row_decides_its_own_example(string id)
    {
        var row = ReplyRows.Default.Rows.Single(r => r.Id == id);
        var reading = ReplyClassifier.Default.Read(new ReplyInput(row.Example, row.ExampleStage));
        Assert.Contains(id, reading.Matched);
        Assert.Equal(ReplyLabels.NameOf(row.Label), ReplyLabels.NameOf(reading.Label));
    }

    [Fact]
    public void Every_label_has_rows_and_every_source_is_used()
    {
        var rows = ReplyRows.Default;
        Assert.Empty(ReplyLabels.All.Except(rows.Rows.Select(r => r.Label)));
        Assert.Empty(rows.Sources.Keys.Except(rows.Rows.Select(r => r.Source)));
    }

    [Theory]
    [MemberData(nameof(ReplyExamples.All), MemberType = typeof(ReplyExamples))]
    public void Replies_are_read_as_a_person_would(string label, string reply) => Assert.Equal(label, LabelOf(reply));

    [Fact]
    public void Examples_cover_every_label_three_times() =>
        Assert.All(ReplyLabels.All, label => Assert.True(ReplyExamples.All.Count(e => e.Data.Item1 == ReplyLabels.NameOf(label)) >= 3, ReplyLabels.NameOf(label)));

    // A list's refusal of the receiver's resolver turns everybody away: that is the receiver's fault, however much it looks like a listing.
    [Theory]
    [InlineData("554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org; Error: open resolver; https://check.spamhaus.org/returnc/pub/192.0.2.53/")]
    [InlineData("554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using multi.uribl.com; 127.0.0.1 -> Query Refused. See http://uribl.com/refused.shtml for more information")]
    public void A_list_that_refuses_the_receivers_resolver_is_no_listing(string reply)
    {
        var reading = ReplyClassifier.Default.Read(new ReplyInput(reply));
        Assert.Equal(ReplyLabel.UpstreamDownOrBusy, reading.Label);
        Assert.Equal(CauseId.UpstreamDown, reading.Cause);
    }

    [Theory]
    [InlineData("451 4.7.500 Server busy. Please try again later from [192.0.2.1]. (AS77712345) [a.protection.outlook.com]", "rate-limited")]
    [InlineData("451 4.7.700 PFA agent busy, please try again. [a.protection.outlook.com]", "upstream-down-or-busy")]
    [InlineData("421 4.3.2 Server busy, please try again later", "upstream-down-or-busy")]
    [InlineData("451 Internal resource temporarily unavailable - https://community.mimecast.com/docs/DOC-1369#451", "greylisted")]
    [InlineData("451 4.7.651 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation. (S3114)", "reputation-listed")]
    [InlineData("550 5.4.1 Recipient address rejected: Access denied. AS(201806281) [a.protection.outlook.com]", "mailbox-unknown")]
    public void Words_that_mislead_are_read_as_their_provider_means_them(string reply, string label) => Assert.Equal(label, LabelOf(reply));

    // Families of wordings: none of these stands in a row.
    [Theory]
    [InlineData("550 Nobody of that name has a mailbox with us", "mailbox-unknown")]
    [InlineData("550 The customer has not logged in for two years", "mailbox-disabled")]
    [InlineData("552 There is not enough room in the inbox of this user", "mailbox-full")]
    [InlineData("451 The name server for example.com timed out", "dns-mx-problem")]
    [InlineData("The session with mx.example.com died unexpectedly", "network-unreachable")]
    [InlineData("550 Unauthenticated users cannot send from here", "auth-failed")]
    [InlineData("553 The mail from address is fake", "sender-rejected")]
    [InlineData("554 The message does not conform to the standard", "protocol-error")]
    [InlineData("550 Rejected, Pyzor considers it bulk", "content-spam")]
    [InlineData("421 Sending activity from you is abnormal, slow down", "rate-limited")]
    [InlineData("554 The reputation score of your address is bad", "reputation-listed")]
    [InlineData("421 Database backend timed out", "upstream-down-or-busy")]
    public void New_wordings_of_a_family_are_read_as_the_family(string reply, string label) => Assert.Equal(label, LabelOf(reply));

    [Fact]
    public void The_same_enhanced_code_means_what_its_provider_says()
    {
        Assert.Equal("tls-failed", LabelOf("550 5.7.29 Not like this", peer: "gmail-smtp-in.l.google.com"));
        Assert.Equal("policy-spf-dkim-dmarc", LabelOf("550 5.7.29 Not like this", peer: "mx.example.com"));
        Assert.Equal("policy-spf-dkim-dmarc", LabelOf("550 5.7.30 Not like this", peer: "gmail-smtp-in.l.google.com"));
        Assert.Equal("ptr-helo-problem", LabelOf("421 4.7.23 Not like this", peer: "gmail-smtp-in.l.google.com"));
        Assert.Equal("policy-spf-dkim-dmarc", LabelOf("421 4.7.23 Not like this", peer: "mx.example.com"));
    }

    [Fact]
    public void An_unavailable_mailbox_before_any_recipient_was_named_is_a_block_of_our_address()
    {
        const string reply = "550 Requested action not taken: mailbox unavailable";
        Assert.Equal("mailbox-unknown", LabelOf(reply, ClientStage.Rcpt));
        Assert.Equal("ip-blocked", LabelOf(reply, ClientStage.Greeting));
        Assert.Equal("ip-blocked", LabelOf(reply, ClientStage.Mail));
    }

    [Theory]
    [InlineData("gmail-smtp-in.l.google.com", "google")]
    [InlineData("example-com.mail.protection.outlook.com", "microsoft")]
    [InlineData("mx.google.com ESMTP a1-2.3 - gsmtp", "google")]
    [InlineData("mx00.kundenserver.de", "gmx")]
    [InlineData("mx.notgoogle.com", null)]
    [InlineData("google.com.example.org", null)]
    [InlineData(null, null)]
    public void The_peers_name_tells_the_provider(string? peer, string? provider) =>
        Assert.Equal(provider, ReplyClassifier.Default.Read(new ReplyInput("550 no", Peer: peer)).Provider);

    [Fact]
    public void Lines_are_read_as_one_text_and_codes_of_every_line_are_left_out()
    {
        var reading = ReplyClassifier.Default.Read(new ReplyInput("550-5.1.1 The email account that you tried to\n550-5.1.1 reach does not exist. Please try\n550 5.1.1 double-checking the address - gsmtp"));
        Assert.Equal(ReplyLabel.MailboxUnknown, reading.Label);
        Assert.Equal(550, reading.Code);
        Assert.Equal(new EnhancedStatusCode(5, 1, 1), reading.Enhanced);
        Assert.Equal("google", reading.Provider);
    }

    [Theory]
    [InlineData("550 sorry, no mailbox here by that name (#5.1.1)", "5.1.1")]
    [InlineData("554 192.0.2.4.5.1.1 is odd", null)]
    [InlineData("5.7.1 no basic code", "5.7.1")]
    [InlineData("554 5.1.1.7 no enhanced code", null)]
    public void An_enhanced_code_is_found_where_it_stands(string reply, string? enhanced) =>
        Assert.Equal(enhanced, ReplyClassifier.Default.Read(new ReplyInput(reply)).Enhanced?.ToString());

    [Theory]
    [InlineData("550 5.1.1 User unknown", CauseId.RecipientUnknown)]
    [InlineData("550 5.7.1 Only members may post to this list", CauseId.Unknown)]
    [InlineData("553 5.1.8 <user@example.org>: Sender address rejected: Domain not found", CauseId.SenderIdentity)]
    [InlineData("550 5.7.1 The message has multiple From headers", CauseId.ContentRejected)]
    [InlineData("Temporary failure in name resolution", CauseId.LocalDns)]
    [InlineData("connect to mx.example.com[192.0.2.1]:25: Connection timed out", CauseId.NetworkPath)]
    public void The_label_stands_for_a_cause_unless_its_row_names_another(string reply, CauseId cause) =>
        Assert.Equal(cause, ReplyClassifier.Default.Read(new ReplyInput(reply)).Cause);

    [Fact]
    public void Runner_up_and_matches_explain_the_reading()
    {
        var reading = ReplyClassifier.Default.Read(new ReplyInput("421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints"));
        Assert.Equal(("yahoo.deferred", ReplyLabel.ReputationListed, ReplyLabel.RateLimited), (reading.Pattern, reading.Label, reading.RunnerUp));
        Assert.Contains("4.7", reading.Matched);
        Assert.InRange(reading.RunnerUpConfidence, 0, reading.Confidence);
    }

    [Fact]
    public void What_nobody_knows_is_other_with_little_confidence()
    {
        var reading = ReplyClassifier.Default.Read(new ReplyInput("554 zork blarg quux"));
        Assert.Equal(ReplyLabel.Other, reading.Label);
        Assert.Equal(CauseId.Unknown, reading.Cause);
        Assert.InRange(reading.Confidence, 0, 0.6);
        Assert.Null(reading.Pattern);
    }

    private static string LabelOf(string reply, ClientStage? stage = null, string? peer = null) =>
        ReplyLabels.NameOf(ReplyClassifier.Default.Read(new ReplyInput(reply, stage, peer)).Label);
}
