using Microsoft.Extensions.Logging;

namespace Postern.Core.Telemetry;

internal static partial class PosternLog
{
    [LoggerMessage(8001, LogLevel.Warning, "incident opened incident={Incident} upstream={Upstream} cause={Cause} confidence={Confidence:0.00} who={Who} summary={Summary}")]
    public static partial void IncidentOpened(ILogger logger, string incident, string upstream, string cause, double confidence, string who, string summary);

    [LoggerMessage(8002, LogLevel.Information, "incident closed incident={Incident} upstream={Upstream} cause={Cause} lasted_s={LastedSeconds:0} failures={Failures} settled={Settled}")]
    public static partial void IncidentClosed(ILogger logger, string incident, string upstream, string cause, double lastedSeconds, long failures, string settled);

    [LoggerMessage(8003, LogLevel.Warning, "incident looked into incident={Incident} upstream={Upstream} cause={Cause} confidence={Confidence:0.00} before={Before} who={Who} summary={Summary}")]
    public static partial void IncidentRefined(ILogger logger, string incident, string upstream, string cause, double confidence, string? before, string who, string summary);

    [LoggerMessage(8005, LogLevel.Information, "incidents of before go on open={Open} first={First}")]
    public static partial void IncidentsRecalled(ILogger logger, int open, string first);

    [LoggerMessage(8004, LogLevel.Error, "probing failed inside the relay, delivery is not concerned upstream={Upstream}")]
    public static partial void ProbeBroke(ILogger logger, Exception exception, string upstream);
}
