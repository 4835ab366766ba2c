using Microsoft.Extensions.Logging;

namespace Postern.Core.Telemetry;

internal static partial class PosternLog
{
    [LoggerMessage(1901, LogLevel.Warning, "the dashboard could not look at the relay, its pages show what was seen last")]
    public static partial void DashboardBlind(ILogger logger, Exception exception);
}
