namespace Postern.Api;

/// <summary>Who counts us together: a configured upstream, a provider with all its hosts, or a set of MX hosts.</summary>
public sealed record GroupContract
{
    /// <summary>What 'postern upstreams reset' takes.</summary>
    public required string Name { get; init; }

    /// <summary>Names of the upstreams and MX hosts in it that were used lately.</summary>
    public required IReadOnlyList<string> Members { get; init; }

    /// <summary>One for each of our addresses that sends there.</summary>
    public required IReadOnlyList<LaneContract> Lanes { get; init; }

    /// <summary>Our addresses that are turned away there.</summary>
    public required IReadOnlyList<RestContract> Rests { get; init; }
}

/// <summary>How much may be sent to a group from one of our addresses.</summary>
public sealed record LaneContract
{
    public required string Upstream { get; init; }

    /// <summary>Absent for the system's choice.</summary>
    public string? Egress { get; init; }
    public required int Sessions { get; init; }

    /// <summary>At once, now.</summary>
    public required int SessionsAllowed { get; init; }

    /// <summary>Messages sent in the last minute.</summary>
    public required int MessagesLastMinute { get; init; }

    /// <summary>Absent: no limit known.</summary>
    public double? MessagesPerMinuteAllowed { get; init; }
    public double? ConnectionsPerMinuteAllowed { get; init; }
    public int? MessagesPerSessionAllowed { get; init; }

    /// <summary>The far side asked to wait until then; absent when it did not.</summary>
    public DateTimeOffset? PausedUntil { get; init; }
    public string? PausedBecause { get; init; }

    /// <summary>Newest first.</summary>
    public required IReadOnlyList<LearnedContract> Learned { get; init; }
}

/// <summary>A limit that was learned.</summary>
/// <param name="Limit">sessions (at once), connections or messages (in the window), session_messages (on one session).</param>
/// <param name="Window">Such as "1m"; absent for what is no rate.</param>
public sealed record LearnedContract(string Limit, int Value, string? Window, DateTimeOffset At, string Words);

/// <summary>One of our addresses that a group turns away.</summary>
public sealed record RestContract
{
    public required string Upstream { get; init; }
    public string? Egress { get; init; }

    /// <summary>As the far side sees it; absent when not known.</summary>
    public string? Address { get; init; }
    public required DateTimeOffset Since { get; init; }

    /// <summary>When one message tries again.</summary>
    public required DateTimeOffset Until { get; init; }
    public required string Because { get; init; }

    /// <summary>Blocklists that list it, when last asked.</summary>
    public required IReadOnlyList<string> Lists { get; init; }
    public required int Refusals { get; init; }
}

/// <summary>A member that is out of its pool's turns.</summary>
public sealed record EjectionContract(DateTimeOffset At, DateTimeOffset Until, int Times, string Because);

/// <summary>Our own addresses.</summary>
public sealed record EgressesContract(IReadOnlyList<EgressContract> Egress);

public sealed record EgressContract
{
    /// <summary>Configured name, of a pair both with "+"; absent for the system's choice.</summary>
    public string? Name { get; init; }
    public required IReadOnlyList<string> Addresses { get; init; }
    public required string Hello { get; init; }

    /// <summary>Some route uses it.</summary>
    public required bool Used { get; init; }
    public required IReadOnlyList<LaneContract> Lanes { get; init; }
    public required IReadOnlyList<RestContract> Rests { get; init; }

    /// <summary>Absent where there is none.</summary>
    public WarmUpContract? WarmUp { get; init; }
}

public sealed record WarmUpContract
{
    /// <summary>standard, slow or own.</summary>
    public required string Plan { get; init; }
    public required int Days { get; init; }

    /// <summary>Not used before; absent: from its first message on.</summary>
    public DateOnly? From { get; init; }
    public DateOnly? BeganOn { get; init; }

    /// <summary>Some provider has taken the whole plan; no further one begins.</summary>
    public DateOnly? WarmSince { get; init; }

    /// <summary>Parts of messages that wait at destinations which can only leave by addresses in warm-up, and are held back now.</summary>
    public required long Waiting { get; init; }

    /// <summary>Those that have come furthest first.</summary>
    public required IReadOnlyList<WarmUpDayContract> Providers { get; init; }
}

public sealed record WarmUpDayContract
{
    public required string Upstream { get; init; }
    public required int Day { get; init; }
    public required int Allowed { get; init; }

    /// <summary>Messages taken today (UTC).</summary>
    public required int Taken { get; init; }

    /// <summary>The plan held mail back today: it left from another address, or waits.</summary>
    public required bool Held { get; init; }

    /// <summary>When the next message may go; absent: now.</summary>
    public DateTimeOffset? NextAt { get; init; }

    /// <summary>first, advance, repeat, step_back or restart: how the day came to be this one.</summary>
    public required string Turn { get; init; }
    public DateOnly? DoneOn { get; init; }
}

/// <summary>Of which upstream to forget what was learned.</summary>
/// <param name="Name">Of an upstream, a provider, a group or an MX host.</param>
public sealed record ResetContract(string Name);

/// <summary>What was forgotten.</summary>
public sealed record ResetResultContract(IReadOnlyList<string> Upstreams, int Limits, int Rests);
