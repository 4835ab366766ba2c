using System.Globalization;
using Postern.Core.Events;

namespace Postern.Api;

/// <summary>The part of the API that tells what happened: events, page by page or as they come, and how far webhooks have been told.</summary>
internal sealed class EventEndpoints(RelayView relay, TimeProvider time)
{
    private const string Example = """{"id":4711,"type":"incident.opened","at":"2026-01-02T03:04:05.678Z","relay":"relay.example.net","subject":"provider","data":{}}""";

    private readonly EventStream _stream = new(time);

    public void Map(IEndpointRouteBuilder routes)
    {
        ApiParameter after = new("after", "Only those behind the event with this id.", Example: "4711"), type = new("type", "Types and families, separated by commas.", Example: "incident.*,message.bounced");
        ApiParameter since = new("since", "Only those of this age or after this time.", Example: "2h");
        routes.MapGet("/api/v1/events", (RequestDelegate)Events).Needs(ApiRole.Read)
            .Describe("listEvents", "Events", "What happened", "From the event log, oldest first.")
            .Takes(after, since, type, new ApiParameter("latest", "The last so many.", "integer", "20") { Least = 1, Most = EventQuery.MostAtOnce }, new ApiParameter("limit", "Events at most; 100 without it.", "integer", "100") { Least = 1, Most = EventQuery.MostAtOnce })
            .Gives<EventsContract>("A page.", $$"""{"events":[{{Example}}],"last":4711}""")
            .Refuses(ProblemKind.InvalidParameter, ProblemKind.Starting);
        routes.MapGet("/api/v1/events/stream", (RequestDelegate)Stream).Needs(ApiRole.Read)
            .Describe("streamEvents", "Events", "What happens, as it happens", "Server-sent events: 'id' is the event's id, 'event' its type, 'data' the event as /api/v1/events gives it, in one line. Comment lines come every 15 seconds when nothing else does. A reader that was cut off sends Last-Event-ID and misses nothing that the log still has. 32 readers at once; one that takes nothing for 10 seconds is dropped.")
            .Takes(after, type, new ApiParameter("Last-Event-ID", "As 'after', and before it: what a reader sends that comes back.", Example: "4711", In: ApiPlace.Header))
            .GivesText("text/event-stream", "Events, without an end.", $"id: 4711\nevent: incident.opened\ndata: {Example}\n\n")
            .Refuses(ProblemKind.InvalidParameter, ProblemKind.Busy, ProblemKind.Starting);
        routes.MapGet("/api/v1/webhooks", (RequestDelegate)(http => Answers.Json(http, new WebhooksContract(relay.Insight()?.Webhooks() ?? []), ApiJson.Default.WebhooksContract))).Needs(ApiRole.Read)
            .Describe("listWebhooks", "Events", "How far each webhook has been told", "Since when it fails, why, and when it is tried again.")
            .Gives<WebhooksContract>("The webhooks that are switched on.", ApiExamples.Webhooks);
    }

    private async Task Events(HttpContext http)
    {
        if (await ReadAsync(http) is not var (log, query)) return;
        var page = EventSearch.Find(log.Folder, log.LastId, query);
        await Answers.Json(http, EventText.Contract(page), ApiJson.Default.EventsContract);
    }

    private async Task Stream(HttpContext http)
    {
        if (await ReadAsync(http) is not var (log, query)) return;
        // The header is newer than the address: it is what a reader sends that comes back.
        if (http.Request.Headers["Last-Event-ID"] is [{ } last, ..] && long.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out long id)) query = query with { After = id };
        if (!await _stream.RunAsync(http, log, query)) await Answers.Problem(http, ProblemKind.Busy, $"{EventStream.MaxReaders} others are following already", "close some of them, or ask for /api/v1/events?after= now and then");
    }

    /// <summary>Null when the request has been answered already.</summary>
    private async Task<(EventLog Log, EventQuery Query)?> ReadAsync(HttpContext http)
    {
        if (relay.Insight()?.Events is not { } log)
        {
            await Answers.Problem(http, Problems.Starting);
            return null;
        }
        if (EventText.ReadQuery(http.Query, time.GetUtcNow(), out var problem) is { } query) return (log, query);
        await Answers.Problem(http, problem!);
        return null;
    }
}
