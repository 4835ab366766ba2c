using Postern.Protocols.Smtp;

namespace Postern.Diagnosis.Evidence;

/// <summary>The connections of an attempt as facts. An attempt knows the system's word for an error, not who sent it.</summary>
internal static class ConnectFacts
{
    /// <summary>Words of the client's socket failures, by how they begin or what they hold.</summary>
    private static readonly (string Words, TcpOutcome Outcome)[] Outcomes =
    [
        ("connection refused", TcpOutcome.Refused), ("no answer within", TcpOutcome.TimedOut), ("timed out", TcpOutcome.TimedOut), ("no route to host", TcpOutcome.HostUnreachable),
        ("host is down", TcpOutcome.HostUnreachable), ("prohibited", TcpOutcome.Prohibited), ("network unreachable", TcpOutcome.NetworkUnreachable), ("network is", TcpOutcome.NetworkUnreachable),
        ("reset", TcpOutcome.Reset), ("aborted", TcpOutcome.Reset), ("shut down", TcpOutcome.Reset),
    ];

    /// <summary>Said of connections that were given up for no fault of the peer.</summary>
    private static readonly string[] GivenUp = ["another address was faster", "the relay is stopping"];

    /// <summary>Adds a fact for each; answers with the point that the attempt was about.</summary>
    public static ProbePoint Add(AttemptEvidence attempt, AttemptTarget target, List<Fact> facts)
    {
        var tried = attempt.Connects.Where(c => c.Error is null || !Array.Exists(GivenUp, c.Error.Contains)).ToList();
        // The one that connected; without one, that which the failure speaks of; without that, the first.
        var main = tried.Find(c => c.Error is null && (target.Address is null || c.Address == target.Address)) ?? tried.Find(c => c.Error is null)
            ?? tried.Find(c => attempt.Failure?.Detail.Contains($"[{c.Address}]", StringComparison.Ordinal) == true) ?? tried.FirstOrDefault();
        string? address = main?.Address ?? target.Address;
        var point = new ProbePoint(target.Host, address, main?.Port ?? target.Port, main?.LocalAddress ?? attempt.LocalAddress, PointRole.Target);
        foreach (var connect in tried)
        {
            bool isMain = ReferenceEquals(connect, main);
            bool isOtherFamily = address is not null && connect.Address.Contains(':', StringComparison.Ordinal) != address.Contains(':', StringComparison.Ordinal);
            var role = isMain ? PointRole.Target : isOtherFamily ? PointRole.OtherFamily : PointRole.Sibling;
            facts.Add(Of(connect, new ProbePoint(target.Host, connect.Address, connect.Port, connect.LocalAddress ?? (isMain ? attempt.LocalAddress : null), role)));
        }
        if (tried.Count == 0) Bare(attempt, point, facts);
        return point;
    }

    /// <summary>No connection on record: a session that was open already, or a failure that says how connecting ended.</summary>
    private static void Bare(AttemptEvidence attempt, ProbePoint point, List<Fact> facts)
    {
        if (attempt.SessionReused || attempt.StageReached > ClientStage.Connect)
        {
            facts.Add(new TcpFact { SaidBy = Speaker.Peer, Observed = $"the connection to {point} stood", Point = point, Outcome = TcpOutcome.Connected });
            return;
        }
        if (attempt.Failure is not { Stage: ClientStage.Connect } failure || failure.Kind == FailureKind.Cancelled) return;
        var outcome = failure.Kind switch
        {
            FailureKind.ConnectionRefused => TcpOutcome.Refused,
            FailureKind.TimedOut => TcpOutcome.TimedOut,
            FailureKind.HostUnreachable => TcpOutcome.HostUnreachable,
            FailureKind.NetworkUnreachable => TcpOutcome.NetworkUnreachable,
            FailureKind.ConnectionReset or FailureKind.ConnectionClosed => TcpOutcome.Reset,
            _ => TcpOutcome.LocalError,
        };
        facts.Add(new TcpFact { SaidBy = failure.Speaker, Observed = failure.Detail, Point = point, Outcome = outcome });
    }

    private static TcpFact Of(ConnectObservation connect, ProbePoint point)
    {
        var outcome = OutcomeOf(connect.Error);
        var speaker = outcome switch
        {
            TcpOutcome.Connected or TcpOutcome.Refused or TcpOutcome.Reset => Speaker.Peer,
            // Who is unreachable at once never left this machine.
            TcpOutcome.LocalError => Speaker.Us,
            TcpOutcome.NetworkUnreachable when connect.Milliseconds < 0.5 => Speaker.Us,
            _ => Speaker.Network,
        };
        string observed = connect.Error is null ? $"{point} accepted the connection" : $"connecting to {point}: {connect.Error}";
        return new TcpFact { SaidBy = speaker, Observed = observed, Milliseconds = connect.Milliseconds, Point = point, Outcome = outcome };
    }

    internal static TcpOutcome OutcomeOf(string? error)
    {
        if (error is null) return TcpOutcome.Connected;
        foreach (var (words, outcome) in Outcomes)
            if (error.Contains(words, StringComparison.OrdinalIgnoreCase)) return outcome;
        return TcpOutcome.LocalError;
    }
}
