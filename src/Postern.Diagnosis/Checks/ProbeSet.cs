using Postern.Diagnosis.Probes;

namespace Postern.Diagnosis.Checks;

/// <summary>The probes that a check runs, one for each stage.</summary>
internal sealed record ProbeSet
{
    public required Func<ProbeContext, CancellationToken, ValueTask<MxFindings>> Names { get; init; }
    public required Probe Resolver { get; init; }
    public required Probe Connect { get; init; }
    public required Probe Controls { get; init; }
    public required Probe Greeting { get; init; }
    public required Probe Path { get; init; }

    /// <summary>The one connection that tells a firewall or a limit from a server that is down: a look ahead, where an attempt has just failed to connect.</summary>
    public required Probe OtherEgress { get; init; }

    public required Probe Blocklists { get; init; }
    public required Probe Identity { get; init; }
}
