using Postern.Diagnosis.Causes;

namespace Postern.Core.Trends;

/// <summary>What the relay did in one minute.</summary>
/// <param name="At">Its beginning, UTC.</param>
public readonly record struct TrendMinute(DateTimeOffset At)
{
    /// <summary>Messages answered 250.</summary>
    public long Accepted { get; init; }

    /// <summary>Recipients, commands or messages that were refused at our door.</summary>
    public long Refused { get; init; }

    /// <summary>Recipients whose mail an upstream took.</summary>
    public long Delivered { get; init; }

    /// <summary>Recipients whose mail was given back to the sender.</summary>
    public long Bounced { get; init; }

    /// <summary>Attempts after which mail waits for another.</summary>
    public long Deferred { get; init; }

    /// <summary>Messages in the queue when last looked at in that minute; null when nobody looked (the relay was not running).</summary>
    public long? Waiting { get; init; }
}

/// <summary>How our attempts at one upstream went in one minute.</summary>
/// <param name="At">Its beginning, UTC.</param>
public readonly record struct UpstreamMinute(DateTimeOffset At)
{
    /// <summary>Attempts after which nobody of the message waited or was refused.</summary>
    public int Delivered { get; init; }

    /// <summary>Attempts that failed or left somebody waiting.</summary>
    public int Deferred { get; init; }

    /// <summary>Attempts at which every recipient was refused for good.</summary>
    public int Refused { get; init; }

    /// <summary>What most of those that did not deliver failed by; none when all went well.</summary>
    public CauseId Cause { get; init; }

    /// <summary>How many by it.</summary>
    public int CauseCount { get; init; }

    /// <summary>What the second most failed by; none where there is none.</summary>
    public CauseId SecondCause { get; init; }

    /// <summary>How many by it.</summary>
    public int SecondCount { get; init; }

    public int Attempts => Delivered + Deferred + Refused;
}
