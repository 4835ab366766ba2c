namespace Postern.Diagnosis.Evidence;

/// <summary>What our own record of attempts at one upstream says, over a window that ends now.</summary>
public sealed record HistoryFact : Fact
{
    public override string Id => "history.upstream";
    public required string Upstream { get; init; }
    public required TimeSpan Window { get; init; }
    public required int Attempts { get; init; }
    public required int Successes { get; init; }
    public DateTimeOffset? LastSuccessAt { get; init; }
    public DateTimeOffset? FirstFailureAt { get; init; }

    /// <summary>Successes in the minute before the first failure of the present row.</summary>
    public int SuccessesBeforeFailure { get; init; }

    /// <summary>Most sessions open at once that were all accepted; fewest at which one was refused (0: none was).</summary>
    public int ConcurrencyAccepted { get; init; }
    public int ConcurrencyRefused { get; init; }

    /// <summary>Messages sent on a session when it was refused or closed, when that number repeats; 0 otherwise.</summary>
    public int MessagesPerSessionAtRefusal { get; init; }

    /// <summary>True when successes and refusals alternate: accepted again after a pause, refused again after as many.</summary>
    public bool Alternates { get; init; }

    /// <summary>Times within the last ten minutes that a success followed refusals.</summary>
    public int Recoveries { get; init; }
}

/// <summary>How everybody else fares meanwhile: tells their trouble from ours.</summary>
public sealed record NeighbourFact : Fact
{
    public override string Id => "history.neighbours";

    /// <summary>Other upstreams tried on the same port in the window, and how many of them failed to connect.</summary>
    public required int Others { get; init; }
    public required int OthersFailing { get; init; }

    /// <summary>Others of the same provider, and how many of them refuse us.</summary>
    public int SameProvider { get; init; }
    public int SameProviderFailing { get; init; }

    /// <summary>Others that leave by the same address of ours, and by another, and how many of each fail.</summary>
    public int SameEgress { get; init; }
    public int SameEgressFailing { get; init; }
    public int OtherEgress { get; init; }
    public int OtherEgressFailing { get; init; }
}
