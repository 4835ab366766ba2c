using Microsoft.Extensions.Logging;

namespace Postern.Core.Telemetry;

internal static partial class PosternLog
{
    [LoggerMessage(9001, LogLevel.Error, "events could not be written folder={Folder} lost={Lost}")]
    public static partial void EventsLost(ILogger logger, Exception exception, string folder, long lost);

    [LoggerMessage(9002, LogLevel.Warning, "webhook failed webhook={Webhook} event={Event} reason={Reason} again_in_s={WaitSeconds:0}")]
    public static partial void WebhookFailed(ILogger logger, string webhook, long @event, string reason, double waitSeconds);

    [LoggerMessage(9003, LogLevel.Information, "webhook takes events again webhook={Webhook} after_failures={Failures}")]
    public static partial void WebhookRecovered(ILogger logger, string webhook, int failures);

    [LoggerMessage(9004, LogLevel.Error, "webhook was not told of events that are no longer kept (events.keep) webhook={Webhook} missed={Missed}")]
    public static partial void WebhookMissed(ILogger logger, string webhook, long missed);

    [LoggerMessage(9005, LogLevel.Error, "webhook cannot read or note how far it has been told, tried again soon webhook={Webhook}")]
    public static partial void WebhookBroke(ILogger logger, Exception exception, string webhook);
}
