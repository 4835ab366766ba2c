using Postern.Core.Bounces;
using Postern.Core.Queue;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Bounces;

public sealed class DeliveryStatusTests
{
    [Theory]
    [InlineData(ClientStage.Rcpt, 550, "5.0.0")]        // can mean several things: not guessed
    [InlineData(ClientStage.Rcpt, 551, "5.1.6")]
    [InlineData(ClientStage.Rcpt, 552, "5.2.2")]
    [InlineData(ClientStage.EndOfData, 552, "5.3.4")]
    [InlineData(ClientStage.Rcpt, 553, "5.1.3")]
    [InlineData(ClientStage.Mail, 553, "5.1.7")]
    [InlineData(ClientStage.Mail, 555, "5.5.4")]
    [InlineData(ClientStage.Rcpt, 556, "5.1.10")]
    [InlineData(ClientStage.Greeting, 521, "5.3.2")]
    [InlineData(ClientStage.Greeting, 421, "4.3.2")]
    [InlineData(ClientStage.Rcpt, 450, "4.2.0")]
    [InlineData(ClientStage.Rcpt, 452, "4.5.3")]
    [InlineData(ClientStage.EndOfData, 452, "4.3.1")]
    [InlineData(ClientStage.Auth, 535, "5.7.8")]
    [InlineData(ClientStage.EndOfData, 554, "5.0.0")]
    public void Reply_without_enhanced_code_is_given_one_by_its_meaning(ClientStage stage, int code, string expected) =>
        Assert.Equal(expected, Of(DsnKind.Failure, BounceComposerTests.Refused(stage, new SmtpReply(code, null, "x"))));

    [Theory]
    [InlineData(ClientStage.Resolve, FailureKind.NoSuchDomain, "5.1.2")]
    [InlineData(ClientStage.Resolve, FailureKind.NullMx, "5.1.10")]
    [InlineData(ClientStage.Resolve, FailureKind.NoAddress, "4.4.4")]
    [InlineData(ClientStage.Resolve, FailureKind.DnsFailure, "4.4.3")]
    [InlineData(ClientStage.Resolve, FailureKind.LoopsToUs, "5.4.6")]
    [InlineData(ClientStage.Connect, FailureKind.ConnectionRefused, "4.4.1")]
    [InlineData(ClientStage.Connect, FailureKind.TimedOut, "4.4.1")]
    [InlineData(ClientStage.Greeting, FailureKind.TimedOut, "4.4.2")]
    [InlineData(ClientStage.EndOfData, FailureKind.ConnectionClosed, "4.4.2")]
    [InlineData(ClientStage.Greeting, FailureKind.NotSmtp, "4.5.0")]
    [InlineData(ClientStage.StartTls, FailureKind.TlsUnavailable, "4.7.4")]
    [InlineData(ClientStage.TlsHandshake, FailureKind.TlsFailed, "4.7.5")]
    [InlineData(ClientStage.Mail, FailureKind.Unsupported, "5.6.3")]
    [InlineData(ClientStage.Connect, FailureKind.LocalError, "4.3.0")]
    public void Own_conclusion_has_a_status(ClientStage stage, FailureKind kind, string expected) =>
        Assert.Equal(expected, Of(DsnKind.Failure, new StageFailure(stage, Speaker.Us, kind, "x")));

    [Fact]
    public void Every_kind_of_failure_has_a_specific_status()
    {
        foreach (var kind in Enum.GetValues<FailureKind>())
            if (kind != FailureKind.Refused)
                Assert.False(Of(DsnKind.Failure, new StageFailure(ClientStage.Connect, Speaker.Us, kind, "x")).EndsWith(".0.0", StringComparison.Ordinal), kind.ToString());
    }

    [Fact]
    public void The_peers_own_code_wins_and_expiry_without_an_attempt_is_4_4_7()
    {
        Assert.Equal("5.7.26", Of(DsnKind.Failure, BounceComposerTests.Refused(ClientStage.EndOfData, SmtpReply.Of(550, "5.7.26", "x"))));
        Assert.Equal("4.4.7", Of(DsnKind.Failure, null, DsnReason.Expired));
        Assert.Equal("5.0.0", Of(DsnKind.Failure, null, DsnReason.ReturnedByOperator));
        Assert.Equal("2.1.5", Of(DsnKind.Success, null));
    }

    private static string Of(DsnKind kind, StageFailure? failure, DsnReason reason = DsnReason.Refused) =>
        DeliveryStatus.Of(kind, new DsnRecipient(new QueuedRecipient(new MailPath("a@example.org"), "d")) { Failure = failure, Reason = reason }).ToString();
}
