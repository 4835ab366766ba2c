using Postern.Core.Diagnoses;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;
using Postern.Tests.Delivery;

namespace Postern.Tests.Diagnoses;

public sealed class EvidenceKeyTests
{
    private static EvidenceKey Key(ClientStage stage, string reply, string? recipient = null)
    {
        int code = int.Parse(reply[..3]);
        var failure = new StageFailure(stage, Speaker.Peer, FailureKind.Refused, reply, new SmtpReply(code, null, [reply[4..]]));
        return EvidenceKey.Of(new AttemptEvidence { At = DeliveryRig.Start, Destination = "mx:example.org", Upstream = "mx:25", Target = "mx[192.0.2.1]:25", Failure = failure }, failure, recipient, 0);
    }

    [Theory]
    [InlineData("421 4.7.0 Try again later, closing connection. a640c23a62f3a-b7f12 gsmtp", "421 4.7.0 Try again later, closing connection. # gsmtp")]
    [InlineData("421 too many connections from 192.0.2.1", "421 too many connections from 192.0.2.1")]
    [InlineData("421 blocked, see https://example.org/help?c=12345678", "421 blocked, see https://example.org/help?c=12345678")]
    [InlineData("421 at 1767225600 id 12", "421 at # id 12")]
    [InlineData("", "")]
    public void Ids_and_times_are_left_out_and_addresses_stay(string text, string expected) => Assert.Equal(expected, EvidenceKey.WithoutIds(text));

    [Fact]
    public void The_same_refusal_of_the_host_is_the_same_whoever_the_recipient_is() =>
        Assert.Equal(Key(ClientStage.Greeting, "554 no service a640c23a62f3a", "a@example.org"), Key(ClientStage.Greeting, "554 no service b751d34b73f4b", "b@example.org"));

    [Fact]
    public void What_is_said_of_one_recipient_is_never_used_for_another() =>
        Assert.NotEqual(Key(ClientStage.Rcpt, "550 no such user", "a@example.org"), Key(ClientStage.Rcpt, "550 no such user", "b@example.org"));
}
