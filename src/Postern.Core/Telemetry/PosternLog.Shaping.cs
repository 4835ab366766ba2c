using Microsoft.Extensions.Logging;

namespace Postern.Core.Telemetry;

internal static partial class PosternLog
{
    [LoggerMessage(4007, LogLevel.Warning, "limit learned lane={Lane} lesson={Lesson}")]
    public static partial void LimitLearned(ILogger logger, string lane, string lesson);
}
