using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Evidence;

namespace Postern.Diagnosis.Checks;

/// <summary>The pure halves of a diagnosis, as the relay and the checks use them: thread safe, far below a millisecond each.</summary>
/// <param name="FactsOf">What a delivery attempt saw.</param>
/// <param name="Diagnose">What it means.</param>
internal sealed record DiagnosisParts(Func<AttemptEvidence, IReadOnlyList<Fact>> FactsOf, Func<EvidenceSet, DiagnosisReport> Diagnose)
{
    public static readonly DiagnosisParts Default = new(_ => [], set => new DiagnosisReport
    {
        Id = "d0", Target = set.Target, At = set.At, Stage = "connect",
        Verdict = new Verdict("unknown", 0.5, "Nothing is known.", "", "", "us", "causes/unknown"), Evidence = [.. set.Facts.Select(f => new EvidenceItem(f.Id, f.SaidBy.ToString(), f.Observed, [], [], f.Milliseconds))],
    });
}
