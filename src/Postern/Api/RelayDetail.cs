using Postern.Core.Diagnoses;
using Postern.Core.Trends;
using Postern.Core.Upstreams;
using Postern.Diagnosis.Checks;

namespace Postern.Api;

/// <summary>What a running relay shows to those who look closely: its last day by the minute, single upstreams, checks as they run.</summary>
/// <param name="Upstream">By its name; null when it was not used lately.</param>
/// <param name="Check">Examines a destination and tells of each stage; throws <see cref="FormatException"/> for a target that is none.</param>
/// <param name="Standings">Of our addresses at blocklists.</param>
internal sealed record RelayDetail(
    TrendBook Trends,
    Func<string, UpstreamSnapshot?> Upstream,
    Func<string, IProgress<CheckEvent>, CancellationToken, Task<CheckResult>> Check,
    AddressStandings Standings);
