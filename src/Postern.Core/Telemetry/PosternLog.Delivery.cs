using System.Net;
using Microsoft.Extensions.Logging;
using Postern.Core.Queue;

namespace Postern.Core.Telemetry;

internal static partial class PosternLog
{
    [LoggerMessage(4001, LogLevel.Warning, "upstream unreachable upstream={Upstream} stage={Stage} next_try={NextTry} detail={Detail}")]
    public static partial void UpstreamGated(ILogger logger, string upstream, string stage, DateTimeOffset nextTry, string detail);

    [LoggerMessage(4002, LogLevel.Information, "upstream reachable again upstream={Upstream}")]
    public static partial void UpstreamOpened(ILogger logger, string upstream);

    [LoggerMessage(4003, LogLevel.Warning, "our address is turned away and rests there upstream={Group} egress={Egress} address={Address} lists={Lists} next_try={NextTry} detail={Detail}")]
    public static partial void EgressRested(ILogger logger, string group, string egress, IPAddress? address, string lists, DateTimeOffset nextTry, string detail);

    [LoggerMessage(4004, LogLevel.Information, "our address is used there again upstream={Group} egress={Egress} address={Address} because={Because} rested={Rested}")]
    public static partial void EgressReturned(ILogger logger, string group, string egress, IPAddress? address, string because, TimeSpan rested);

    [LoggerMessage(4005, LogLevel.Warning, "upstream put out of its turn upstream={Upstream} until={Until} times={Times} detail={Detail}")]
    public static partial void MemberEjected(ILogger logger, string upstream, DateTimeOffset until, int times, string detail);

    [LoggerMessage(4006, LogLevel.Error, "asking the blocklists broke inside the relay address={Address}")]
    public static partial void RestLookBroke(ILogger logger, Exception exception, IPAddress address);

    [LoggerMessage(5001, LogLevel.Information, "attempt id={Id} destination={Destination} upstream={Upstream} target={Target} outcome={Outcome} rcpt={Recipients} stage={Stage} reply={Reply} cause={Cause} confidence={Confidence} ms={Ms} bytes={Bytes} tls={Tls} reused={Reused}", SkipEnabledCheck = true)]
    public static partial void Attempted(ILogger logger, MessageId id, string destination, string upstream, string target, string outcome, string recipients, string stage, string reply, string? cause, double? confidence, long ms, long bytes, string tls, bool reused);

    [LoggerMessage(5002, LogLevel.Warning, "lease lapsed before the attempt was settled, the message is tried again id={Id} destination={Destination}")]
    public static partial void LeaseLapsed(ILogger logger, MessageId id, string destination);

    [LoggerMessage(5003, LogLevel.Error, "delivery failed inside the relay, the message waits id={Id} destination={Destination}")]
    public static partial void DeliveryBroke(ILogger logger, Exception exception, string id, string destination);

    [LoggerMessage(5004, LogLevel.Information, "message rerouted id={Id} from={From} to={To}")]
    public static partial void Rerouted(ILogger logger, MessageId id, string from, string to);
}
