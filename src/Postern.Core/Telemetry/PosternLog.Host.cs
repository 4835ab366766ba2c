using Microsoft.Extensions.Logging;

namespace Postern.Core.Telemetry;

internal static partial class PosternLog
{
    [LoggerMessage(1001, LogLevel.Information, "relay started version={Version} hostname={Hostname} listening={Listening} http={Http} data={Data} waiting={Waiting} start_ms={StartMs}")]
    public static partial void RelayStarted(ILogger logger, string version, string hostname, string listening, string? http, string data, long waiting, long startMs);

    [LoggerMessage(1002, LogLevel.Information, "stopping signal={Signal} grace_s={GraceSeconds}")]
    public static partial void Stopping(ILogger logger, string signal, double graceSeconds);

    [LoggerMessage(1003, LogLevel.Information, "relay stopped waiting={Waiting} took_ms={TookMs}")]
    public static partial void RelayStopped(ILogger logger, long waiting, long tookMs);

    [LoggerMessage(1004, LogLevel.Error, "stop took too long and is abandoned, the queue is safe after_s={AfterSeconds}")]
    public static partial void StopTimedOut(ILogger logger, double afterSeconds);

    [LoggerMessage(1005, LogLevel.Error, "scheduler or store do not answer, the service manager will start the relay anew if that lasts waited_s={WaitedSeconds} watchdog_s={WatchdogSeconds}")]
    public static partial void PulseMissed(ILogger logger, double waitedSeconds, double watchdogSeconds);

    [LoggerMessage(1006, LogLevel.Information, "stopped before the start was over signal={Signal}")]
    public static partial void StartGivenUp(ILogger logger, string signal);

    [LoggerMessage(1010, LogLevel.Information, "configuration applied file={File}")]
    public static partial void ConfigApplied(ILogger logger, string file);

    [LoggerMessage(1011, LogLevel.Error, "configuration refused, the old one runs on file={File} errors={Errors}")]
    public static partial void ConfigRefused(ILogger logger, string file, int errors);

    [LoggerMessage(1012, LogLevel.Error, "configuration mistake error={Error}")]
    public static partial void ConfigMistake(ILogger logger, string error);

    [LoggerMessage(1013, LogLevel.Warning, "configuration warning about={About}")]
    public static partial void ConfigWarning(ILogger logger, string about);

    [LoggerMessage(1020, LogLevel.Information, "arrived at the demonstration's upstream number={Number} from={From} to={To} size={Size} subject={Subject}")]
    public static partial void DemoArrived(ILogger logger, long number, string from, string to, long size, string subject);

    [LoggerMessage(1040, LogLevel.Warning, "telemetry could not be sent, what it was is dropped detail={Detail}")]
    public static partial void ExportFailed(ILogger logger, string detail);

    [LoggerMessage(1060, LogLevel.Error, "http request failed method={Method} path={Path}")]
    public static partial void RequestFailed(ILogger logger, string method, string path, Exception error);
}
