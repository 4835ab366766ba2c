using Microsoft.Extensions.Logging;

namespace Postern.Core.Telemetry;

internal static partial class PosternLog
{
    [LoggerMessage(4020, LogLevel.Information, "warm-up day begins egress={Egress} upstream={Group} day={Day} of={Days} allowed={Allowed} because={Because}")]
    public static partial void WarmUpDay(ILogger logger, string egress, string group, int day, int days, int allowed, string because);

    [LoggerMessage(4021, LogLevel.Information, "warm-up day is used up, more mail leaves from other addresses or waits egress={Egress} upstream={Group} day={Day} of={Days} taken={Taken} until={Until}")]
    public static partial void WarmUpUsedUp(ILogger logger, string egress, string group, int day, int days, int taken, DateTimeOffset until);

    [LoggerMessage(4022, LogLevel.Information, "warm-up done there, no plan holds the address back any more egress={Egress} upstream={Group} days={Days} taken={Taken}")]
    public static partial void WarmUpDone(ILogger logger, string egress, string group, int days, int taken);

    [LoggerMessage(4023, LogLevel.Information, "address is warm, no further plan begins; warm_up can be removed from it egress={Egress} upstream={Group} began={Began}")]
    public static partial void WarmUpAddressDone(ILogger logger, string egress, string group, DateOnly began);

    [LoggerMessage(4024, LogLevel.Information, "learned limits and rests forgotten as asked upstream={Upstream} limits={Limits} rests={Rests}")]
    public static partial void UpstreamReset(ILogger logger, string upstream, int limits, int rests);
}
