using System.Diagnostics;
using Postern.Core.Submission;
using Postern.Protocols.Smtp;

namespace Postern.Core.Telemetry;

/// <summary>What the span of an acceptance says, and its end. No addresses of people: those are in the log.</summary>
internal static class AcceptTrace
{
    /// <param name="said">The upstream's reply to a message passed through; null for one that is kept.</param>
    public static void Accepted(Activity span, string id, long size, SubmissionTransaction transaction, SessionContext session, SmtpReply? said, DateTimeOffset at)
    {
        span.SetTag("messaging.message.id", id);
        span.SetTag("messaging.message.body.size", size);
        span.SetTag("client.address", transaction.Client(session));
        span.SetTag("postern.listener", session.Listener);
        span.SetTag("postern.mode", said is null ? "queue" : "inline");
        span.SetTag("postern.recipients", transaction.Recipients.Count);
        if (session.User is not null) span.SetTag("user.name", session.User);
        if (session.Tls is { } tls) span.SetTag("tls.protocol.version", tls.Protocol);
        if (said is not null) span.SetTag("postern.reply.code", said.Code);
        PosternTraces.End(span, at);
    }

    public static void Refused(Activity span, string id, string reason, SmtpReply reply, DateTimeOffset at)
    {
        span.SetTag("messaging.message.id", id);
        span.SetTag("postern.reply.code", reply.Code);
        span.SetTag("error.type", reason);
        span.SetStatus(ActivityStatusCode.Error, reason);
        PosternTraces.End(span, at);
    }

    /// <summary>The client went away, or broke a rule, before the message was whole.</summary>
    public static void Broken(Activity span, string id, DateTimeOffset at)
    {
        span.SetTag("messaging.message.id", id);
        span.SetTag("error.type", "abandoned");
        span.SetStatus(ActivityStatusCode.Error, "abandoned");
        PosternTraces.End(span, at);
    }
}
