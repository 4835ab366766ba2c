using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;

namespace Postern.Core.Delivery;

/// <summary>
/// Whom a refusal is about, by the peer's own words alone: many servers say only at RCPT or after the message that our address is listed or that we are too
/// fast, and say it with a 5xx. That is no reason to give a person's mail back. Pure.
/// </summary>
internal static class RefusalReading
{
    /// <summary>Below it the peer's code stands: a wrong word would keep mail for days that nobody will ever take.</summary>
    private const double SureEnough = 0.8;

    /// <summary>True when the words of a 5xx are about our address, our pace or their trouble, not about sender, recipient or message.</summary>
    public static bool IsAboutUs(StageFailure? failure, PeerName? peer)
    {
        if (failure is not { Reply: { IsPermanent: true } reply } || failure.Stage is < ClientStage.Mail or > ClientStage.EndOfData) return false;
        var reading = ReplyClassifier.Default.Read(new ReplyInput(AttemptFacts.Text(reply), failure.Stage, peer?.Host));
        return reading.Confidence >= SureEnough
            && reading.Cause is CauseId.IpReputation or CauseId.UpstreamFirewall or CauseId.RateLimited or CauseId.UpstreamDown or CauseId.NetworkPath;
    }
}
