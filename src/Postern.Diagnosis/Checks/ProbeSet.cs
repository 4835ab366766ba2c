using System.Net;
using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.Probes;

namespace Postern.Diagnosis.Checks;

/// <summary>What was found out about a destination's hosts.</summary>
/// <param name="Hosts">In the order of trying; empty when nothing can be dialled.</param>
internal readonly record struct NamesFound(IReadOnlyList<TargetHost> Hosts, IReadOnlyList<Fact> Facts);

/// <summary>The probes that a check runs, one for each stage.</summary>
internal sealed record ProbeSet
{
    public required Func<ProbeContext, CancellationToken, ValueTask<NamesFound>> Names { get; init; }
    public required Probe Resolver { get; init; }
    public required Probe Connect { get; init; }
    public required Probe Controls { get; init; }
    public required Probe Greeting { get; init; }
    public required Probe Path { get; init; }

    /// <summary>Asked for the addresses in <see cref="ProbeContext.Egress"/>, which are then those really used.</summary>
    public required Probe Blocklists { get; init; }
    public required Probe Identity { get; init; }

    /// <summary>The address of ours from which the system reaches another; null when there is no way.</summary>
    public required Func<IPAddress, IPAddress?> SourceFor { get; init; }
}
