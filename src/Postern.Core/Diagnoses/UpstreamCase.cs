using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Evidence;

namespace Postern.Core.Diagnoses;

/// <summary>What is known of one upstream in trouble, beyond the single attempt. Changed under the book's lock; what probes found may be read without.</summary>
internal sealed class UpstreamCase(string upstream)
{
    /// <summary>What probes found says little of a time much later.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(30);

    private volatile Findings? _found;
    private int _version;

    public string Upstream { get; } = upstream;
    public List<LiveIncident> Incidents { get; } = [];
    public DiagnosisReport? Latest { get; set; }
    public DateTimeOffset LastSeenAt { get; set; }

    /// <summary>Grows when probes found something: explanations made before are old then.</summary>
    public int Version => Volatile.Read(ref _version);

    /// <summary>What probes found lately.</summary>
    public IReadOnlyList<Fact> Found(DateTimeOffset now) => _found is { } found && now - found.At < Fresh ? found.Facts : [];

    public void Learn(IReadOnlyList<Fact> facts, DateTimeOffset at)
    {
        _found = new Findings(facts, at);
        Interlocked.Increment(ref _version);
    }

    /// <summary>The trouble is over: what was found then is no longer so.</summary>
    public void Forget()
    {
        if (_found is null) return;
        _found = null;
        Interlocked.Increment(ref _version);
    }

    private sealed record Findings(IReadOnlyList<Fact> Facts, DateTimeOffset At);
}
