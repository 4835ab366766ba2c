using Microsoft.Extensions.Logging;

namespace Postern.Core.Telemetry;

internal static partial class PosternLog
{
    [LoggerMessage(1030, LogLevel.Warning, "state file damaged and set aside, it is begun anew what={What} file={File} reason={Reason}")]
    public static partial void StateSetAside(ILogger logger, string what, string file, string reason);

    [LoggerMessage(1031, LogLevel.Warning, "state not written, tried again soon what={What} reason={Reason}")]
    public static partial void StateNotKept(ILogger logger, string what, string reason);
}
