namespace Postern.Core.Scheduling;

/// <summary>What waits for one destination.</summary>
/// <param name="Waiting">Parts, due or not.</param>
/// <param name="Due">Parts due now.</param>
/// <param name="Sessions">Session loops at work on it.</param>
/// <param name="OldestAcceptedAt">Of the messages that wait.</param>
/// <param name="GatedUntil">Not null while its upstreams are known to be unreachable: when the next try is made.</param>
/// <param name="PausedUntil">Not null while a limit of its upstreams is used up: when the next message may go.</param>
public sealed record DestinationDepth(string Destination, int Waiting, int Due, int Sessions, DateTimeOffset? OldestAcceptedAt, DateTimeOffset? GatedUntil, DateTimeOffset? PausedUntil = null);
