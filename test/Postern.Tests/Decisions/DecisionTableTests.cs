using Postern.Core.Decisions;
using Postern.Core.Routing;
using Postern.Diagnosis.Causes;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Decisions;

public sealed class DecisionTableTests
{
    private static readonly FailureReading AboutUs = new(CauseId.IpReputation, 0.9);

    private static StageFailure Reply(ClientStage stage, int code) => new(stage, Speaker.Peer, FailureKind.Refused, "refused", new SmtpReply(code, null, "no"));

    private static Decision Of(StageFailure failure, FailureReading? reading = null, bool last = true, bool expired = false, DestinationKind via = DestinationKind.Mx) =>
        DecisionTable.Default.Decide(new DecisionInput(failure, reading ?? FailureReading.Nothing, last, expired) { Via = via });

    private static MessageAction Decide(StageFailure failure, bool last = true, bool expired = false, FailureReading? reading = null) => Of(failure, reading, last, expired).Message;

    [Theory]
    [InlineData(ClientStage.Connect, 554, "next", "later")]
    [InlineData(ClientStage.Greeting, 554, "next", "later")]
    [InlineData(ClientStage.Greeting, 421, "next", "later")]
    [InlineData(ClientStage.Ehlo, 550, "next", "later")]
    [InlineData(ClientStage.StartTls, 502, "next", "later")]
    [InlineData(ClientStage.Auth, 535, "next", "later")]
    [InlineData(ClientStage.Mail, 421, "next", "later")]
    [InlineData(ClientStage.Mail, 451, "next", "later")]
    [InlineData(ClientStage.Mail, 550, "next", "bounce")]
    [InlineData(ClientStage.Rcpt, 450, "later", "later")]
    [InlineData(ClientStage.Rcpt, 550, "bounce", "bounce")]
    [InlineData(ClientStage.Rcpt, 421, "next", "later")]
    [InlineData(ClientStage.Data, 451, "later", "later")]
    [InlineData(ClientStage.Data, 554, "bounce", "bounce")]
    [InlineData(ClientStage.EndOfData, 452, "later", "later")]
    [InlineData(ClientStage.EndOfData, 554, "bounce", "bounce")]
    public void A_reply_of_unknown_cause_decides_by_stage_and_class(ClientStage stage, int code, string withMore, string asLast)
    {
        Assert.Equal(Word(withMore), Decide(Reply(stage, code), last: false));
        Assert.Equal(Word(asLast), Decide(Reply(stage, code), last: true));
    }

    [Theory]
    [InlineData(ClientStage.Resolve, FailureKind.NullMx, "bounce", "bounce")]
    [InlineData(ClientStage.Resolve, FailureKind.NoSuchDomain, "bounce", "bounce")]
    [InlineData(ClientStage.Resolve, FailureKind.LoopsToUs, "bounce", "bounce")]
    [InlineData(ClientStage.Resolve, FailureKind.DnsFailure, "next", "later")]
    [InlineData(ClientStage.Resolve, FailureKind.NoAddress, "next", "later")]
    [InlineData(ClientStage.Connect, FailureKind.ConnectionRefused, "next", "later")]
    [InlineData(ClientStage.Connect, FailureKind.LocalError, "next", "later")]
    [InlineData(ClientStage.Greeting, FailureKind.NotSmtp, "next", "later")]
    [InlineData(ClientStage.TlsHandshake, FailureKind.TlsFailed, "next", "later")]
    [InlineData(ClientStage.Mail, FailureKind.ConnectionClosed, "next", "later")]
    [InlineData(ClientStage.Mail, FailureKind.Unsupported, "next", "bounce")]
    [InlineData(ClientStage.Body, FailureKind.ConnectionReset, "next", "later")]
    [InlineData(ClientStage.EndOfData, FailureKind.TimedOut, "later", "later")]
    public void A_failure_without_a_reply_decides_by_stage_and_kind(ClientStage stage, FailureKind kind, string withMore, string asLast)
    {
        var failure = new StageFailure(stage, Speaker.Network, kind, "x");
        Assert.Equal(Word(withMore), Decide(failure, last: false));
        Assert.Equal(Word(asLast), Decide(failure, last: true));
    }

    [Fact]
    public void What_may_have_been_taken_is_not_handed_to_another_host_at_once_whatever_the_cause()
    {
        var lost = new StageFailure(ClientStage.Body, Speaker.Network, FailureKind.ConnectionReset, "the write that held the final dot failed", MayDuplicate: true);
        foreach (var cause in CauseTable.All)
            Assert.False(Of(lost, new FailureReading(cause.Id, 1), last: false).GoesOn, cause.Name);
    }

    [Theory]
    [InlineData(ClientStage.Connect)]
    [InlineData(ClientStage.Rcpt)]
    [InlineData(ClientStage.EndOfData)]
    public void Our_own_stop_is_no_reason_to_bounce_even_what_has_expired(ClientStage stage) =>
        Assert.Equal(MessageAction.Wait, Decide(new StageFailure(stage, Speaker.Us, FailureKind.Cancelled, "the relay is stopping"), expired: true));

    [Fact]
    public void What_would_wait_is_bounced_when_expired_and_its_age_is_the_reason()
    {
        Assert.Equal(MessageAction.Bounce, Decide(Reply(ClientStage.Greeting, 554), expired: true));
        Assert.True(Of(Reply(ClientStage.Rcpt, 450), expired: true) is { Message: MessageAction.Bounce, IsByAge: true });
        Assert.True(Of(Reply(ClientStage.Rcpt, 550), AboutUs, expired: true) is { Message: MessageAction.Bounce, IsByAge: true, IsAboutUs: true });
        Assert.True(Of(Reply(ClientStage.Rcpt, 550), expired: true) is { Message: MessageAction.Bounce, IsByAge: false });
        Assert.Equal(MessageAction.NextHost, Decide(Reply(ClientStage.Greeting, 554), last: false, expired: true));
    }

