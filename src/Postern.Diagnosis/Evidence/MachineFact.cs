namespace Postern.Diagnosis.Evidence;

/// <summary>Whose machine we run on, by the word of its firmware.</summary>
public sealed record MachineFact : Fact
{
    public override string Id => "machine.cloud";

    /// <summary>"aws", "gcp", "azure", ...: a word that the pages know.</summary>
    public required string Cloud { get; init; }
}
