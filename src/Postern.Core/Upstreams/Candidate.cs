using System.Net;
using Postern.Core.Configuration;
using Postern.Core.Shaping;
using Postern.Protocols.Smtp;

namespace Postern.Core.Upstreams;

/// <summary>
/// One host that a message may be handed to, as data: all that is needed to open a session but its addresses, which are looked up only
/// when no idle session is there. Immutable; equal candidates have equal <see cref="SessionKey"/>s and may share sessions.
/// </summary>
internal sealed class Candidate
{
    public required UpstreamState Upstream { get; init; }

    /// <summary>The gate of this way to it: one for each egress choice and port.</summary>
    public required UpstreamHealth Gate { get; init; }

    /// <summary>Who counts us together with its other hosts; see <see cref="ShapingModel"/>.</summary>
    public required string Group { get; init; }

    /// <summary>Who turns an address of ours away: the named upstream, or this host of a domain, as "host:port". The next host of the same domain may take it.</summary>
    public required string RestsAt { get; init; }

    /// <summary>How much may be sent to the group from this egress choice.</summary>
    public required Lane Lane { get; init; }

    /// <summary>Name to be looked up and verified in certificates.</summary>
    public required string Host { get; init; }
    public required int Port { get; init; }

    /// <summary>Not null when the host was given as an address: nothing to look up.</summary>
    public IPAddress? Address { get; init; }

    public required EgressChoice Egress { get; init; }

    /// <summary>Address families that may be used, as far as the egress choice has them.</summary>
    public AddressFamilies Families { get; init; }
    public required ClientSettings Settings { get; init; }

    /// <summary>What must be equal for a session to be used again: host, port, egress, TLS, credentials, configuration.</summary>
    public required string SessionKey { get; init; }

    /// <summary>Of the configuration it was made from.</summary>
    public required int Generation { get; init; }

    public required int MaxSessions { get; init; }
    public required int MaxMessagesPerSession { get; init; }
}
