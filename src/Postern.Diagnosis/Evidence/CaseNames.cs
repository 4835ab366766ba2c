namespace Postern.Diagnosis.Evidence;

/// <summary>Names of one case that no observation holds but its texts speak of. Null: not known, or not this case's to tell.</summary>
/// <param name="Hello">What we say in EHLO.</param>
/// <param name="Sender">The reverse-path, without angle brackets; empty for the null one.</param>
/// <param name="Recipient">Whom it is about, when it is about one recipient.</param>
/// <param name="Destination">Where the queue files it: "pool:provider", "mx:example.org".</param>
public sealed record CaseNames(string? Hello = null, string? Sender = null, string? Recipient = null, string? Destination = null)
{
    public static readonly CaseNames None = new();
}
