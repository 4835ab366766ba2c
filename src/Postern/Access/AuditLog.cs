using Postern.Api;
using Postern.Core.Events;
using Postern.Core.Telemetry;

namespace Postern.Access;

/// <summary>
/// Tells who did what: as events, so that they are kept, streamed and sent to webhooks like all others, and as log lines. Refusals are what strangers cause: after a burst one a second is told,
/// with the number of those that were not, so that they cannot push everything else out of the log. Thread safe.
/// </summary>
/// <param name="events">Null while the relay starts; then there are log lines only.</param>
internal sealed class AuditLog(Func<EventLog?> events, ILogger logger, TimeProvider time)
{
    private const int Burst = 60;

    private readonly Lock _lock = new();
    private double _tokens = Burst;
    private long _filled = time.GetTimestamp();
    private long _untold;

    /// <param name="did">A word such as queue.hold.</param>
    /// <param name="on">Ids, filters or a name; null where there is nothing to say.</param>
    /// <param name="count">On how many; null where that says nothing.</param>
    /// <param name="outcome">done, or why not.</param>
    /// <param name="from">Address of the client.</param>
    public void Action(Caller caller, string did, string? on, long? count, string outcome, string? from)
    {
        PosternLog.AuditAction(logger, caller.Name, caller.RoleWord, caller.Way, from, did, on, count, outcome);
        Publish(new AuditEntry(EventType.AuditAction, caller.Name, caller.RoleWord, caller.Way, from, did, on, count, outcome));
    }

    /// <param name="caller">Null when he is not known.</param>
    public void Refused(Caller? caller, string? from, string did, string because)
    {
        long untold;
        lock (_lock)
        {
            _tokens = Math.Min(Burst, _tokens + time.GetElapsedTime(_filled).TotalSeconds);
            _filled = time.GetTimestamp();
            if (_tokens < 1)
            {
                _untold++;
                return;
            }
            _tokens--;
            (untold, _untold) = (_untold, 0);
        }
        PosternLog.AuditRefused(logger, caller?.Name ?? "", caller?.RoleWord, caller?.Way, from, did, because, untold);
        Publish(new AuditEntry(EventType.AuditRefused, caller?.Name ?? "", caller?.RoleWord, caller?.Way, from, did, null, null, because) { Untold = untold });
    }

    public void SignedIn(Caller caller, string? from)
    {
        PosternLog.AuditSignedIn(logger, caller.Name, caller.RoleWord, caller.Way, from);
        Publish(new AuditEntry(EventType.AuditSignedIn, caller.Name, caller.RoleWord, caller.Way, from, "sign-in", null, null, "done"));
    }

    private void Publish(AuditEntry entry)
    {
        if (events() is { } log) entry.Publish(log);
    }
}

/// <summary>What an endpoint did, for the audit log; said by the endpoint, written by <see cref="AccessGate"/> with who it was and the outcome.</summary>
/// <param name="Outcome">Null for what the status of the answer says.</param>
/// <param name="IsNothing">Nothing was done: a preview.</param>
internal sealed record AuditNote(string Did, string? On, long? Count, string? Outcome = null, bool IsNothing = false);

internal static class AuditNotes
{
    /// <summary>Says what a request did. Without it an unsafe request is told with its method and path.</summary>
    public static void Audit(this HttpContext http, string did, string? on = null, long? count = null, string? outcome = null) => http.Audit(new AuditNote(did, on, count, outcome));

    public static void Audit(this HttpContext http, AuditNote note) => http.Features.Set(note);
}