    [Fact]
    public void Nothing_before_mail_and_no_421_bounces_before_expiry_whatever_the_cause()
    {
        foreach (var cause in CauseTable.All)
        {
            for (var stage = ClientStage.Connect; stage <= ClientStage.Auth; stage++)
                for (int code = 400; code < 600; code++)
                    Assert.NotEqual(MessageAction.Bounce, Decide(Reply(stage, code), reading: new FailureReading(cause.Id, 1)));
            for (var stage = ClientStage.Mail; stage <= ClientStage.EndOfData; stage++)
                Assert.NotEqual(MessageAction.Bounce, Decide(Reply(stage, 421), reading: new FailureReading(cause.Id, 1)));
        }
    }

    [Theory]
    [InlineData(CauseId.IpReputation)]
    [InlineData(CauseId.UpstreamFirewall)]
    [InlineData(CauseId.RateLimited)]
    [InlineData(CauseId.NetworkPath)]
    [InlineData(CauseId.UpstreamDown)]
    [InlineData(CauseId.TlsFailed)]
    [InlineData(CauseId.AuthFailed)]
    [InlineData(CauseId.LocalDns)]
    public void A_5xx_that_is_about_us_bounces_at_no_stage_even_from_the_last_candidate(CauseId cause)
    {
        for (var stage = ClientStage.Connect; stage <= ClientStage.EndOfData; stage++)
            Assert.NotEqual(MessageAction.Bounce, Decide(Reply(stage, 554), reading: new FailureReading(cause, 0.8)));
    }

    [Theory]
    [InlineData(CauseId.RecipientUnknown)]
    [InlineData(CauseId.MailboxFull)]
    [InlineData(CauseId.ContentRejected)]
    [InlineData(CauseId.MxMisconfigured)]
    public void A_5xx_about_the_recipient_or_the_message_bounces_at_once(CauseId cause) =>
        Assert.Equal(MessageAction.Bounce, Decide(Reply(ClientStage.Rcpt, 550), last: false, reading: new FailureReading(cause, 0.8)));

    [Fact]
    public void A_cause_that_is_not_certain_enough_does_not_decide()
    {
        Assert.Equal(MessageAction.Bounce, Decide(Reply(ClientStage.Rcpt, 550), reading: AboutUs with { Confidence = 0.79 }));
        Assert.Equal(MessageAction.Wait, Decide(Reply(ClientStage.Rcpt, 550), reading: AboutUs with { Confidence = 0.8 }));
    }

    [Fact]
    public void What_is_done_for_the_upstream_and_our_address_comes_with_it()
    {
        Assert.True(Of(Reply(ClientStage.Rcpt, 554), AboutUs) is { Egress: EgressAction.Rest, Upstream: UpstreamAction.None, Probe: ProbeAction.Blocklist, Operator: OperatorAction.Alert });
        Assert.True(Of(Reply(ClientStage.Rcpt, 450), new(CauseId.RateLimited, 0.9)) is { Message: MessageAction.Turn, Upstream: UpstreamAction.Slow, CountsAsAttempt: false });
        Assert.True(Of(new StageFailure(ClientStage.Connect, Speaker.Network, FailureKind.TimedOut, "x"), new(CauseId.UpstreamFirewall, 0.9)) is { Upstream: UpstreamAction.HalfOpen, Egress: EgressAction.None });
        Assert.Equal(MessageAction.LookAgain, Decide(new StageFailure(ClientStage.Resolve, Speaker.Dns, FailureKind.NoAddress, "x"), reading: new(CauseId.MxMisconfigured, 0.9)));
    }

    [Fact]
    public void Another_address_of_ours_is_tried_first_where_there_is_one()
    {
        var input = new DecisionInput(Reply(ClientStage.Greeting, 554), AboutUs, IsLastCandidate: false, IsExpired: false);
        Assert.Equal(MessageAction.NextHost, DecisionTable.Default.Decide(input).Message);
        Assert.Equal(MessageAction.NextEgress, DecisionTable.Default.Decide(input with { HasOtherEgress = true }).Message);
    }

    [Fact]
    public void A_relay_denied_by_our_own_upstream_is_ours_and_by_a_domains_mx_its_own()
    {
        var denied = new FailureReading(CauseId.RelayDenied, 0.9);
        Assert.Equal(MessageAction.Wait, Of(Reply(ClientStage.Rcpt, 550), denied, via: DestinationKind.Pool).Message);
        Assert.Equal(MessageAction.Bounce, Of(Reply(ClientStage.Rcpt, 550), denied, via: DestinationKind.Mx).Message);
    }

    [Fact]
    public void A_missing_reverse_name_is_about_our_address_and_a_failed_SPF_about_the_sender()
    {
        Assert.Equal(MessageAction.Wait, Decide(Reply(ClientStage.EndOfData, 550), reading: new(CauseId.SenderIdentity, 0.9, ReplyLabel.PtrHeloProblem)));
        Assert.Equal(MessageAction.Bounce, Decide(Reply(ClientStage.EndOfData, 550), reading: new(CauseId.SenderIdentity, 0.9, ReplyLabel.PolicySpfDkimDmarc)));
    }

    private static MessageAction Word(string word) => word switch { "next" => MessageAction.NextHost, "later" => MessageAction.Wait, _ => MessageAction.Bounce };
}
