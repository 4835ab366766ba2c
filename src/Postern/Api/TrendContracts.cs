namespace Postern.Api;

/// <summary>The last minutes of the relay or of one upstream, oldest first, the present one included.</summary>
public sealed record TrendsContract
{
    /// <summary>Of all mail; absent where one upstream was asked for.</summary>
    public IReadOnlyList<TrendMinuteContract>? Minutes { get; init; }

    /// <summary>Which was asked for.</summary>
    public string? Upstream { get; init; }

    /// <summary>Attempts there; absent where no upstream was asked for.</summary>
    public IReadOnlyList<UpstreamMinuteContract>? Attempts { get; init; }

    /// <summary>Upstreams and MX hosts that were tried in the last day.</summary>
    public required IReadOnlyList<string> Upstreams { get; init; }
}

/// <summary>What the relay did in one minute.</summary>
public sealed record TrendMinuteContract
{
    /// <summary>Its beginning, UTC.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Messages answered 250.</summary>
    public required long Accepted { get; init; }

    /// <summary>Recipients, commands or messages that were refused at our door.</summary>
    public required long Refused { get; init; }

    /// <summary>Recipients whose mail an upstream took.</summary>
    public required long Delivered { get; init; }

    /// <summary>Recipients whose mail was given back to the sender.</summary>
    public required long Bounced { get; init; }

    /// <summary>Attempts after which mail waits for another.</summary>
    public required long Deferred { get; init; }

    /// <summary>Messages in the queue; absent where nobody looked in that minute.</summary>
    public long? Waiting { get; init; }
}

/// <summary>Our attempts at one upstream in one minute.</summary>
public sealed record UpstreamMinuteContract
{
    /// <summary>Its beginning, UTC.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Attempts that went well.</summary>
    public required int Delivered { get; init; }

    /// <summary>Attempts that failed or left somebody waiting.</summary>
    public required int Deferred { get; init; }

    /// <summary>Attempts at which every recipient was refused for good.</summary>
    public required int Refused { get; init; }

    /// <summary>What those that did not go well failed by: the two commonest.</summary>
    public required IReadOnlyList<CauseCountContract> Causes { get; init; }
}

/// <param name="Cause">A cause id, such as rate-limited.</param>
public sealed record CauseCountContract(string Cause, int Attempts);
