using System.Text.Json;
using Postern.Access;

namespace Postern.Api;

/// <summary>The part of the API about upstreams and our own addresses: health, limits, rests, warm-ups.</summary>
internal sealed class ShapingEndpoints(RelayView relay)
{
    private const int MaxRequestBytes = 4 * 1024;

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v1/upstreams", (RequestDelegate)(http => Endpoints.Json(http, new UpstreamsContract(relay.Upstreams()) { Groups = relay.Shaping()?.Groups() ?? [] }, ApiJson.Default.UpstreamsContract))).Needs(ApiRole.Read);
        routes.MapGet("/api/v1/egress", (RequestDelegate)(http => Endpoints.Json(http, new EgressesContract(relay.Shaping()?.Egress() ?? []), ApiJson.Default.EgressesContract))).Needs(ApiRole.Read);
        routes.MapPost("/api/v1/upstreams/reset", (RequestDelegate)Reset).Needs(ApiRole.Operate);
    }

    private async Task Reset(HttpContext http)
    {
        // JSON only, as for the queue: no web page elsewhere can send it unasked.
        if (http.Request.ContentLength > MaxRequestBytes || !http.Request.HasJsonContentType())
        {
            await Problem(http, 415, "expected a JSON body of at most 4 KiB", "send {\"name\":\"…\"} with Content-Type: application/json");
            return;
        }
        ResetContract? request;
        try
        {
            request = await JsonSerializer.DeserializeAsync(http.Request.Body, ApiJson.Default.ResetContract, http.RequestAborted);
        }
        catch (JsonException e)
        {
            await Problem(http, 400, $"the body is not as expected: {e.Message}", "send {\"name\":\"…\"}");
            return;
        }
        if (request is not { Name: { Length: > 0 } name }) await Problem(http, 400, "no upstream named", "send {\"name\":\"…\"}; 'postern upstreams' shows the names");
        else if (relay.Shaping() is not { } shaping) await Problem(http, 503, "the relay is starting", "try again in a moment");
        else if (shaping.Reset(name) is { } result)
        {
            http.Audit("upstreams.reset", name);
            await Endpoints.Json(http, result, ApiJson.Default.ResetResultContract);
        }
        else await Problem(http, 404, $"nothing is known of an upstream {name}", "'postern upstreams --all' shows the names: of upstreams, providers and MX hosts that mail was sent to");
    }

    private static Task Problem(HttpContext http, int status, string error, string mend) => Endpoints.Json(http, new ProblemContract(error, mend), ApiJson.Default.ProblemContract, status);
}
