using System.Net;
using Postern.Core.Shaping;

namespace Postern.Core.Upstreams;

/// <summary>One address of ours that one upstream turns away, as it stands.</summary>
/// <param name="Group">See <see cref="Candidate.Group"/>.</param>
/// <param name="At">See <see cref="Candidate.RestsAt"/>.</param>
/// <param name="Egress">Name of the egress choice; empty for the system's choice.</param>
/// <param name="Until">When one message may try; in the past while it is due or being tried.</param>
/// <param name="Reason">What was said, for people.</param>
/// <param name="Address">The address of ours that it is about, as the far side sees it; null when it is not known.</param>
/// <param name="Lists">Zones of the DNS blocklists that list the address, when last asked. Empty: none that we can ask.</param>
/// <param name="NamedList">Zone of the list that the refusal named; null when it named none.</param>
/// <param name="Refusals">Tries in a row that were turned away.</param>
internal sealed record EgressRest(string Group, string At, string Egress, DateTimeOffset Since, DateTimeOffset Until, string Reason, IPAddress? Address, IReadOnlyList<string> Lists, string? NamedList, int Refusals)
{
    /// <summary>How a rest ended, for people.</summary>
    public static string Words(RestEnd end) => end switch
    {
        RestEnd.Delisted => "no blocklist lists it any more, one message tries it",
        RestEnd.Asked => "the operator asked for it",
        _ => "a message was taken",
    };

    public string Name => Egress.Length == 0 ? At : $"{At} from {Egress}";
}

/// <summary>How a rest ended.</summary>
internal enum RestEnd : byte
{
    /// <summary>A message was taken.</summary>
    Accepted,

    /// <summary>No blocklist lists the address any more: one message tries, and the rest begins anew if that is turned away.</summary>
    Delisted,

    /// <summary>The operator asked for it.</summary>
    Asked,
}
