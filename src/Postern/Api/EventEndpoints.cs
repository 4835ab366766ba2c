using System.Globalization;
using Postern.Core.Events;

namespace Postern.Api;

/// <summary>The part of the API that tells what happened: events, page by page or as they come, and how far webhooks have been told.</summary>
internal sealed class EventEndpoints(RelayView relay, TimeProvider time)
{
    private readonly EventStream _stream = new(time);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v1/events", (RequestDelegate)Events).Needs(ApiRole.Read);
        routes.MapGet("/api/v1/events/stream", (RequestDelegate)Stream).Needs(ApiRole.Read);
        routes.MapGet("/api/v1/webhooks", (RequestDelegate)(http => Endpoints.Json(http, new WebhooksContract(relay.Insight()?.Webhooks() ?? []), ApiJson.Default.WebhooksContract))).Needs(ApiRole.Read);
    }

    private async Task Events(HttpContext http)
    {
        if (await ReadAsync(http) is not var (log, query)) return;
        var page = EventSearch.Find(log.Folder, log.LastId, query);
        await Endpoints.Json(http, EventText.Contract(page), ApiJson.Default.EventsContract);
    }

    private async Task Stream(HttpContext http)
    {
        if (await ReadAsync(http) is not var (log, query)) return;
        // The header is newer than the address: it is what a reader sends that comes back.
        if (http.Request.Headers["Last-Event-ID"] is [{ } last, ..] && long.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out long id)) query = query with { After = id };
        if (!await _stream.RunAsync(http, log, query)) await Problem(http, 503, $"{EventStream.MaxReaders} others are following already", "close some of them, or ask for /api/v1/events?after= now and then");
    }

    /// <summary>Null when the request has been answered already.</summary>
    private async Task<(EventLog Log, EventQuery Query)?> ReadAsync(HttpContext http)
    {
        if (relay.Insight()?.Events is not { } log)
        {
            await Problem(http, 503, "the relay is starting", "try again in a moment");
            return null;
        }
        if (EventText.ReadQuery(name => http.Request.Query[name] is [{ Length: > 0 } value, ..] ? value : null, time.GetUtcNow(), out var problem) is { } query) return (log, query);
        await Endpoints.Json(http, problem!, ApiJson.Default.ProblemContract, 400);
        return null;
    }

    private static Task Problem(HttpContext http, int status, string error, string mend) => Endpoints.Json(http, new ProblemContract(error, mend), ApiJson.Default.ProblemContract, status);
}
