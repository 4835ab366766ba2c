using Postern.Core.Delivery;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Delivery;

public sealed class DispositionPolicyTests
{
    private static StageFailure Reply(ClientStage stage, int code) => new(stage, Speaker.Peer, FailureKind.Refused, "refused", new SmtpReply(code, null, "no"));

    private static Disposition Decide(StageFailure? failure, bool last = true, bool expired = false, bool aboutUs = false) =>
        DispositionPolicy.Decide(new DispositionInput(failure, failure is null ? default : DispositionPolicy.ScopeOf(failure), last, expired, aboutUs));

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
    public void A_reply_decides_by_stage_and_class(ClientStage stage, int code, string withMore, string asLast)
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
    public void What_may_have_been_taken_is_not_handed_to_another_host_at_once()
    {
        var lost = new StageFailure(ClientStage.Body, Speaker.Network, FailureKind.ConnectionReset, "the write that held the final dot failed", MayDuplicate: true);
        Assert.Equal(Disposition.RetryLater, Decide(lost, last: false));
    }

    [Theory]
    [InlineData(ClientStage.Connect)]
    [InlineData(ClientStage.Rcpt)]
    [InlineData(ClientStage.EndOfData)]
    public void Our_own_stop_is_no_reason_to_bounce_even_what_has_expired(ClientStage stage) =>
        Assert.Equal(Disposition.RetryLater, Decide(new StageFailure(stage, Speaker.Us, FailureKind.Cancelled, "the relay is stopping"), expired: true));

    [Fact]
    public void Success_is_delivered_even_when_expired() => Assert.Equal(Disposition.Delivered, Decide(null, expired: true));

    [Fact]
    public void What_would_wait_is_bounced_when_expired()
    {
        Assert.Equal(Disposition.Bounce, Decide(Reply(ClientStage.Greeting, 554), expired: true));
        Assert.Equal(Disposition.Bounce, Decide(Reply(ClientStage.Rcpt, 450), expired: true));
        Assert.Equal(Disposition.TryNextHost, Decide(Reply(ClientStage.Greeting, 554), last: false, expired: true));
    }

    [Theory]
    [InlineData(ClientStage.Mail)]
    [InlineData(ClientStage.Rcpt)]
    [InlineData(ClientStage.EndOfData)]
    public void A_refusal_about_our_own_address_waits(ClientStage stage) => Assert.Equal(Disposition.RetryLater, Decide(Reply(stage, 550), aboutUs: true));

    [Fact]
    public void Nothing_before_mail_ever_bounces_before_expiry()
    {
        for (var stage = ClientStage.Connect; stage <= ClientStage.Auth; stage++)
            for (int code = 400; code < 600; code++)
                Assert.Equal(Disposition.RetryLater, Decide(Reply(stage, code)));
    }

    [Theory]
    [InlineData(0, 0.0, 60)]
    [InlineData(0, 1.0, 72)]
    [InlineData(1, 0.5, 330)]
    [InlineData(9, 0.0, 300)]
    public void Waits_follow_the_schedule_with_jitter(int attempts, double random, int seconds)
    {
        var now = DateTimeOffset.UnixEpoch;
        var schedule = new RetrySchedule([TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5)], 20);
        Assert.Equal(now.AddSeconds(seconds), schedule.Next(now, attempts, random, now.AddDays(1)));
    }

    [Fact]
    public void The_last_attempt_is_made_when_the_message_expires()
    {
        var now = DateTimeOffset.UnixEpoch;
        Assert.Equal(now.AddSeconds(30), new RetrySchedule([TimeSpan.FromMinutes(1)], 0).Next(now, 0, 0, now.AddSeconds(30)));
    }

    private static Disposition Word(string word) => word switch { "next" => Disposition.TryNextHost, "later" => Disposition.RetryLater, _ => Disposition.Bounce };
}
