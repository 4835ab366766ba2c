namespace Postern.Core.Events;

/// <summary>What an event tells of.</summary>
internal enum EventType : byte
{
    RelayStarted,
    RelayStopped,
    ConfigReloaded,
    IncidentOpened,
    IncidentRefined,
    IncidentActed,
    IncidentClosed,
    UpstreamDown,
    UpstreamUp,
    LimitLearned,
    EgressRested,
    EgressReturned,
    MessageBounced,
    MessageDelayed,
    AuditAction,
    AuditRefused,
    AuditSignedIn,
}

/// <summary>The public word of each type, which webhooks filter by, and what it tells: one row each.</summary>
internal static class EventTypes
{
    /// <param name="Tells">For the reference page.</param>
    internal readonly record struct Row(EventType Type, string Word, string Tells);

    private static readonly Row[] Rows =
    [
        new(EventType.RelayStarted, "relay.started", "The relay took up its work; data has its version."),
        new(EventType.RelayStopped, "relay.stopped", "The relay was stopped in good order. A start without a stop before it was a crash or a power cut."),
        new(EventType.ConfigReloaded, "config.reloaded", "Another configuration is in force, or was refused whole; data has the result."),
        new(EventType.IncidentOpened, "incident.opened", "An upstream fails or turns us away; data has the diagnosis: cause, evidence, fix and why it works."),
        new(EventType.IncidentRefined, "incident.refined", "Probes looked closer; the cause may have another name now."),
        new(EventType.IncidentActed, "incident.acted", "Postern did something about it: slowed down, kept mail, rested an address, went around."),
        new(EventType.IncidentClosed, "incident.closed", "It is over; data says how long it lasted and what settled it."),
        new(EventType.UpstreamDown, "upstream.down", "No mail is tried there for a while, but for one probe at a time."),
        new(EventType.UpstreamUp, "upstream.up", "It was reached again; what waited goes out."),
        new(EventType.LimitLearned, "limit.learned", "What an upstream takes from us was learned from its refusals."),
        new(EventType.EgressRested, "egress.rested", "One of our addresses is not used at an upstream for a while."),
        new(EventType.EgressReturned, "egress.returned", "It is used there again."),
        new(EventType.MessageBounced, "message.bounced", "Mail was given back to its sender for some recipients; data has each with its reply and cause."),
        new(EventType.MessageDelayed, "message.delayed", "The sender of mail that still waits was told so."),
        new(EventType.AuditAction, "audit.action", "Somebody acted over HTTP: who, with which role, from where, what, on how many, and whether it was done."),
        new(EventType.AuditRefused, "audit.refused", "A request was turned away: a wrong token, a missing role, another site's page, a forged proxy header."),
        new(EventType.AuditSignedIn, "audit.signed-in", "Somebody signed in with a browser."),
    ];

    public static IReadOnlyList<Row> All => Rows;

    public static string Word(EventType type) => Rows[(int)type].Word;

    /// <summary>A word, the part before the dot with ".*", or "*".</summary>
    public static bool IsPattern(string pattern) => Array.Exists(Rows, r => Matches(pattern, r.Word));

    /// <param name="pattern">"incident.opened", "incident.*" or "*".</param>
    public static bool Matches(string pattern, ReadOnlySpan<char> word) =>
        pattern == "*" || (pattern.EndsWith(".*", StringComparison.Ordinal) ? word.StartsWith(pattern.AsSpan(0, pattern.Length - 1), StringComparison.Ordinal) : word.SequenceEqual(pattern));
}
