using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Evidence;

namespace Postern.Diagnosis.Checks;

/// <summary>The pure halves of a diagnosis, as the relay and the checks use them: thread safe, far below a millisecond each.</summary>
/// <param name="Read">What a delivery attempt saw.</param>
/// <param name="Diagnose">What evidence means.</param>
internal sealed record DiagnosisParts(Func<AttemptEvidence, EvidenceSet> Read, Func<EvidenceSet, DiagnosisReport> Diagnose)
{
    /// <summary>With the data that the program carries.</summary>
    public static readonly DiagnosisParts Default = new(static attempt => AttemptFacts.Of(attempt), static evidence => Diagnostician.Default.Diagnose(evidence));
}
