using System.Net;
using Postern.Core.Upstreams;
using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;

namespace Postern.Core.Delivery;

/// <summary>What a failure is to be blamed on, by itself alone.</summary>
/// <param name="IsRefusedAddress">The peer said that it turns our address away: it is rested there. Always with <see cref="Blame.Egress"/>.</param>
/// <param name="List">Zone of the blocklist that it named.</param>
/// <param name="Address">Our address as the peer named it; null when it named none.</param>
internal readonly record struct BlameReading(Blame Blame, bool IsRefusedAddress = false, IPAddress? Address = null, string? List = null)
{
    /// <summary>Below it the words may as well mean something else, and the host is tried as if it had failed.</summary>
    private const double SureEnough = 0.8;

    /// <param name="host">Who said it: tells the provider.</param>
    public static BlameReading Of(StageFailure failure, string? host)
    {
        if (failure.Reply is { } reply)
        {
            if (reply.Code < 400) return new BlameReading(Blame.Host);
            var reading = ReplyClassifier.Default.Read(new ReplyInput(AttemptFacts.Text(reply), failure.Stage, host));
            if (reading.Confidence < SureEnough || reading.Cause is not (CauseId.IpReputation or CauseId.UpstreamFirewall)) return new BlameReading(Blame.Host);
            return new BlameReading(Blame.Egress, true, IPAddress.TryParse(reading.Values.OurAddress, out var address) ? address : null, reading.Values.ListZone);
        }
        return new BlameReading((failure.Stage, failure.Kind) switch
        {
            // The address to send from is not on this machine, or has no route there.
            (ClientStage.Connect, FailureKind.LocalError) => Blame.Egress,
            (ClientStage.Connect or ClientStage.Greeting, _) => Blame.Path,
            _ => Blame.Host,
        });
    }
}
