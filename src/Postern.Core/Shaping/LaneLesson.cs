namespace Postern.Core.Shaping;

/// <summary>What a lane learned from a refusal (or from the end of one).</summary>
/// <param name="Kind">Which limit.</param>
/// <param name="Limit">The value kept from now on; messages or connections in <paramref name="Window"/>, else sessions or messages of a session.</param>
/// <param name="Window">Of a rate; null for the others.</param>
/// <param name="Words">The whole in plain words, for the record of the message and the incident.</param>
internal sealed record LaneLesson(DateTimeOffset At, LimitKind Kind, int Limit, TimeSpan? Window, string Words);

/// <summary>A lane as it stands, for people: the CLI, the API, metrics.</summary>
/// <param name="MaxSessions">Allowed now.</param>
/// <param name="MessagesPerSession">Allowed now; <see cref="int.MaxValue"/>: no limit known.</param>
/// <param name="RestedUntil">Null: not rested.</param>
/// <param name="Lessons">What holds now and was learned, newest first.</param>
internal sealed record LaneSnapshot(string Name, string Group, string Egress, int SessionsOpen, int MaxSessions, int MessagesPerSession,
    double? MessagesPerMinute, double? ConnectionsPerMinute, DateTimeOffset? RestedUntil, string? RestReason, LaneLimits Configured, IReadOnlyList<LaneLesson> Lessons)
{
    /// <summary>Messages.</summary>
    public int SentInMinute { get; init; }
}
