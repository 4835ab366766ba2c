namespace Postern.Diagnosis.Checks;

public enum FindingState : byte { Good, Warning, Problem, Unknown }

/// <summary>One thing about our own side.</summary>
/// <param name="Id">Stable: "port.25", "resolver", "identity.reverse-name", "blocklist", "clock", "disk".</param>
/// <param name="Subject">An address, a domain, a folder.</param>
/// <param name="Fix">What to do; null when nothing is to be done. Lines are separated by \n.</param>
public sealed record Finding(string Id, string Subject, FindingState State, string Observed, string? Fix = null);
