using Microsoft.Extensions.Logging;

namespace Postern.Core.Telemetry;

internal static partial class PosternLog
{
    [LoggerMessage(4003, LogLevel.Warning, "limit learned lane={Lane} lesson={Lesson}")]
    public static partial void LimitLearned(ILogger logger, string lane, string lesson);

    [LoggerMessage(4004, LogLevel.Warning, "learned limits set aside, they are learned anew file={File} reason={Reason}")]
    public static partial void LimitsSetAside(ILogger logger, string file, string reason);

    [LoggerMessage(4005, LogLevel.Warning, "learned limits not written, tried again soon reason={Reason}")]
    public static partial void LimitsNotKept(ILogger logger, string reason);
}
