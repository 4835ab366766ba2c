using System.Text.Json;
using Postern.Core.Configuration;
using Postern.Core.Diagnoses;
using Postern.Core.Shaping;
using Postern.Core.Telemetry;
using Postern.Core.Upstreams;
using Postern.Protocols.Smtp;

namespace Postern.Core.Events;

/// <summary>
/// What each event says: one method for each thing that happens, called from where it does. Puts lines into memory and never waits; nothing here is on the way of a message
/// that is delivered. Thread safe.
/// </summary>
/// <param name="log">Null where nobody listens: a test of delivery alone.</param>
internal sealed partial class RelayNews(EventLog? log, PosternMetrics metrics)
{
    /// <summary>Longest text of a peer that is repeated.</summary>
    private const int MaxText = 1000;

    /// <summary>Id of the last event that was told; zero without a log.</summary>
    public long LastId => log?.PublishedId ?? 0;

    public void Started(string version, string hostname, IReadOnlyList<string> listening, long waiting) => log?.Publish(EventType.RelayStarted, hostname, w =>
    {
        w.WriteString("version", version);
        Texts(w, "listening", listening);
        w.WriteNumber("waiting", waiting);
    });

    public void Stopped(string hostname, TimeSpan ran, long waiting) => log?.Publish(EventType.RelayStopped, hostname, w =>
    {
        Seconds(w, "ran_s", ran);
        w.WriteNumber("waiting", waiting);
    });

    /// <param name="source">File, or "environment".</param>
    /// <param name="mistakes">Why it was refused; empty where it is in force.</param>
    public void Reloaded(string source, IReadOnlyList<string> mistakes) => log?.Publish(EventType.ConfigReloaded, source, w =>
    {
        w.WriteString("result", mistakes.Count == 0 ? "applied" : "refused");
        Texts(w, "mistakes", [.. mistakes.Take(20).Select(Cut)]);
    });

    /// <summary>A gate was closed. Told once for each outage, and only where no other way to the upstream is open.</summary>
    public void Gated(UpstreamState upstream, StageFailure failure, DateTimeOffset until)
    {
        if (log is null || upstream.Health.State == GateState.Open || !upstream.TurnDown()) return;
        log.Publish(EventType.UpstreamDown, upstream.Name, w =>
        {
            w.WriteString("upstream", upstream.Name);
            w.WriteString("stage", failure.Stage.Word());
            w.WriteString("reason", Cut(failure.Detail));
            if (failure.Reply is { } reply) w.WriteString("reply", Cut(reply.ToString()));
            w.WriteString("next_try", until);
        });
    }

    /// <summary>A gate was opened.</summary>
    public void Opened(UpstreamState upstream)
    {
        if (log is null || upstream.TurnUp() is not { } down) return;
        log.Publish(EventType.UpstreamUp, upstream.Name, w =>
        {
            w.WriteString("upstream", upstream.Name);
            Seconds(w, "down_s", down);
        });
    }

    public void Learned(Lane lane, LaneLesson lesson) => log?.Publish(EventType.LimitLearned, lane.Name, w =>
    {
        w.WriteString("group", lane.Group);
        if (lane.Egress.Length > 0) w.WriteString("egress", lane.Egress);
        w.WriteString("kind", JsonNamingPolicy.KebabCaseLower.ConvertName(lesson.Kind.ToString()));
        w.WriteNumber("limit", lesson.Limit);
        if (lesson.Window is { } window) Seconds(w, "window_s", window);
        w.WriteString("lesson", Cut(lesson.Words));
    });

    public void Rested(EgressRest rest) => log?.Publish(EventType.EgressRested, rest.Name, w =>
    {
        About(w, rest);
        w.WriteString("reason", Cut(rest.Reason));
        Texts(w, "lists", rest.Lists);
        if (rest.NamedList is { } named) w.WriteString("named_list", named);
        w.WriteString("next_try", rest.Until);
    });

    /// <param name="words">What ended it.</param>
    public void Returned(EgressRest rest, string words, TimeSpan rested) => log?.Publish(EventType.EgressReturned, rest.Name, w =>
    {
        About(w, rest);
        w.WriteString("settled", words);
        Seconds(w, "rested_s", rested);
    });

    /// <param name="type">Opened, refined, acted or closed.</param>
    public void Incident(EventType type, Incident incident)
    {
        if (type == EventType.IncidentOpened) metrics.IncidentsOpened.Add(1, new KeyValuePair<string, object?>("cause", incident.Cause));
        if (type == EventType.IncidentClosed) metrics.IncidentsClosed.Add(1, new KeyValuePair<string, object?>("cause", incident.Cause));
        log?.Publish(type, incident.Upstream, w => IncidentJson.WriteMembers(w, incident));
    }

    private static void About(Utf8JsonWriter w, EgressRest rest)
    {
        w.WriteString("upstream", rest.At);
        if (rest.Egress.Length > 0) w.WriteString("egress", rest.Egress);
        if (rest.Address is { } address) w.WriteString("address", address.ToString());
    }

    private static string Cut(string text) => text.Length <= MaxText ? text : text[..(MaxText - 1)] + "…";

    private static void Seconds(Utf8JsonWriter w, string name, TimeSpan span) => w.WriteNumber(name, Math.Round(span.TotalSeconds, 1));

    private static void Texts(Utf8JsonWriter w, string name, IReadOnlyList<string> texts)
    {
        w.WriteStartArray(name);
        foreach (string text in texts) w.WriteStringValue(text);
        w.WriteEndArray();
    }
}
