namespace Postern.Core.Events;

/// <summary>One webhook as it stands, for people.</summary>
public sealed record WebhookStatus
{
    public required string Name { get; init; }

    /// <summary>Scheme, host and port. Not the rest: with many services the path is the password.</summary>
    public required string Address { get; init; }

    /// <summary>Types that it is told of; empty for all.</summary>
    public required IReadOnlyList<string> Events { get; init; }

    /// <summary>Id of the last event that it took or did not want.</summary>
    public required long LastId { get; init; }

    /// <summary>Events after that one, wanted or not.</summary>
    public required long Waiting { get; init; }

    /// <summary>Posts in a row that failed; zero when all is well.</summary>
    public required int Failures { get; init; }

    /// <summary>First of these; null when there is none.</summary>
    public DateTimeOffset? FailingSince { get; init; }

    /// <summary>What was wrong the last time; null when nothing is.</summary>
    public string? Problem { get; init; }
    public DateTimeOffset? NextTry { get; init; }

    /// <summary>When the event happened that it could not be told yet; null when there is none.</summary>
    public DateTimeOffset? PendingSince { get; init; }
}
