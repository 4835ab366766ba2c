using System.Net;
using System.Net.Sockets;
using Postern.Core.Configuration;
using Postern.Core.Routing;
using Postern.Core.Upstreams;
using Postern.Protocols.Dns;
using Postern.Protocols.Smtp;

namespace Postern.Core.Delivery;

/// <summary>The addresses of one candidate, or why there are none, with the answers behind it.</summary>
internal readonly record struct TargetResolution(SessionTarget? Target, StageFailure? Failure, IReadOnlyList<DnsObservation> Dns);

/// <summary>
/// All look-ups of a delivery, none of its conversation: a destination's hosts (pool or MX), then a host's addresses when it is its turn.
/// Answers are data; trouble is a <see cref="StageFailure"/> of stage Resolve. Thread safe.
/// </summary>
internal sealed class DeliveryPlanner(IResolver resolver, MxLookup mx, OwnAddresses own, EgressRests rests, TimeProvider time)
{
    /// <summary>Addresses of one host that one session may try.</summary>
    private const int MostAddresses = 8;

    /// <summary>Null when the destination is not to be had under this configuration (an upstream or egress address that is gone): its mail is to be routed anew.</summary>
    public ValueTask<DeliveryPlan?> PlanAsync(DeliveryModel model, Destination destination, CancellationToken cancel)
    {
        if (model.Egress.Next(destination.Egress) is not { } choices) return ValueTask.FromResult<DeliveryPlan?>(null);
        return destination.Kind == DestinationKind.Pool
            ? ValueTask.FromResult(model.Pool(destination.Name)?.Next(model.Egress, choices))
            : PlanMxAsync(model, destination.Name, choices, cancel);
    }

    /// <summary>Addresses of the families that may be used, IPv6 first and interleaved (RFC 8305 section 4).</summary>
    public async ValueTask<TargetResolution> ResolveAsync(DeliveryModel model, Candidate candidate, CancellationToken cancel)
    {
        var egress = candidate.Egress;
        if (candidate.Address is { } literal)
        {
            if (!egress.Allows(literal.AddressFamily) || !candidate.Families.Allow(literal.AddressFamily)) return Fail(NoEgress(candidate, literal.AddressFamily), []);
            return Target(candidate, [literal], []);
        }
        var observations = new List<DnsObservation>(2);
        bool v6 = model.Config.Delivery.Ipv6 && egress.Allows(AddressFamily.InterNetworkV6) && candidate.Families.Allow(AddressFamily.InterNetworkV6);
        bool v4 = egress.Allows(AddressFamily.InterNetwork) && candidate.Families.Allow(AddressFamily.InterNetwork);
        if (!v4 && !v6) return Fail(NoEgress(candidate, candidate.Families == AddressFamilies.Ipv6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork), []);
        var six = v6 ? resolver.AddressesAsync(candidate.Host, AddressFamily.InterNetworkV6, cancel).AsTask() : null;
        var four = v4 ? await resolver.AddressesAsync(candidate.Host, AddressFamily.InterNetwork, cancel) : null;
        var answers6 = six is null ? null : await six;
        if (answers6 is not null) observations.Add(answers6.Observation);
        if (four is not null) observations.Add(four.Observation);

        var addresses = Interleave(answers6?.Records ?? [], four?.Records ?? []);
        if (addresses.Count > 0) return Target(candidate, addresses, observations);
        return Fail(Unresolved(candidate, answers6?.Status, four?.Status), observations);
    }

    private async ValueTask<DeliveryPlan?> PlanMxAsync(DeliveryModel model, string domain, EgressChoice[] choices, CancellationToken cancel)
    {
        var resolution = await mx.ResolveAsync(domain, cancel);
        if (resolution.Failure is { } failure) return DeliveryPlan.Failed(failure, resolution.Observations);

        // Only an address literal means an address: an MX record that holds one is a mistake, and a name that the DNS does not know.
        bool isLiteral = domain[0] == '[';
        var group = model.Shaping.ForMx([.. resolution.Hosts.Select(h => h.Name)], domain);
        if (!rests.IsEmpty)
        {
            var now = time.GetUtcNow();
            choices = model.Egress.WithoutRested(choices, c => resolution.Hosts.Any(h => rests.IsRested(model.RestsAt(h.Name), c.Name, now)));
        }
        var candidates = new List<Candidate>(choices.Length);
        foreach (var (host, _) in resolution.Hosts.Take(DeliveryPlan.MostRows))
        {
            foreach (var choice in choices) candidates.Add(model.MxCandidate(host, isLiteral ? IPAddress.Parse(host) : null, choice, group));
        }
        return new DeliveryPlan(candidates, choices.Length, null, resolution.Observations);
    }

    private TargetResolution Target(Candidate candidate, List<IPAddress> addresses, IReadOnlyList<DnsObservation> dns)
    {
        var endpoints = new List<IPEndPoint>(Math.Min(addresses.Count, MostAddresses));
        foreach (var address in addresses)
        {
            if (!candidate.Upstream.IsPool && own.IsOurs(address, candidate.Port))
                return Fail(new StageFailure(ClientStage.Resolve, Speaker.Dns, FailureKind.LoopsToUs, $"{candidate.Host} has this relay's own address {address}"), dns);
            if (endpoints.Count < MostAddresses) endpoints.Add(new IPEndPoint(address, candidate.Port));
        }
        return new TargetResolution(new SessionTarget(candidate.Host, endpoints, candidate.Egress.V4, candidate.Egress.V6), null, dns);
    }

    private static List<IPAddress> Interleave(IReadOnlyList<IPAddress> first, IReadOnlyList<IPAddress> second)
    {
        var all = new List<IPAddress>(first.Count + second.Count);
        for (int i = 0; i < Math.Max(first.Count, second.Count); i++)
        {
            if (i < first.Count) all.Add(first[i]);
            if (i < second.Count) all.Add(second[i]);
        }
        return all;
    }

    /// <summary>A host without an address is the host's trouble, never the recipient's: even "does not exist" is no reason to bounce.</summary>
    private static StageFailure Unresolved(Candidate candidate, DnsStatus? six, DnsStatus? four)
    {
        bool answered = six is null or DnsStatus.Ok or DnsStatus.NoData or DnsStatus.NxDomain && four is null or DnsStatus.Ok or DnsStatus.NoData or DnsStatus.NxDomain;
        if (!answered)
        {
            var status = four is not (null or DnsStatus.Ok or DnsStatus.NoData or DnsStatus.NxDomain) ? four : six;
            return new StageFailure(ClientStage.Resolve, Speaker.Dns, FailureKind.DnsFailure, $"looking up the addresses of {candidate.Host} failed: {status}");
        }
        return four == DnsStatus.NxDomain || six == DnsStatus.NxDomain
            ? new StageFailure(ClientStage.Resolve, Speaker.Dns, FailureKind.NoAddress, $"the host {candidate.Host} does not exist")
            : new StageFailure(ClientStage.Resolve, Speaker.Dns, FailureKind.NoAddress, $"the host {candidate.Host} has no address that can be used");
    }

    private static StageFailure NoEgress(Candidate candidate, AddressFamily family) =>
        new(ClientStage.Connect, Speaker.Us, FailureKind.LocalError, $"no egress address of the route can reach {candidate.Host} over {(family == AddressFamily.InterNetwork ? "IPv4" : "IPv6")}");

    private static TargetResolution Fail(StageFailure failure, IReadOnlyList<DnsObservation> dns) => new(null, failure, dns);
}
