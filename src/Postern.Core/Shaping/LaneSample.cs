using Postern.Protocols.Smtp;

namespace Postern.Core.Shaping;

/// <summary>How the far side said no: with a reply, by an orderly close, by a reset, or by no answer in time (to a connect or to a command).</summary>
internal enum RefusalManner : byte { Reply, Closed, Reset, Silent }

/// <summary>Which limit was met. None: none, or not known.</summary>
internal enum LimitKind : byte { None, Concurrency, ConnectionRate, MessageRate, SessionLength }

/// <summary>One outcome, as delivery tells it to its lane.</summary>
/// <param name="At">When the answer came.</param>
/// <param name="Stage">Where the dialogue was.</param>
/// <param name="Manner">How it was refused; no meaning for an accepted message.</param>
/// <param name="Hint">What the words of the reply say (<see cref="LimitHints"/>); None when they say nothing.</param>
/// <param name="RetryAfter">"try again in N seconds" of the reply.</param>
/// <param name="SessionsOpen">Sessions of this lane, with this one.</param>
/// <param name="MessagesInSession">Messages this session had carried before this one.</param>
/// <param name="Began">When the session or the message was granted. It tells a late time-out of something old from a new refusal; absent: not known.</param>
/// <param name="Window">"per hour" of the reply's words; null when they say nothing.</param>
/// <param name="Reply">The reply, for the words of the lesson.</param>
internal readonly record struct LaneSample(DateTimeOffset At, ClientStage Stage, RefusalManner Manner, LimitKind Hint, TimeSpan? RetryAfter, int SessionsOpen, int MessagesInSession,
    DateTimeOffset Began = default, TimeSpan? Window = null, string? Reply = null)
{
    /// <summary>The session was not ready yet: the whole session is refused, not one message.</summary>
    public bool IsOpening => Stage < ClientStage.Mail;
}

/// <summary>Yes, or not before <see cref="Until"/> and why. An until of <see cref="DateTimeOffset.MaxValue"/>: when a session is given back.</summary>
internal readonly record struct LaneAnswer(bool IsGranted, DateTimeOffset Until, string? Reason)
{
    public static LaneAnswer Granted => new(true, default, null);

    /// <summary>All sessions that may be open are: those that are go on.</summary>
    public bool IsFull { get; init; }

    /// <summary>Our address is new there and has had its share for now.</summary>
    public bool IsWarmUp { get; init; }
}
