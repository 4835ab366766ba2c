using System.Net;
using Microsoft.Extensions.Logging;

namespace Postern.Core.Telemetry;

internal static partial class PosternLog
{
    [LoggerMessage(2001, LogLevel.Information, "listening address={Address} tls={Tls} endpoint={EndPoint}")]
    public static partial void Listening(ILogger logger, string address, string tls, EndPoint endPoint);

    [LoggerMessage(2002, LogLevel.Information, "listener closed address={Address}")]
    public static partial void ListenerClosed(ILogger logger, string address);

    [LoggerMessage(2003, LogLevel.Error, "accepting connections fails, trying again each second address={Address} error={Error}")]
    public static partial void AcceptFailing(ILogger logger, string address, string error);

    [LoggerMessage(2004, LogLevel.Information, "accepting connections works again address={Address}")]
    public static partial void AcceptRecovered(ILogger logger, string address);


    [LoggerMessage(2006, LogLevel.Warning, "connections cut off at stop count={Count} grace_s={GraceSeconds}")]
    public static partial void SessionsAborted(ILogger logger, int count, double graceSeconds);

    [LoggerMessage(2010, LogLevel.Information, "message accepted id={Id} from={From} rcpts={Recipients} size={Size} client={Client} tls={Tls} user={User} listener={Listener} ms={Milliseconds:0.0}")]
    public static partial void MessageAccepted(ILogger logger, string id, string from, int recipients, long size, string client, string? tls, string? user, string listener, double milliseconds);

    [LoggerMessage(2011, LogLevel.Information, "submission refused reason={Reason} client={Client} user={User} from={From} to={To} reply={Reply}")]
    public static partial void SubmissionRefused(ILogger logger, string reason, string client, string? user, string from, string? to, string reply);

    [LoggerMessage(2012, LogLevel.Error, "message could not be kept id={Id} client={Client} error={Error}")]
    public static partial void MessageNotKept(ILogger logger, string id, string client, string error);

    [LoggerMessage(2013, LogLevel.Warning, "inline delivery failed, the message is queued destination={Destination} reason={Reason}")]
    public static partial void InlineQueued(ILogger logger, string destination, string reason);

    [LoggerMessage(2014, LogLevel.Information, "message passed through id={Id} from={From} rcpts={Recipients} size={Size} client={Client} tls={Tls} user={User} listener={Listener} ms={Milliseconds:0.0} reply={Reply}")]
    public static partial void MessagePassed(ILogger logger, string id, string from, int recipients, long size, string client, string? tls, string? user, string listener, double milliseconds, string reply);

    [LoggerMessage(2020, LogLevel.Warning, "authentication failed user={User} client={Client} listener={Listener}")]
    public static partial void AuthFailed(ILogger logger, string user, string client, string listener);

    [LoggerMessage(2021, LogLevel.Warning, "authentication throttled user={User} client={Client} listener={Listener}")]
    public static partial void AuthThrottled(ILogger logger, string user, string client, string listener);

    [LoggerMessage(2022, LogLevel.Error, "password hash of a kind that cannot be checked, the user cannot log in user={User} fix={Fix}")]
    public static partial void ForeignPasswordHash(ILogger logger, string user, string fix);

    [LoggerMessage(2030, LogLevel.Debug, "connection refused reason={Reason} client={Client} listener={Listener}")]
    public static partial void ConnectionRefused(ILogger logger, string reason, string client, string listener);

    [LoggerMessage(2031, LogLevel.Warning, "PROXY header refused client={Client} listener={Listener} problem={Problem}")]
    public static partial void ProxyHeaderRefused(ILogger logger, string client, string listener, string problem);

    [LoggerMessage(2032, LogLevel.Debug, "session ended client={Client} listener={Listener} number={Number}")]
    public static partial void SessionEnded(ILogger logger, string client, string listener, long number);

    [LoggerMessage(2033, LogLevel.Error, "session failed, please report it client={Client} listener={Listener}")]
    public static partial void SessionFailed(ILogger logger, string client, string listener, Exception error);

    [LoggerMessage(2040, LogLevel.Information, "certificate loaded file={File} subject={Subject} not_after={NotAfter}")]
    public static partial void CertificateLoaded(ILogger logger, string file, string subject, DateTimeOffset notAfter);

    [LoggerMessage(2041, LogLevel.Error, "new certificate refused, the old one stays in use file={File} error={Error}")]
    public static partial void CertificateRefused(ILogger logger, string file, string error);

    [LoggerMessage(2050, LogLevel.Warning, "pickup file refused file={File} reason={Reason}")]
    public static partial void PickupRefused(ILogger logger, string file, string reason);

    [LoggerMessage(2051, LogLevel.Error, "pickup folder cannot be used, trying again folder={Folder} error={Error}")]
    public static partial void PickupFailing(ILogger logger, string folder, string error);

    [LoggerMessage(2052, LogLevel.Warning, "pickup file has to wait, trying again folder={Folder} file={File} reason={Reason}")]
    public static partial void PickupWaits(ILogger logger, string folder, string file, string reason);
}
