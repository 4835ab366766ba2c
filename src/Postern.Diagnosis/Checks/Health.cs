using Postern.Diagnosis.Evidence;

namespace Postern.Diagnosis.Checks;

/// <summary>What a check's first results ask for next. Pure.</summary>
internal static class Health
{
    public static bool AnyConnected(IReadOnlyList<Fact> connect) =>
        connect.OfType<TcpFact>().Any(f => f is { Outcome: TcpOutcome.Connected, Point.Role: PointRole.Target or PointRole.Sibling or PointRole.OtherFamily or PointRole.OtherEgress });

    /// <summary>Every host answered, and the conversation went through: nothing that is still under way can change the verdict.</summary>
    public static bool IsHealthy(IReadOnlyList<Fact> connect, IReadOnlyList<Fact> greeting) =>
        connect.OfType<TcpFact>().Where(f => f.Point.Role is PointRole.Target or PointRole.Sibling).All(f => f.Outcome == TcpOutcome.Connected)
        && greeting.OfType<GreetingFact>().Any(f => f is { Outcome: GreetingOutcome.Accepted, IsMasked: false })
        && greeting.OfType<EhloFact>().Any()
        && !greeting.Any(f => f is ReplyFact or StageFact or GreetingFact { Outcome: not GreetingOutcome.Accepted } or TlsFact { Failure: not null } or TlsFact { Seen.Problem: not null });

    /// <summary>
    /// The walk tells where a path ends and who sent a reset, and whether somebody on the way answers in the host's place: a refusal at the greeting may be
    /// our own provider's. Where the host has greeted and spoken plainly (a broken handshake) it tells nothing.
    /// </summary>
    public static bool NeedsPath(IReadOnlyList<Fact> connect, IReadOnlyList<Fact> greeting) =>
        connect.OfType<TcpFact>().Any(f => f.Point.Role == PointRole.Target && f.Outcome is not (TcpOutcome.Connected or TcpOutcome.LocalError))
        || greeting.OfType<GreetingFact>().Any(f => f.IsMasked || f.Outcome != GreetingOutcome.Accepted)
        || greeting.OfType<StageFact>().Any();
}
