using Postern.Core.Upstreams;
using Postern.Protocols.Dns;
using Postern.Protocols.Smtp;

namespace Postern.Core.Delivery;

/// <summary>
/// Where a message may be handed to, in order, and the answers that this rests on. Data only: addresses are looked up candidate by candidate,
/// when one is tried. Either there are candidates or a failure.
/// </summary>
/// <param name="Failure">Why there is no candidate: the domain takes no mail, does not exist, loops to us, or cannot be looked up now.</param>
internal sealed record DeliveryPlan(IReadOnlyList<Candidate> Candidates, StageFailure? Failure, IReadOnlyList<DnsObservation> Dns)
{
    public static DeliveryPlan Failed(StageFailure failure, IReadOnlyList<DnsObservation> dns) => new([], failure, dns);
}
