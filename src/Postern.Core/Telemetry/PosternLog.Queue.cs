using Microsoft.Extensions.Logging;
using Postern.Core.Queue;

namespace Postern.Core.Telemetry;

internal static partial class PosternLog
{
    [LoggerMessage(3001, LogLevel.Information, "queue recovered waiting={Waiting} segments={Segments} set_aside={SetAside} took_ms={TookMs}")]
    public static partial void QueueRecovered(ILogger logger, int waiting, int segments, long setAside, long tookMs);

    [LoggerMessage(3002, LogLevel.Error, "set aside what={What} reason={Reason}")]
    public static partial void SetAside(ILogger logger, string what, string reason);

    [LoggerMessage(3003, LogLevel.Warning, "lease lapsed id={Id} destination={Destination} owner={Owner}")]
    public static partial void PartLeaseLapsed(ILogger logger, MessageId id, string destination, string owner);

    [LoggerMessage(3004, LogLevel.Error, "journal cleaning failed error={Error}")]
    public static partial void CleaningFailed(ILogger logger, string error);
}
