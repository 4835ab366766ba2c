using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;

namespace Postern.Diagnosis.Causes;

/// <summary>Something that facts say about the cause: one of <see cref="SignalId"/>, whose weights are in knowledge/signals.toml. Some rest on several facts that only mean something together.</summary>
/// <param name="Observed">One sentence for an operator, with this case's names.</param>
/// <param name="Strength">0-1: how much of the weight counts.</param>
internal sealed record Signal(string Id, string Observed, Speaker SaidBy, IReadOnlyList<Fact> Facts, double? Milliseconds = null, double Strength = 1)
{
    /// <summary>A fact that speaks for itself.</summary>
    public static Signal Of(string id, Fact fact, string? observed = null, double strength = 1) => new(id, observed ?? fact.Observed, fact.SaidBy, [fact], fact.Milliseconds, strength);
}
