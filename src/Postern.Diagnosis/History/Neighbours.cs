using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;

namespace Postern.Diagnosis.History;

/// <summary>One upstream among those that neighbours are asked of.</summary>
/// <param name="Host">MX host or smart host; tells the provider.</param>
/// <param name="Egress">The address of ours it is reached from; null for the system's choice.</param>
internal readonly record struct Neighbour(string Host, int Port, string? Egress, UpstreamRecord Record);

/// <summary>
/// How everybody else fares meanwhile: one destination that fails is theirs, all on one port are ours, all of one provider are our name there, all that leave by one address
/// are that address.
/// </summary>
internal static class Neighbours
{
    /// <summary>Enough to know; a relay with ten thousand destinations is not counted through on every failure.</summary>
    private const int MostAsked = 512;

    /// <param name="others">In any order; the one asked about is left out.</param>
    /// <returns>Null when nobody else was tried within the window.</returns>
    public static NeighbourFact? Around(in Neighbour me, IEnumerable<Neighbour> others, DateTimeOffset now, TimeSpan window, ProviderTable? providers = null)
    {
        providers ??= ProviderTable.Default;
        string? mine = providers.Of(me.Host);
        int port = 0, portFailing = 0, provider = 0, providerFailing = 0, egress = 0, egressFailing = 0, otherEgress = 0, otherEgressFailing = 0, asked = 0;
        foreach (var other in others)
        {
            if (ReferenceEquals(other.Record, me.Record)) continue;
            if (++asked > MostAsked) break;
            var (wasTried, isFailing, isUnconnected) = other.Record.State(now, window);
            if (!wasTried) continue;
            // Hosts of our own provider share its judgement of us: they say nothing of the network at large.
            bool isSameProvider = mine is not null && providers.Of(other.Host) == mine;
            if (isSameProvider)
            {
                provider++;
                if (isFailing) providerFailing++;
            }
            else if (other.Port == me.Port)
            {
                port++;
                if (isUnconnected) portFailing++;
            }
            if (other.Egress == me.Egress)
            {
                egress++;
                if (isFailing) egressFailing++;
            }
            else
            {
                otherEgress++;
                if (isFailing) otherEgressFailing++;
            }
        }
        if (port + provider + egress + otherEgress == 0) return null;
        return new NeighbourFact
        {
            SaidBy = Speaker.Us,
            Observed = $"{portFailing} of {port} other upstreams on port {me.Port} fail to connect{(provider > 0 ? $"; {providerFailing} of {provider} at the same provider ({mine}) fail" : "")}",
            Others = port,
            OthersFailing = portFailing,
            SameProvider = provider,
            SameProviderFailing = providerFailing,
            SameEgress = egress,
            SameEgressFailing = egressFailing,
            OtherEgress = otherEgress,
            OtherEgressFailing = otherEgressFailing,
        };
    }
}
