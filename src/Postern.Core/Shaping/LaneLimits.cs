namespace Postern.Core.Shaping;

/// <summary>
/// What is fixed for a lane by the operator, or by the provider's published limits where he fixed nothing: obeyed and never exceeded; what is
/// learned may be lower. Null: not fixed.
/// </summary>
/// <param name="MaxSessions">Sessions at once.</param>
/// <param name="IsAdaptive">False: nothing is learned, only what is fixed holds; no slow start.</param>
internal sealed record LaneLimits(int MaxSessions, int? ConnectionsPerMinute = null, int? MessagesPerMinute = null, int? MessagesPerHour = null,
    int? MessagesPerDay = null, int? MessagesPerSession = null, bool IsAdaptive = true)
{
    /// <summary>Where a lane of which nothing was learned yet begins; null: no published start.</summary>
    public LaneStart? Start { get; init; }
}

/// <summary>A published start: an upper hint to begin with, grown from at once. Null: none.</summary>
internal sealed record LaneStart(int? MessagesPerMinute);

/// <summary>A learned limit as it is kept in the file.</summary>
internal sealed record KeptLimit(LimitKind Kind, int Value, TimeSpan? Window, DateTimeOffset At, bool IsHinted, string Words);
