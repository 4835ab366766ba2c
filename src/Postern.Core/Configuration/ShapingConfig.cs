namespace Postern.Core.Configuration;

/// <summary>
/// Fixed limits for the destinations that match. Each key is taken from the first section that matches and sets it, after the upstream's own keys.
/// </summary>
public sealed record ShapingConfig
{
    [Setting("What the limits are for; absent matches all.")]
    public ShapingMatch? Match { get; init; }

    [Setting("Sessions at once.", Min = "1", Max = "10000")]
    public int? MaxSessions { get; init; }

    [Setting("New connections in a minute at most.", Min = "1", Max = "1000000")]
    public int? MaxConnectionsPerMinute { get; init; }

    [Setting("Messages in a minute at most.", Min = "1", Max = "10000000")]
    public int? MaxMessagesPerMinute { get; init; }

    [Setting("Messages in an hour at most.", Min = "1", Max = "100000000")]
    public int? MaxMessagesPerHour { get; init; }

    [Setting("Messages in a day (24 hours, sliding) at most.", Min = "1", Max = "1000000000")]
    public int? MaxMessagesPerDay { get; init; }

    [Setting("Messages on one session.", Min = "1", Max = "1000000")]
    public int? MaxMessagesPerSession { get; init; }

    [Setting("Begin with few sessions and learn the limits from what is taken and refused; absent for true. Off: only the fixed limits hold.")]
    public bool? Adaptive { get; init; }
}

/// <summary>All members that are set must match; within one, any entry. Patterns: exact, "*.example.org" (subdomains), "*".</summary>
public sealed record ShapingMatch
{
    [Setting("Providers, by the names that 'postern status' shows.", Example = "[\"google\", \"microsoft\"]")]
    public IReadOnlyList<string> Provider { get; init; } = [];

    [Setting("MX hosts, or hosts of upstreams.", Example = "[\"*.mx.example.net\"]")]
    public IReadOnlyList<string> Mx { get; init; } = [];

    [Setting("Recipient domains. Their mail is counted apart from other mail to the same hosts.", Example = "[\"example.org\"]")]
    public IReadOnlyList<string> RecipientDomain { get; init; } = [];
}
