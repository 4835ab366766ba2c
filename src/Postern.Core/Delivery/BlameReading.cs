using System.Net;
using Postern.Core.Decisions;
using Postern.Core.Routing;
using Postern.Core.Upstreams;
using Postern.Diagnosis.Causes;
using Postern.Protocols.Smtp;

namespace Postern.Core.Delivery;

/// <summary>What a failure, by its own words alone, does to the upstream and to our address, and whom it says to try next. By the decision table.</summary>
/// <param name="IsRefusedAddress">Our address is to rest there. Always with <see cref="Blame.Egress"/>.</param>
/// <param name="ClosesGate">The upstream is tried by one connection at a time from here on, unless its lane learns a limit from it.</param>
/// <param name="List">Zone of the blocklist that it named.</param>
/// <param name="Address">Our address as the peer named it; null when it named none.</param>
internal readonly record struct BlameReading(Blame Blame, bool IsRefusedAddress, bool ClosesGate, IPAddress? Address = null, string? List = null)
{
    public static BlameReading Of(StageFailure failure, Candidate candidate)
    {
        var words = FailureReader.Words(failure, candidate.Host);
        var decision = DecisionTable.Default.Decide(new DecisionInput(failure, FailureReader.Of(words), IsLastCandidate: false, IsExpired: false)
        {
            Via = candidate.Upstream.IsPool ? DestinationKind.Pool : DestinationKind.Mx,
        });
        bool isRefused = decision.Egress == EgressAction.Rest, closes = decision.Upstream != UpstreamAction.None;
        if (!isRefused) return new BlameReading(BlameOf(failure), false, closes);
        return new BlameReading(Blame.Egress, true, closes, IPAddress.TryParse(words?.Values.OurAddress, out var address) ? address : null, words?.Values.ListZone);
    }

    private static Blame BlameOf(StageFailure failure) => (failure.Stage, failure.Kind) switch
    {
        _ when failure.Reply is not null => Blame.Host,
        // The address to send from is not on this machine, or has no route there.
        (ClientStage.Connect, FailureKind.LocalError) => Blame.Egress,
        (ClientStage.Connect or ClientStage.Greeting, _) => Blame.Path,
        _ => Blame.Host,
    };
}
