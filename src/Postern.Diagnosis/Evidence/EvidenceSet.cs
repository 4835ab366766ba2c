namespace Postern.Diagnosis.Evidence;

/// <summary>Everything that is known of one case; what a diagnosis rests on.</summary>
/// <param name="Target">"mx1.example.org:25", or the domain.</param>
/// <param name="Domain">The recipient domain; null for a named upstream.</param>
/// <param name="At">When the last of it was observed.</param>
public sealed record EvidenceSet(string Target, string? Domain, DateTimeOffset At, IReadOnlyList<Fact> Facts)
{
    public CaseNames Names { get; init; } = CaseNames.None;
}
