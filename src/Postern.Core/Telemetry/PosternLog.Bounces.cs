using Microsoft.Extensions.Logging;
using Postern.Core.Bounces;
using Postern.Core.Queue;

namespace Postern.Core.Telemetry;

internal static partial class PosternLog
{
    [LoggerMessage(6001, LogLevel.Information, "notification suppressed id={Id} kind={Kind} why={Why}")]
    public static partial void NotificationSuppressed(ILogger logger, MessageId id, DsnKind kind, DsnSuppression why);
}
