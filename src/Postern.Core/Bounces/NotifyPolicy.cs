using Postern.Protocols.Smtp;

namespace Postern.Core.Bounces;

/// <summary>Who is to hear of what: NOTIFY of RCPT as a table (RFC 3461 sections 4.1 and 5.2).</summary>
public static class NotifyPolicy
{
    /// <summary>True when the sender wants to hear of it. Without NOTIFY: failures, and delays as every relay tells them; never success.</summary>
    public static bool Wants(DsnKind kind, DsnNotify notify) => kind switch
    {
        _ when notify.HasFlag(DsnNotify.Never) => false,
        DsnKind.Failure => notify == DsnNotify.Unspecified || notify.HasFlag(DsnNotify.Failure),
        DsnKind.Delay => notify == DsnNotify.Unspecified || notify.HasFlag(DsnNotify.Delay),
        _ => notify.HasFlag(DsnNotify.Success),
    };
}
