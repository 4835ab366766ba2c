using System.Diagnostics;
using Postern.Diagnosis.Causes;
using Postern.Protocols.Smtp;

namespace Postern.Core.Telemetry;

/// <summary>What the span of one attempt says. Names are those of OpenTelemetry's semantic conventions where they have one, else ours with the words of logs and metrics.</summary>
/// <param name="Parent">The message's traceparent.</param>
/// <param name="Target">host[address]:port, or the domain of one that could not be planned.</param>
internal readonly record struct AttemptTrace(string Parent, string Id, string Destination, string Upstream, string Target, DateTimeOffset Start, DateTimeOffset End, string Outcome, ClientStage Stage)
{
    public int Delivered { get; init; }
    public int Deferred { get; init; }
    public int Refused { get; init; }
    public bool IsReused { get; init; }
    public string? Tls { get; init; }
    public StageFailure? Failure { get; init; }
    public DiagnosisReport? Diagnosis { get; init; }

    /// <summary>The span, for the caller to end; null where it is not traced.</summary>
    public Activity? Begin()
    {
        if (!ActivityContext.TryParse(Parent, null, isRemote: true, out var parent)) return null;
        if (PosternTraces.Begin("attempt", ActivityKind.Client, parent, Start) is not { } span) return null;
        span.SetTag("messaging.message.id", Id);
        span.SetTag("postern.destination", Destination);
        span.SetTag("postern.upstream", Upstream);
        span.SetTag("postern.target", Target);
        span.SetTag("postern.outcome", Outcome);
        span.SetTag("postern.stage", Stage.Word());
        span.SetTag("postern.recipients.delivered", Delivered);
        span.SetTag("postern.recipients.deferred", Deferred);
        span.SetTag("postern.recipients.refused", Refused);
        span.SetTag("postern.session.reused", IsReused);
        if (Tls is not null) span.SetTag("tls.protocol.version", Tls);
        if (Failure is not null) Say(span, Failure);
        if (Diagnosis is not null) Say(span, Diagnosis);
        return span;
    }

    private static void Say(Activity span, StageFailure failure)
    {
        if (failure.Reply is { } reply)
        {
            span.SetTag("postern.reply.code", reply.Code);
            if (reply.Enhanced is { } enhanced) span.SetTag("postern.reply.enhanced", enhanced.ToString());
        }
        // A peer's own words are shown where mail is looked at, not sent to whatever takes traces.
        span.SetStatus(ActivityStatusCode.Error, $"{failure.Stage.Word()}: {failure.Kind}");
    }

    private void Say(Activity span, DiagnosisReport report)
    {
        span.SetTag("postern.cause", report.Verdict.Cause);
        span.SetTag("postern.confidence", Math.Round(report.Verdict.Confidence, 2));
        span.SetTag("error.type", report.Verdict.Cause);
        span.AddEvent(new ActivityEvent("diagnosis", End, new ActivityTagsCollection
        {
            ["postern.cause"] = report.Verdict.Cause,
            ["postern.summary"] = report.Verdict.Summary,
            ["postern.fix"] = report.Verdict.Fix,
            ["postern.who"] = report.Verdict.Who.ToString(),
        }));
    }
}
