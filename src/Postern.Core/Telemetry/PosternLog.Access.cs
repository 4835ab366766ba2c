using Microsoft.Extensions.Logging;

namespace Postern.Core.Telemetry;

internal static partial class PosternLog
{
    [LoggerMessage(1050, LogLevel.Information, "audit: action who={Who} role={Role} way={Way} from={From} did={Did} on={On} count={Count} outcome={Outcome}")]
    public static partial void AuditAction(ILogger logger, string who, string? role, string? way, string? from, string did, string? on, long? count, string outcome);

    [LoggerMessage(1051, LogLevel.Warning, "audit: refused who={Who} role={Role} way={Way} from={From} did={Did} because={Because} untold={Untold}")]
    public static partial void AuditRefused(ILogger logger, string who, string? role, string? way, string? from, string did, string because, long untold);

    [LoggerMessage(1052, LogLevel.Information, "audit: signed in who={Who} role={Role} way={Way} from={From}")]
    public static partial void AuditSignedIn(ILogger logger, string who, string? role, string? way, string? from);

    [LoggerMessage(1053, LogLevel.Error, "a route has no role and is refused, please report it route={Route}")]
    public static partial void RouteWithoutRole(ILogger logger, string route);
}
