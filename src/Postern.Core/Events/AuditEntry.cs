using System.Text.Json;

namespace Postern.Core.Events;

/// <summary>One line of the audit log: an action, a sign-in or a refusal. Nothing secret is in it: no token, no message text.</summary>
/// <param name="Who">Name of the token, the person, or "local" where nobody has to say who he is; empty when that is not known.</param>
/// <param name="Role">Null when that is not known.</param>
/// <param name="Way">How he was known: local, token, oidc or proxy.</param>
/// <param name="From">Address of the client.</param>
/// <param name="Did">A word such as queue.hold, or the request's method and path.</param>
/// <param name="On">What it was done to: ids or filters.</param>
/// <param name="Count">On how many; null where that says nothing.</param>
/// <param name="Outcome">done, or why not.</param>
internal sealed record AuditEntry(EventType Type, string Who, string? Role, string? Way, string? From, string Did, string? On, long? Count, string Outcome)
{
    /// <summary>Names, filters and addresses come from outside.</summary>
    private const int MaxText = 500;

    /// <summary>Refusals that were not told before this one, because there were too many.</summary>
    public long Untold { get; init; }

    public void Publish(EventLog log) => log.Publish(Type, Who.Length == 0 ? From ?? "" : Cut(Who), Write);

    private void Write(Utf8JsonWriter w)
    {
        w.WriteString("who", Cut(Who));
        if (Role is not null) w.WriteString("role", Role);
        if (Way is not null) w.WriteString("way", Way);
        if (From is not null) w.WriteString("from", From);
        w.WriteString("did", Cut(Did));
        if (On is not null) w.WriteString("on", Cut(On));
        if (Count is { } count) w.WriteNumber("count", count);
        w.WriteString("outcome", Cut(Outcome));
        if (Untold > 0) w.WriteNumber("untold", Untold);
    }

    private static string Cut(string text) => text.Length <= MaxText ? text : text[..(MaxText - 1)] + "…";
}
